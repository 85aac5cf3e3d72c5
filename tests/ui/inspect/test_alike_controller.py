"""Moments like the shown one, in the composed window; the inspection process and the second viewer are left out."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.inspection.messages import AlikeMoment, FindAlike, FoundAlike, JobEnded
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.inspect.model import RecordedEpisode
from mile_desktop.ui.shell.preferences import PreferenceStore
from tests.ui.inspect.examples import a_recording


class Drawing:
    """Stands in for the view's controller, which would start a viewer process."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.viewer = self

    def close(self) -> None:
        self.rows.clear()

    def show_recording(self, recording: RecordedEpisode, info: object) -> None:
        self.rows.clear()

    def show_row(self, row: int) -> None:
        self.rows.append(row)


@pytest.fixture
def parts(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Composition]:
    parts = compose(PreferenceStore(tmp_path / "preferences.json"))
    qtbot.addWidget(parts.application.window)
    with Workspace.open(tmp_path / "workspace") as workspace:
        monkeypatch.setattr(type(parts.inspect), "workspace", property(lambda _: workspace))
        parts.inspect.recording = a_recording()
        yield parts
        parts.inspect.recording = None


@pytest.fixture
def sent(parts: Composition, monkeypatch: pytest.MonkeyPatch) -> list[msgspec.Struct]:
    sent: list[msgspec.Struct] = []
    monkeypatch.setattr(parts.inspect.client, "send", sent.append)
    return sent


def _answer(sent: list[msgspec.Struct], *moments: AlikeMoment) -> FoundAlike:
    asked = sent[-1]
    assert isinstance(asked, FindAlike)
    return FoundAlike(asked.job, asked.episode_id, asked.row, moments)


def test_the_nearest_moment_plays_beside_the_episode(
    parts: Composition, sent: list[msgspec.Struct], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing, alike, other = Drawing(), parts.alike, a_recording()
    monkeypatch.setattr(alike, "_viewer", lambda: drawing)
    monkeypatch.setattr("mile_desktop.ui.inspect.alike_controller.read_listed", lambda *_: other.episode)
    monkeypatch.setattr("mile_desktop.ui.inspect.alike_controller.listed_history", lambda *_: other.history)
    alike._drawing = drawing  # type: ignore[assignment]
    parts.inspect.playback.load(parts.inspect.recording)
    parts.inspect.playback.go(2)
    alike.bar._find.click()
    assert not alike.bar._find.isEnabled()
    moments = (AlikeMoment("ep-b", 4, 0.1, "failure", True), AlikeMoment("ep-c", 1, 0.2, "success", False))
    parts.inspect.client.found_alike.emit(_answer(sent, *moments))
    titles = [alike.bar._moments.itemText(each) for each in range(2)]
    assert titles == ["takeover · at 0.2 s of b", "success · at 0.1 s of c"]
    assert not parts.inspect.page.companion.isHidden()
    assert drawing.rows == [4]
    parts.inspect.playback.go(3)
    assert drawing.rows == [4, 5], "both move by the same number of steps"
    parts.inspect.playback.go(0)
    assert drawing.rows[-1] == 2
    alike.choose(1)
    assert drawing.rows == [0], "before its first step the other episode waits at it"
    alike.bar._close.click()
    assert parts.inspect.page.companion.isHidden()
    assert alike.bar._moments.isHidden()


def test_a_late_answer_and_a_failure(parts: Composition, sent: list[msgspec.Struct]) -> None:
    parts.alike.find()
    late = _answer(sent, AlikeMoment("ep-b", 4, 0.1, "failure", True))
    parts.alike.find()
    parts.inspect.client.found_alike.emit(late)
    assert parts.inspect.page.companion.isHidden()
    asked = sent[-1]
    assert isinstance(asked, FindAlike)
    parts.inspect.client.ended.emit(JobEnded(job=asked.job, problem="peg-insertion has no forecast yet."))
    assert parts.alike.bar._find.isEnabled()
    assert any("no forecast yet" in each.text for each in parts.application.window.messages.entries)
