"""A typed command drives the robot of the real window, from the key / to the recording."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.episodes import read_episode
from tests.ui.application.conftest import OpenWindow
from tests.ui.application.live_window import LiveWindow


@pytest.fixture(scope="module")
def live(open_window: OpenWindow, tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("words")
    plan = m.LoadSession(workspace=str(folder / "workspace"), scene="peg-insertion", policy="initial", gamepad=False)
    live = open_window(folder, plan)
    live.until_loaded()
    return live


def type_line(live: LiveWindow, text: str) -> None:
    edit = live.supervise.words.edit
    QTest.keyClicks(edit, text)
    QTest.keyClick(edit, Qt.Key.Key_Return)


def test_a_command_is_typed_driven_and_recorded(live: LiveWindow, tmp_path: Path) -> None:
    live.start_episode()
    live.until(lambda: len(live.steps) > 3)
    QTest.keyClick(live.window, Qt.Key.Key_Slash)
    live.until(live.supervise.words.edit.hasFocus)
    type_line(live, "up 6 cm, then left 2 cm")
    assert live.supervise.words.meaning.startswith("Which one?")
    QTest.keyClick(live.supervise.words.edit, Qt.Key.Key_1)
    live.until(lambda: any(step.intervention and step.executed[2] > 0.3 for step in live.steps))
    live.window.grab().save(str(tmp_path / "words.png"))
    live.until_phase(Phase.AUTONOMOUS)
    QTest.keyClicks(live.supervise.words.edit, "stop")
    live.until_phase(Phase.STOPPED)
    live.until(lambda: live.closed)
    closed = live.closed[0]
    episode = read_episode(live.workspace.workspace, closed.episode_id)
    spoken = {words for words, human in zip(episode.words, episode.intervention, strict=True) if human}
    assert spoken == {"up 6 cm, then left 2 cm seen by the camera → up 6 cm, then left 2 cm (camera)"}


def test_escape_closes_the_line_before_anything_else(live: LiveWindow) -> None:
    assert live.supervise.words.isVisible()
    QTest.keyClick(live.supervise.words.edit, Qt.Key.Key_Escape)
    live.until(lambda: not live.supervise.words.isVisible())
