"""The Evaluate page of the whole window, with workers whose result depends on the seed."""

import os
import signal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from mile_desktop.rollout.messages import LoadSession
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.records import PolicyRecord
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.evaluate.model import EvaluationOrder
from mile_desktop.ui.evaluate.page import EvaluatePage
from tests.evaluation import pool_children as children
from tests.ui.application.conftest import OpenWindow
from tests.ui.application.live_window import LiveWindow
from tests.ui.ui_children import worker

PEG = "peg-insertion"


def a_policy(policy_id: str, name: str, parent: str | None = None) -> PolicyRecord:
    return PolicyRecord(policy_id, PEG, name, "mile", parent, None, f"2026-11-2{name[1]}T08:00:00+00:00", {}, ())


@pytest.fixture(scope="module")
def started(open_window: OpenWindow, tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("evaluating")
    plan = LoadSession(workspace=str(folder / "workspace"), scene=PEG, policy="p1")
    started = open_window(folder, plan, worker, evaluation_worker=children.worker)
    for record in (a_policy("p0", "v0"), a_policy("p1", "v1", "p0")):
        started.workspace.catalogue.add_policy(record)
    started.until(lambda: started.application.worker.session is not None)
    started.application.refresh_policies()
    return started


@pytest.fixture
def page(started: LiveWindow) -> EvaluatePage:
    started.forget()
    started.window.show_page("evaluate")
    return started.evaluate.page


def order(*policies: str, first: int, starts: int, known: bool = True) -> EvaluationOrder:
    return EvaluationOrder(PEG, policies, starts, first, workers=1, reuse_results=known)


def test_the_policies_of_the_scene_can_be_ticked(started: LiveWindow, page: EvaluatePage) -> None:
    # the second v0 ships with the program
    assert [label.split(" ")[0] for label in started.evaluate.offered] == [
        "v1",
        "v0",
        "v0",
        "Scripted",
    ]
    assert page.setup.ticked
    page.setup.tick([])
    assert not started.evaluate.can_start


def test_an_evaluation_is_shown_stored_and_compared(started: LiveWindow, page: EvaluatePage) -> None:
    started.window.show_page("evaluate")
    started.parts.evaluate.start(order("p1", "p0", first=20, starts=5))
    assert started.parts.evaluate.running
    assert not started.evaluate.can_start
    started.until(lambda: not started.parts.evaluate.running)
    assert started.evaluate.rates == {"v1": "60 % [23–88]", "v0": "60 % [23–88]"}
    assert started.said("v1 3 of 5", level="success")
    records = started.workspace.catalogue.evaluations(scene=PEG)
    assert [(record.policy_id, record.successes, record.steps) for record in records] == [
        ("p1", 3, (20, 21, 22, 23, 24)),
        ("p0", 3, (20, 21, 22, 23, 24)),
    ]
    assert "equally often" in page.results.comparison_text()
    assert "p = 1" in page.results.comparison_text()
    assert started.evaluate.past_count == 2
    page.show_episodes_of("")
    assert len(started.evaluate.episodes) == 10


def test_earlier_results_are_reused(started: LiveWindow, page: EvaluatePage) -> None:
    before = started.workspace.catalogue.evaluations(scene=PEG)
    started.parts.evaluate.start(order("p1", first=20, starts=4))
    started.until(lambda: not started.parts.evaluate.running)
    assert started.evaluate.rates == {"v1": "50 % [15–85]"}
    assert started.workspace.catalogue.evaluations(scene=PEG) == before


def test_a_cancelled_evaluation_keeps_what_was_finished_and_continues(started: LiveWindow, page: EvaluatePage) -> None:
    evaluating, catalogue = started.parts.evaluate, started.workspace.catalogue
    evaluating.start(order("p0", first=children.NEVER_ENDS, starts=1))
    started.until(lambda: started.evaluate.has_running_episode)
    started.evaluate.press_cancel()
    assert started.said("cancelled before an episode had ended")
    before = catalogue.evaluations(scene=PEG)
    evaluating.start(order("p0", first=1000, starts=2000, known=False))
    started.until(lambda: evaluating._run is not None and evaluating._run.done >= 2)
    started.evaluate.press_cancel()
    assert not evaluating.running
    assert started.evaluate.can_start
    (kept,) = [each for each in catalogue.evaluations(scene=PEG) if each not in before]
    finished = len(kept.seeds)
    assert 2 <= finished < 2000
    assert kept.seeds == tuple(range(1000, 1000 + finished))
    assert started.said(f"{finished} finished episodes are stored; {2000 - finished} are left.")
    started.window.messages.run_newest()
    assert evaluating.running
    assert evaluating._run is not None
    assert evaluating._run.done >= finished
    evaluating.cancel()
    seeds = [seed for each in catalogue.evaluations(scene=PEG) if each not in before for seed in each.seeds]
    assert len(seeds) == len(set(seeds)), "no start was run twice"


def test_a_killed_worker_is_reported_and_the_evaluation_continues(started: LiveWindow, page: EvaluatePage) -> None:
    evaluating = started.parts.evaluate
    evaluating.start(order("p0", first=children.NEVER_ENDS, starts=1, known=False))
    started.until(lambda: started.evaluate.has_running_episode)
    os.kill(started.evaluate.worker_pid, signal.SIGKILL)
    started.until(lambda: started.said("SIGKILL", "run again") is not None)
    started.until(lambda: started.evaluate.has_running_episode)
    evaluating.cancel()


def test_errors_are_counted_separately(started: LiveWindow, page: EvaluatePage) -> None:
    started.parts.evaluate.start(order("p0", first=children.BREAKS_DOWN, starts=2))
    started.until(lambda: not started.parts.evaluate.running)
    (row,) = started.evaluate.results
    assert (row.tally.successes, row.tally.episodes, row.tally.crashes) == (1, 1, 1)
    page.show_episodes_of("")
    crash = next(row for row in started.evaluate.episodes if row.state == "crash")
    assert "joint 3" in crash.reason
    assert started.said("1 ended in an error")


def test_a_running_episode_is_watched_and_a_finished_one_run_again(started: LiveWindow, page: EvaluatePage) -> None:
    evaluating = started.parts.evaluate
    evaluating.start(order("p0", first=children.NEVER_ENDS, starts=1, known=False))
    page.show_episodes_of("p0")
    started.until(lambda: any(row.state == "running" for row in started.evaluate.episodes))
    assert page.episodes.table.choose(lambda row: row.state == "running")
    started.evaluate.press_watch()
    started.until(lambda: "step 1" in page.episodes.view.text)
    evaluating.cancel()
    started.until(lambda: not started.evaluate.is_watching)
    evaluating.start(order("p0", first=20, starts=1))
    started.until(lambda: not evaluating.running)
    page.show_episodes_of("p0")
    assert page.episodes.table.choose(lambda row: row.seed == 20)
    started.evaluate.press_watch()
    started.until(lambda: "success after 20 steps" in page.episodes.view.text)
    assert not started.evaluate.can_stop_watching


def test_two_policies_on_one_seed_are_paused_stepped_and_dragged(started: LiveWindow, page: EvaluatePage) -> None:
    evaluating, watching = started.parts.evaluate, started.parts.evaluate._watch_controller
    evaluating.start(order("p0", "p1", first=40, starts=1, known=False))
    started.until(lambda: not evaluating.running)
    page.show_episodes_of("p0")
    assert page.episodes.table.choose(lambda row: row.seed == 40)
    page.episodes._beside.setCurrentText("Beside: v1")
    started.evaluate.press_watch()
    started.until(lambda: not watching.busy)
    scrub, beside = page.episodes.scrub, page.episodes.beside_view
    assert beside.isVisible()
    assert scrub._position.text() == "step 39 / 39"
    scrub._slider.setValue(10)
    assert page.episodes.view.text.endswith("v0 · step 10")
    assert beside.text == "v1 · step 10"
    QTest.mouseClick(scrub._back, Qt.MouseButton.LeftButton)
    assert watching.playback.row == 9
    QTest.mouseClick(scrub._play, Qt.MouseButton.LeftButton)
    started.until(lambda: watching.playback.row > 12)
    QTest.mouseClick(scrub._play, Qt.MouseButton.LeftButton)
    assert not watching.playback.playing
    scrub._slider.setValue(39)
    assert beside.text == "v1 · ✓ success after 40 steps"
    page.episodes._beside.setCurrentIndex(0)


def test_earlier_evaluations_can_be_shown_together(started: LiveWindow, page: EvaluatePage) -> None:
    started.evaluate.press_show_together()
    assert set(started.evaluate.rates) == {"v0", "v1"}
    started.evaluate.search_history("v1")
    assert started.evaluate.past_policies == {"v1"}
    started.evaluate.search_history("")


def test_closing_asks_while_an_evaluation_runs(
    started: LiveWindow, page: EvaluatePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def stay(box: QMessageBox) -> None:
        asked.append(box.informativeText())
        box.reject()

    monkeypatch.setattr(QMessageBox, "exec", stay)
    started.store.change(warn_on_close=False)
    closing = started.parts
    assert closing.may_close()
    started.parts.evaluate.start(order("p0", first=children.NEVER_ENDS, starts=1, known=False))
    assert not closing.may_close()
    assert "finished episodes are stored and used again" in asked[0]
    started.parts.evaluate.cancel()
    assert closing.may_close()


def test_a_key_pressed_twice_cancels_nothing(
    started: LiveWindow, page: EvaluatePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mile_desktop.ui.evaluate.controller._TWICE_S", 60.0)  # however busy the machine is
    page.setup.tick(["p0"], episodes=3)
    for _ in range(2):
        QTest.keyClick(started.handle, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    started.until(lambda: started.said("Evaluated"))
    assert not started.said("cancelled")


def test_the_page_works_by_keys_alone(started: LiveWindow, page: EvaluatePage) -> None:
    started.window.show_page("supervise")
    QTest.keyClick(started.handle, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    started.until(lambda: started.window.page == "evaluate")
    page.setup.tick(["p1"], episodes=2)
    QTest.keyClick(started.handle, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    started.until(lambda: started.parts.evaluate.running or started.said("Evaluated") is not None)
    started.until(lambda: not started.parts.evaluate.running)


def test_an_evaluation_that_the_closing_window_ends_keeps_what_was_finished(
    open_window: OpenWindow, tmp_path: Path
) -> None:
    plan = LoadSession(workspace=str(tmp_path / "workspace"), scene=PEG, policy="p0")
    own = open_window(tmp_path, plan, worker, evaluation_worker=children.worker)
    own.workspace.catalogue.add_policy(a_policy("p0", "v0"))
    own.until(lambda: own.application.worker.session is not None)
    own.application.refresh_policies()
    own.window.show_page("evaluate")
    evaluating = own.parts.evaluate
    evaluating.start(order("p0", first=1000, starts=2000, known=False))
    own.until(lambda: evaluating._run is not None and evaluating._run.done >= 2)
    own.close()
    with Workspace.open(tmp_path / "workspace", create=False) as recorded:
        (kept,) = Catalogue(recorded).evaluations(scene=PEG)
    assert 2 <= len(kept.seeds) < 2000
    assert kept.seeds == tuple(range(1000, 1000 + len(kept.seeds)))
