"""A script in place of a person resumes a robot that waited, and ends with the reason where that is in vain."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.automation import scripted_run
from mile_desktop.ui.automation.scripted_run import Condition, ScriptedRun
from mile_desktop.ui.composition import compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from tests.ui.window_examples import status_with

Tell = Callable[[float, int, Phase], None]
BUSY = "The newest steps are not on the disk yet: disk or computer is very busy."


class Nothing(ScriptedRun):
    def _script(self) -> Iterator[Condition]:
        yield lambda: False

    def _ended(self) -> None:
        pass


@pytest.fixture
def run(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Nothing, Tell, list[str]]:
    """Return a script, a function that tells it time, step and phase, and what it has sent to the worker."""
    sent: list[str] = []
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(scripted_run, "time", SimpleNamespace(monotonic=lambda: clock.now))
    parts = compose(PreferenceStore(tmp_path / "preferences.json"))
    qtbot.addWidget(parts.application.window)
    worker = parts.application.worker
    monkeypatch.setattr(worker, "send", lambda command: sent.append(type(command).__name__))
    script = Nothing(parts.application, tmp_path, limit_s=1000.0)
    script.resume_holds()

    def tell(seconds: float, step: int, phase: Phase) -> None:
        clock.now += seconds
        worker.status_changed.emit(status_with(phase=phase, reason=BUSY, episode=1, step=step))

    return script, tell, sent


def test_a_hold_is_resumed_once_and_a_moment_later(run: tuple[Nothing, Tell, list[str]]) -> None:
    script, tell, sent = run
    tell(0.0, 30, Phase.AUTONOMOUS)
    tell(0.1, 31, Phase.HOLD)
    assert not sent
    tell(1.1, 31, Phase.HOLD)
    tell(0.1, 31, Phase.HOLD)
    tell(0.1, 31, Phase.AUTONOMOUS)
    assert sent == ["ToggleHold"]
    for step in (40, 50):
        tell(30.0, step, Phase.HOLD)
        tell(1.1, step, Phase.HOLD)
    assert sent == 3 * ["ToggleHold"]
    assert not script.problems


def test_a_hold_that_comes_back_ends_the_script_with_its_reason(run: tuple[Nothing, Tell, list[str]]) -> None:
    script, tell, _ = run
    for _ in range(40):
        tell(1.1, 31, Phase.HOLD)
        tell(1.1, 31, Phase.AUTONOMOUS)  # resumed, and held again before the next step
    assert script.problems[0] == f"The robot held and could not go on. {BUSY}"
