"""Moments that a call names, opened in Inspect of the composed window."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.inspection.messages import InsightsUpdated
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.insights import insight_of, store_insights
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.inspect.timeline.panel import Timeline
from mile_desktop.ui.shell.preferences import PreferenceStore
from tests.storage.samples import a_policy, a_start, a_step
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


def test_the_worst_false_alarm_is_one_click_away_and_the_next_click_shows_the_next(
    parts: Composition, opened: Workspace
) -> None:
    shown: list[tuple[str, int]] = []
    parts.inspect.go_to = lambda episode_id, row: shown.append((episode_id, row))  # type: ignore[method-assign]
    parts.moments.worst.click()
    said = [each.text for each in parts.application.window.messages.entries]
    assert said[-1:] == [
        "No listed episode that ended in success has a false alarm at your threshold. A call before a failure is none."
    ]
    Catalogue(opened).add_policy(a_policy("p1"))
    journal = EpisodeJournal(opened)
    for name, peak in (("ep-a", 0.8), ("ep-b", 0.95)):
        journal.begin(a_start(name, policy_id="p1"))
        for row in range(30):
            journal.append(a_step(row, human=False, probability=peak if row == 12 else 0.1))
        journal.close("success")
    parts.application.window.show_page("inspect")
    parts.moments.worst.click()
    assert shown == [], "none of them is counted yet"
    assert "still being counted" in parts.application.window.messages.entries[-1].text
    for name in ("ep-a", "ep-b"):
        store_insights(opened, [(name, 0, insight_of(read_episode(opened, name), 0.7))])
    parts.inspect.client.insights_updated.emit(InsightsUpdated(left=0))
    assert shown == [("ep-b", 12)], "it was asked for before"
    for _ in range(2):
        parts.moments.worst.click()
    assert shown == [("ep-b", 12), ("ep-a", 12), ("ep-b", 12)]
