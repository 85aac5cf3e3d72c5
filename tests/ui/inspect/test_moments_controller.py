"""Moments that a call names, opened in Inspect of the composed window."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.inspect.timeline.panel import Timeline
from mile_desktop.ui.shell.preferences import PreferenceStore
from tests.ui.inspect.examples import a_recording


@pytest.fixture
def parts(qtbot: QtBot, tmp_path: Path) -> Composition:
    parts = compose(PreferenceStore(tmp_path / "preferences.json"))
    qtbot.addWidget(parts.application.window)
    return parts


@pytest.fixture
def opened(parts: Composition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as workspace:
        monkeypatch.setattr(type(parts.inspect), "workspace", property(lambda _: workspace))
        yield workspace


def test_a_moment_whose_episode_is_gone_is_said(parts: Composition, opened: Workspace) -> None:
    parts.application.window.show_page("supervise")
    parts.supervise.page.strips.moment_chosen.emit("ep-gone", 3)
    assert parts.application.window.page == "supervise"
    assert any("no longer in this workspace" in each.text for each in parts.application.window.messages.entries)


def test_the_timeline_offers_the_moments_of_the_shown_row(qtbot: QtBot) -> None:
    timeline = Timeline()
    qtbot.addWidget(timeline)
    recording = a_recording()
    timeline.show_recording(recording)
    timeline.show_row(3)
    assert timeline._why.isHidden() is not bool(recording.episode.reasons[3])
    timeline._why.show_reasons("near=1*0.9:ep-a@41", 20.0)
    with qtbot.waitSignal(timeline.moment_chosen) as caught:
        timeline._why.menu().actions()[-1].trigger()
    assert caught.args == ["ep-a", 41]
