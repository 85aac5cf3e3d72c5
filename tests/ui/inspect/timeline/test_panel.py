from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.storage.edits import Trim
from mile_desktop.ui.inspect.timeline.model import Prediction, values_text
from mile_desktop.ui.inspect.timeline.panel import Timeline
from mile_desktop.ui.inspect.timeline.timeline_plot import TimelinePlot
from mile_desktop.ui.theme import theme
from tests.ui.inspect.examples import a_recording

LABELS = ("dx", "dy", "dz", "grip")


@pytest.fixture
def timeline(themed: QApplication, qtbot: QtBot) -> Timeline:
    timeline = Timeline()
    qtbot.addWidget(timeline)
    timeline.resize(700, 360)
    timeline.show()
    timeline.show_recording(a_recording(), LABELS)
    timeline.grab()
    return timeline


def point(plot: TimelinePlot, time: float) -> QPoint:
    area = plot.plot_rect()
    return QPoint(round(plot.x_pixel(time)), round(area.top() + area.height() * 0.7))


def test_a_click_chooses_the_row_and_a_drag_scrubs(timeline: Timeline, qtbot: QtBot) -> None:
    chosen: list[int] = []
    timeline.row_chosen.connect(chosen.append)
    plot = timeline.action_plot
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=point(plot, 0.25))
    assert chosen[-1] == 5
    qtbot.mousePress(plot.viewport(), Qt.MouseButton.LeftButton, pos=point(plot, 0.3))
    qtbot.mouseMove(plot.viewport(), point(plot, 0.6))
    qtbot.mouseRelease(plot.viewport(), Qt.MouseButton.LeftButton, pos=point(plot, 0.6))
    assert chosen[1] == 6


def test_shift_and_drag_or_two_keys_choose_a_stretch(timeline: Timeline, qtbot: QtBot) -> None:
    plot = timeline.action_plot
    qtbot.mousePress(
        plot.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, pos=point(plot, 0.2)
    )
    plot.stretch_chosen.emit(0.2, 0.5)
    assert timeline.stretch == (4, 10)
    timeline.show_row(7)
    timeline.begin_stretch()
    assert timeline.stretch == (7, 10)
    timeline.show_row(3)
    timeline.end_stretch()
    assert timeline.stretch == (3, 3)
    timeline.clear_stretch()
    assert timeline.stretch is None


def test_both_plots_zoom_together_and_never_leave_the_recording(timeline: Timeline) -> None:
    timeline.show_row(10)
    timeline.zoom_in()
    first, second = (plot.getViewBox().viewRange()[0] for plot in (timeline.probability, timeline.action_plot))
    assert first == pytest.approx(second)
    assert first[0] >= 0.0
    assert first[1] - first[0] < 1.0
    timeline.show_row(19)
    start, end = timeline.probability.getViewBox().viewRange()[0]
    assert start <= 0.95 <= end
    timeline.show_all()
    assert timeline.probability.getViewBox().viewRange()[0][0] == pytest.approx(0.0)


def test_the_threshold_decides_which_takeovers_were_missed(timeline: Timeline) -> None:
    assert [event.row for event in timeline.events if event.kind == "miss"] == [12]
    timeline.set_threshold(0.95)
    assert [event.row for event in timeline.events if event.kind == "miss"] == [4, 12]


def test_the_values_line_and_the_table_hold_everything_known(timeline: Timeline) -> None:
    recording = a_recording()
    prediction = Prediction("by v2", *(np.full(20, 0.4) for _ in range(4)))
    timeline.show_prediction(prediction)
    assert values_text(recording, 5, prediction) == "0.25 s · step 5 · p 0.10 [0.00–0.20] · by v2 0.40 · gamepad drove"
    assert values_text(recording, 19).endswith("policy drove · success")
    table = timeline.numbers()
    assert len(table.rows) == 20
    assert "p by v2" in table.columns
    timeline.show_recording(a_recording(), LABELS)
    assert "p by v2" not in timeline.numbers().columns


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_takeovers_are_hatched_and_trimmed_ends_are_greyed(
    timeline: Timeline, themed: QApplication, mode: theme.Mode
) -> None:
    theme.apply(themed, mode)
    timeline.show_recording(a_recording(Trim(0, 14)), LABELS)
    plot = timeline.action_plot
    picture = plot.grab().toImage()
    places = {name: point(plot, time) for name, time in {"plain": 0.1, "taken": 0.25, "trimmed": 0.9}.items()}

    def mean(at: QPoint) -> tuple[float, ...]:
        colours = [picture.pixelColor(at.x() + dx, at.y() + dy) for dx in range(-4, 5) for dy in range(-4, 5)]
        return tuple(sum(channel) for channel in zip(*(c.getRgb() for c in colours), strict=True))

    assert len({mean(at) for at in places.values()}) == 3


def test_no_recording_shows_an_empty_timeline(timeline: Timeline) -> None:
    timeline.show_recording(a_recording())
    timeline.show_recording(None)
    timeline.show_row(0)
    timeline.grab()
    # Nothing of the episode before.
    drawn = timeline.probability._line.getData()[0]
    assert drawn is None or len(drawn) == 0
    assert len(timeline.probability._window) == 0
    assert timeline.events == ()
    assert timeline.numbers().rows == ()


def test_discrete_actions_are_bars_in_the_lane_of_the_executed_choice(timeline: Timeline) -> None:
    recording = a_recording()
    chosen = np.eye(4, dtype=np.float32)[np.arange(len(recording)) % 4]
    likely = 0.6 * chosen + 0.1
    episode = replace(recording.episode, action=chosen, policy_action=np.roll(chosen, 1, 0), policy_mean=likely)
    timeline.show_recording(replace(recording, episode=episode), ("off", "left", "main", "right"), discrete=True)
    timeline.grab()
    plot = timeline.action_plot
    by_policy, by_person = (len(curve.getData()[0]) // 2 for curve in (plot._executed, plot._human))
    assert (by_policy + by_person, by_person) == (len(recording), int(episode.intervention.sum()))
    assert set(plot._executed.getData()[1].tolist()) <= set(plot._offsets.tolist())
    human = plot._human.getData()[0]
    assert (human.min(), human.max()) == pytest.approx((0.2, 0.7))  # as long as the hatched takeovers
    # proposed is what comes to a tenth here: the line lies low in its lane
    heights = plot._proposed.getData()[1][::2] - plot._offsets[np.roll(chosen, 1, 0).argmax(1)]
    assert heights == pytest.approx(0.1 * 1.9, abs=1e-5)
    timeline.show_row(1)
    assert timeline._values.text().endswith("off (0.10) proposed, left done")
    assert timeline.numbers().columns[-3:] == ("proposed right", "probable right", "executed right")
    timeline.show_recording(recording, LABELS)
    assert len(plot._bands) == 4


def test_the_plots_stay_in_their_place_when_reasons_appear(timeline: Timeline) -> None:
    timeline._why.forget()
    timeline.grab()
    before = timeline.probability.geometry(), timeline._values.geometry()
    timeline._why.show_reasons("stalled=12*0.6", 20.0)
    timeline.grab()
    assert timeline._why.isVisible()
    assert (timeline.probability.geometry(), timeline._values.geometry()) == before
