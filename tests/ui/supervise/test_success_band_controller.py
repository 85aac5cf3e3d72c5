"""When the window makes the band of a new policy; the command itself is tested with the other commands."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.rollout import messages as m
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from tests.ui.supervise.examples import status

Started = list[tuple[str, ...]]


@pytest.fixture
def parts(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Composition]:
    parts = compose(PreferenceStore(tmp_path / "preferences.json"))
    qtbot.addWidget(parts.application.window)
    parts.application.workspace = SimpleNamespace(folder=tmp_path / "w", close=int)  # type: ignore[assignment]
    yield parts
    parts.application.workspace = None


@pytest.fixture
def started(parts: Composition, monkeypatch: pytest.MonkeyPatch) -> Started:
    started: Started = []
    monkeypatch.setattr(parts.supervise.band._job, "start", lambda *words: started.append(words))
    return started


def test_the_band_is_made_once_for_each_policy_that_wants_one(parts: Composition, started: Started) -> None:
    follow = parts.supervise.band._follow
    follow(status(policy_id="p1", wants_band=False))
    assert started == []
    for _ in range(3):  # a status comes with every tick
        follow(status(policy_id="p2", wants_band=True))
    assert [each[0] for each in started] == ["band"]
    assert started[0][-2:] == ("--policy", "p2")
    assert "--background" in started[0]
    begun = [each.text for each in parts.application.window.messages.entries if "Watch the new policy" in each.text]
    assert len(begun) == 1
    follow(status(policy_id="p3", wants_band=True))
    assert started[-1][-1] == "p3"


def test_a_robots_successes_cannot_be_run_again(parts: Composition, started: Started) -> None:
    parts.application.robot = SimpleNamespace()  # type: ignore[assignment]
    parts.supervise.band._follow(status(policy_id="p2", wants_band=True))
    parts.application.robot = None
    assert started == []


def test_the_worker_uses_a_new_band_and_a_person_reads_of_it(
    parts: Composition, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[object] = []
    monkeypatch.setattr(parts.application.worker, "send", sent.append)
    parts.supervise.band._found({"progress": 0.5, "text": "Start 3 of 20"})
    parts.supervise.band._found({"changed": False, "successes": 0})
    assert sent == []
    parts.supervise.band._found({"changed": True, "successes": 18})
    assert sent == [m.ReloadInterventionModel()]
    texts = [each.text for each in parts.application.window.messages.entries]
    assert any("its 18 successes did not look like this" in text for text in texts)
    parts.application.worker._status = status(wants_band=True)
    parts.supervise.band._found({"changed": False, "successes": 0, "reason": "It succeeded from 2 starts."})
    texts = [each.text for each in parts.application.window.messages.entries]
    assert any("does not call in its first episodes: It succeeded from 2 starts." in text for text in texts)
    parts.supervise.band._failed("The policy is damaged.")
    texts = [each.text for each in parts.application.window.messages.entries]
    assert any("does not call in its first episodes: The policy is damaged." in text for text in texts)
