"""The Evaluate page of a real window, over workers that act by the seed they are given."""

import os
import signal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QWidget

from mile_desktop.rollout.messages import LoadSession
from mile_desktop.storage.records import PolicyRecord
from mile_desktop.ui.close_guard import CloseGuard
from mile_desktop.ui.evaluate.controller import EvaluateController
from mile_desktop.ui.evaluate.model import EvaluationOrder
from mile_desktop.ui.evaluate.page import EvaluatePage
from tests.evaluation import pool_children as children
from tests.ui.application.conftest import OpenWindow
from tests.ui.application.living import LiveWindow
from tests.ui.ui_children import worker

PEG = "peg-insertion"


def a_policy(policy_id: str, name: str, parent: str | None = None) -> PolicyRecord:
    return PolicyRecord(policy_id, PEG, name, "mile", parent, None, f"2026-11-2{name[1]}T08:00:00+00:00", {}, ())


@pytest.fixture(scope="module")
def living(open_window: OpenWindow, tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("evaluating")
    plan = LoadSession(workspace=str(folder / "workspace"), scene=PEG, policy="p1")
    living = open_window(folder, plan, worker, evaluation_worker=children.worker)
    for record in (a_policy("p0", "v0"), a_policy("p1", "v1", "p0")):
        living.workspace.catalogue.add_policy(record)
    living.until(lambda: living.application.worker.session is not None)
    living.application.refresh_policies()
    return living


@pytest.fixture
def evaluating(living: LiveWindow) -> EvaluateController:
    living.forget()
    return living.evaluating


@pytest.fixture
def page(living: LiveWindow, evaluating: EvaluateController) -> EvaluatePage:
    living.window.show_page("evaluate")
    return evaluating.page


def order(*policies: str, first: int, starts: int, known: bool = True) -> EvaluationOrder:
    return EvaluationOrder(PEG, policies, starts, first, workers=1, reuse_results=known)


def shown(page: EvaluatePage) -> dict[str, str]:
    rows = page.results._model.rows
    return {row.name: row.success_text for row in rows}


def test_the_policies_of_the_scene_can_be_ticked(page: EvaluatePage) -> None:
    labels = [page.setup._policies.item(row).text() for row in range(page.setup._policies.count())]
    assert [label.split(" ")[0] for label in labels] == ["v1", "v0", "v0", "Scripted"]  # the second v0 is shipped
    assert page.setup.ticked
    page.setup.tick([])
    assert not page.setup._run.isEnabled()


def test_an_evaluation_is_shown_stored_and_compared(living: LiveWindow, page: EvaluatePage) -> None:
    living.window.show_page("evaluate")
    living.evaluating.start(order("p1", "p0", first=20, starts=5))
    assert living.evaluating.running
    assert not page.setup._run.isEnabled()
    living.until(lambda: not living.evaluating.running)
    assert shown(page) == {"v1": "60 % [23–88]", "v0": "60 % [23–88]"}
    assert living.said("v1 3 of 5", level="success")
    records = living.workspace.catalogue.evaluations(scene=PEG)
    assert [(record.policy_id, record.successes, record.steps) for record in records] == [
        ("p1", 3, (20, 21, 22, 23, 24)),
        ("p0", 3, (20, 21, 22, 23, 24)),
    ]
    assert "equally often" in page.results.comparison_text()
    assert "p = 1" in page.results.comparison_text()
    assert len(page.history._model.rows) == 2
    page.show_episodes_of("")
    assert len(page.episodes._model.rows) == 10


def test_earlier_results_are_reused(living: LiveWindow, page: EvaluatePage) -> None:
    before = living.workspace.catalogue.evaluations(scene=PEG)
    living.evaluating.start(order("p1", first=20, starts=4))
    living.until(lambda: not living.evaluating.running)
    assert shown(page) == {"v1": "50 % [15–85]"}
    assert living.workspace.catalogue.evaluations(scene=PEG) == before


def test_a_cancelled_evaluation_is_not_stored(living: LiveWindow, page: EvaluatePage) -> None:
    before = living.workspace.catalogue.evaluations(scene=PEG)
    living.evaluating.start(order("p0", first=children.NEVER_ENDS, starts=1))
    living.until(lambda: bool(living.evaluating._run and living.evaluating._run.running))
    page.setup._cancel.click()
    assert not living.evaluating.running
    assert page.setup._run.isEnabled()
    assert living.said("cancelled")
    assert living.workspace.catalogue.evaluations(scene=PEG) == before


def test_a_killed_worker_is_reported_and_the_evaluation_continues(living: LiveWindow, page: EvaluatePage) -> None:
    evaluating = living.evaluating
    evaluating.start(order("p0", first=children.NEVER_ENDS, starts=1, known=False))
    living.until(lambda: bool(evaluating._run and evaluating._run.running))
    assert evaluating._pool is not None
    os.kill(evaluating._pool.pids[0], signal.SIGKILL)
    living.until(lambda: living.said("SIGKILL", "run again") is not None)
    living.until(lambda: bool(evaluating._run and evaluating._run.running))
    evaluating.cancel()


def test_errors_are_counted_separately(living: LiveWindow, page: EvaluatePage) -> None:
    living.evaluating.start(order("p0", first=children.BREAKS_DOWN, starts=2))
    living.until(lambda: not living.evaluating.running)
    (row,) = page.results._model.rows
    assert (row.tally.successes, row.tally.episodes, row.tally.crashes) == (1, 1, 1)
    page.show_episodes_of("")
    crash = next(row for row in page.episodes._model.rows if row.state == "crash")
    assert "joint 3" in crash.reason
    assert living.said("1 ended in an error")


def test_a_running_episode_is_watched_and_a_finished_one_run_again(living: LiveWindow, page: EvaluatePage) -> None:
    evaluating = living.evaluating
    evaluating.start(order("p0", first=children.NEVER_ENDS, starts=1, known=False))
    page.show_episodes_of("p0")
    living.until(lambda: any(row.state == "running" for row in page.episodes._model.rows))
    assert page.episodes.table.choose(lambda row: row.state == "running")
    page.episodes._watch.click()
    living.until(lambda: "step 1" in page.episodes.view.text)
    evaluating.cancel()
    living.until(lambda: evaluating._watch_controller.watched is None)
    evaluating.start(order("p0", first=20, starts=1))
    living.until(lambda: not evaluating.running)
    page.show_episodes_of("p0")
    assert page.episodes.table.choose(lambda row: row.seed == 20)
    page.episodes._watch.click()
    living.until(lambda: "success after 20 steps" in page.episodes.view.text)
    assert not page.episodes._stop.isEnabled()


def test_earlier_evaluations_can_be_shown_together(living: LiveWindow, page: EvaluatePage) -> None:
    page.history.table.selectAll()
    page.history._show.click()
    assert set(shown(page)) == {"v0", "v1"}
    page.history._text.setText("v1")
    assert {page.history._filter.index(row, 1).data() for row in range(page.history._filter.rowCount())} == {"v1"}
    page.history._text.clear()


def test_closing_asks_while_an_evaluation_runs(
    living: LiveWindow, page: EvaluatePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def stay(_parent: QWidget, _title: str, question: str) -> QMessageBox.StandardButton:
        asked.append(question)
        return QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", stay)
    living.store.change(warn_on_close=False)
    closing = CloseGuard(living.application, living.retraining)
    assert closing.may_close()
    living.evaluating.start(order("p0", first=children.NEVER_ENDS, starts=1, known=False))
    assert not closing.may_close()
    assert "nothing of it is kept" in asked[0]
    living.evaluating.cancel()
    assert closing.may_close()


def test_a_key_pressed_twice_cancels_nothing(
    living: LiveWindow, page: EvaluatePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mile_desktop.ui.evaluate.controller._TWICE_S", 60.0)  # however busy the machine is
    page.setup.tick(["p0"], episodes=3)
    for _ in range(2):
        QTest.keyClick(living.handle, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    living.until(lambda: living.said("Evaluated"))
    assert not living.said("cancelled")


def test_the_page_works_by_keys_alone(living: LiveWindow, page: EvaluatePage) -> None:
    living.window.show_page("supervise")
    QTest.keyClick(living.handle, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    living.until(lambda: living.window.page == "evaluate")
    page.setup.tick(["p1"], episodes=2)
    QTest.keyClick(living.handle, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    living.until(lambda: living.evaluating.running or living.said("Evaluated") is not None)
    living.until(lambda: not living.evaluating.running)
