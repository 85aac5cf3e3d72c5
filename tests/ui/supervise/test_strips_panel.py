import math

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.messages import SetAlert
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.plots.probability_strip import ProbabilityStrip, hover_text
from mile_desktop.ui.plots.strip_model import StripModel
from mile_desktop.ui.plots.strip_plot import _apart
from mile_desktop.ui.supervise.alert_bar import probability_text
from mile_desktop.ui.supervise.strips_panel import StripsPanel
from tests.ui.supervise.examples import session, status, taken


@pytest.fixture
def strips(qtbot: QtBot) -> StripsPanel:
    strips = StripsPanel()
    qtbot.addWidget(strips)
    strips.start_session(session())
    strips.resize(900, 260)
    strips.show()
    qtbot.waitExposed(strips)
    return strips


def fill(strips: StripsPanel, steps: int = 50) -> None:
    for step in range(steps):
        strips.add_step(taken(step, probability=0.4, intervention=step > 40, forecast=0.2))
    strips.redraw()


def test_steps_are_drawn_by_the_timer(strips: StripsPanel, qtbot: QtBot) -> None:
    for step in range(30):
        strips.add_step(taken(step))
    qtbot.waitUntil(lambda: len(strips.probability._line.getData()[0]) == 30)
    assert strips.redraw_ms > 0


def test_nothing_is_drawn_twice(strips: StripsPanel) -> None:
    fill(strips)
    strips.redraw_ms = -1.0
    strips.redraw()
    assert strips.redraw_ms == -1.0


def test_the_timer_stops_while_the_panel_is_hidden(strips: StripsPanel) -> None:
    assert strips._timer.isActive()
    strips.hide()
    assert not strips._timer.isActive()


def mouse(plot: ProbabilityStrip, kind: QEvent.Type, at: QPointF, *, held: bool) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind is QEvent.Type.MouseMove else left
    place = plot.viewport().mapToGlobal(at)
    event = QMouseEvent(kind, at, place, button, left if held else none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(plot.viewport(), event)
    QTest.qWait(12)  # pyqtgraph takes at most a hundred moves a second


def test_a_dragged_threshold_is_sent_on_release(strips: StripsPanel) -> None:
    fill(strips)
    sent: list[SetAlert] = []
    moved: list[float] = []
    strips.alert_changed.connect(sent.append)
    strips.probability.threshold_moved.connect(moved.append)
    plot = strips.probability
    x = plot.plot_rect().center().x()
    start, end = QPointF(x, plot.y_pixel(0.5)), QPointF(x, plot.y_pixel(0.8))
    mouse(plot, QEvent.Type.MouseMove, start, held=False)
    mouse(plot, QEvent.Type.MouseButtonPress, start, held=True)
    for part in range(1, 6):
        mouse(plot, QEvent.Type.MouseMove, start + (end - start) * (part / 5), held=True)
    assert moved
    assert not sent
    mouse(plot, QEvent.Type.MouseButtonRelease, end, held=False)
    [alert] = sent
    assert alert.threshold == pytest.approx(0.8, abs=0.03)
    assert strips.bar.alert.threshold == alert.threshold


def test_the_bar_moves_the_line_and_sends_the_alert(strips: StripsPanel) -> None:
    sent: list[SetAlert] = []
    strips.alert_changed.connect(sent.append)
    strips.bar._threshold.setValue(0.7)
    strips.bar._debounce.setValue(5)
    strips.bar._ask_me.setChecked(True)
    assert strips.probability.threshold == pytest.approx(0.7)
    assert sent[-1] == SetAlert(threshold=0.7, debounce_steps=5, ask_me=True)


def test_a_remembered_alert_is_shown_and_not_sent(strips: StripsPanel) -> None:
    sent: list[SetAlert] = []
    strips.alert_changed.connect(sent.append)
    remembered = SetAlert(threshold=0.3, debounce_steps=7, ask_me=True)
    strips.set_alert(remembered)
    assert strips.alert == remembered
    assert strips.probability.threshold == pytest.approx(0.3)
    assert sent == []


def test_a_forecast_is_drawn_as_a_second_line(strips: StripsPanel) -> None:
    strips.add_step(taken(0))
    strips.redraw()
    assert not strips.probability._forecast.isVisible()
    strips.add_step(taken(1, forecast=0.3))
    strips.redraw()
    assert strips.probability._forecast.isVisible()


def test_steps_without_p_leave_a_gap(strips: StripsPanel) -> None:
    strips.add_step(taken(0, probability=math.nan, low=math.nan, high=math.nan))
    strips.redraw()
    assert strips.grab().width() > 0
    assert strips.bar._figure.text() == "p –"


def test_the_whole_episode_and_back(strips: StripsPanel) -> None:
    fill(strips, 200)
    strips.bar._whole.setChecked(True)
    start, end = strips.probability.getViewBox().viewRange()[0]
    assert start == pytest.approx(0.0)
    assert end > 10.0
    strips.bar._whole.setChecked(False)
    assert strips.probability.getViewBox().viewRange()[0][0] == pytest.approx(-30.0)
    assert strips.action_strip.getViewBox().viewRange()[0] == pytest.approx(
        strips.probability.getViewBox().viewRange()[0]
    )


def test_hovering_shows_the_step_and_leaving_shows_the_model_again(strips: StripsPanel) -> None:
    strips.show_status(status(basis="3 takeovers"))
    fill(strips)
    strips.probability.hovered.emit(-0.1)
    assert "step 47 · p 0.40 [0.10–0.30] · forecast 0.20 · operator drove" in strips.bar._basis.full_text
    strips.probability.hovered.emit(None)
    assert strips.bar._basis.full_text == "3 takeovers"


def test_the_drawn_steps_can_be_exported_as_numbers(strips: StripsPanel) -> None:
    assert strips.probability.numbers().rows == ()
    fill(strips)
    numbers = strips.probability.numbers()
    newest = dict(zip(numbers.columns, numbers.rows[-1], strict=True))
    assert (newest["step"], newest["p"], newest["forecast"], newest["human"]) == (49, 0.4, 0.2, True)
    assert len(numbers.rows) == 50
    assert strips.action_strip.numbers() == numbers


def test_a_status_does_not_replace_the_hovered_values(strips: StripsPanel) -> None:
    strips.show_status(status(basis="3 takeovers"))
    fill(strips)
    strips.probability.hovered.emit(-0.1)
    strips.show_status(status(basis="3 takeovers"))
    assert strips.bar._basis.text().startswith("step 47")
    strips.show_status(status(basis="4 takeovers"))
    strips.probability.hovered.emit(None)
    assert strips.bar._basis.full_text == "4 takeovers"


def test_a_scene_with_other_actions_gets_other_lanes(strips: StripsPanel) -> None:
    other = session(action_labels=("main", "side"))
    strips.start_session(other)
    strips.add_step(taken(0, proposed=(1.0, 0.0), executed=(1.0, 0.0)))
    strips.redraw()
    assert strips.grab().height() > 0
    assert strips.action_strip.action_names == ("main", "side")


def test_labels_do_not_overlap_and_stay_inside_the_plot() -> None:
    assert _apart([10.0, 12.0, 99.0], 10.0, 5.0, 100.0) == [10.0, 20.0, 99.0]
    assert _apart([98.0, 99.0], 10.0, 5.0, 100.0) == [90.0, 100.0]
    assert _apart([], 10.0, 5.0, 100.0) == []


def test_p_as_text() -> None:
    assert probability_text(0.234, 0.1, 0.4) == "p 0.23  [0.10–0.40]"
    assert probability_text(0.5, math.nan, math.nan) == "p 0.50"
    assert probability_text(math.nan, math.nan, math.nan) == "p –"
    assert hover_text(StripModel().last_seconds(30.0), 0.0) == ""


def test_p_of_an_earlier_moment_is_not_shown(strips: StripsPanel) -> None:
    strips.add_step(taken(30, probability=0.9))
    strips.show_status(status(step=31))
    assert strips.bar._figure.text().startswith("p 0.90")
    strips.show_status(status(step=12, phase=Phase.HOLD))
    assert strips.bar._figure.text() == "p –", "rewound to before that step"
    strips.add_step(taken(13, probability=0.9))
    strips.show_status(status(step=13, phase=Phase.IDLE))
    assert strips.bar._figure.text() == "p –", "the episode has ended"


@pytest.mark.parametrize("width", [560, 700, 860, 940, 1100])
def test_the_digits_of_p_never_move_the_strips(strips: StripsPanel, qtbot: QtBot, width: int) -> None:
    # A second line of controls that came and went with the interval moved them by 40 pixels while the robot drove.
    strips.resize(width, 260)
    places = set()
    for step, (p, low, high) in enumerate([(0.11, 0.01, 0.11), (0.44, 0.04, 0.88), (0.11, math.nan, math.nan)]):
        strips.add_step(taken(step, probability=p, low=low, high=high))
        QApplication.processEvents()
        places.add(strips.probability.y())
    assert len(places) == 1


def test_the_strips_are_drawn_in_turn(strips: StripsPanel) -> None:
    strips._timer.stop()
    for step in range(30):
        strips.add_step(taken(step))
    drawn = []
    for _ in range(2):
        strips._redraw_next()
        drawn.append((len(strips.probability._line.getData()[0]), len(strips.action_strip._window)))
    assert drawn == [(30, 0), (30, 30)]


def test_no_line_crosses_the_figures_at_the_end_of_the_curves(strips: StripsPanel) -> None:
    plot = strips.probability
    for step in range(50):
        strips.add_step(taken(step, probability=plot.let_go, low=math.nan, high=math.nan))
    strips.redraw()
    picture = plot.grab().toImage()
    row, begin = round(plot.y_pixel(plot.let_go)), round(plot.x_pixel(0.0)) + 6

    def yellow(columns: range) -> int:
        colours = [picture.pixelColor(x, y) for x in columns for y in (row - 1, row, row + 1)]
        return sum(each.red() > each.blue() + 60 for each in colours)

    assert yellow(range(begin + 42, begin + 66)) > 5, "the dotted line goes on at the right"
    assert yellow(range(begin, begin + 34)) == 0, "but not behind 'p 0.25'"
