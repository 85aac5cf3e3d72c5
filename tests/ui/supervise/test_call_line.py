import math

import msgspec
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.messages import SetAlert
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.call_curve import CallCurve
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.supervise.alert_bar import AlertBar, contradict_each_other
from mile_desktop.ui.supervise.strips_panel import StripsPanel
from mile_desktop.ui.viewport.phase_style import takeover_hint
from tests.ui.supervise.examples import session, status, taken

CURVE = CallCurve(
    calls=tuple(range(97, 0, -1)),
    missed=tuple(place // 10 for place in range(97)),
    announced_up_to=(0.5,) * 12,
    minutes=10,
)


@pytest.fixture
def strips(qtbot: QtBot) -> StripsPanel:
    strips = StripsPanel()
    qtbot.addWidget(strips)
    strips.start_session(session())
    strips.resize(1200, 260)
    strips.show()
    qtbot.waitExposed(strips)
    return strips


class _Watcher(QObject):
    """Notes when a widget paints itself."""

    def __init__(self, painted: list[object]) -> None:
        super().__init__()
        self._painted = painted

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            self._painted.append(watched)
        return False


def _said(strips: StripsPanel) -> str:
    return strips.bar._basis.full_text


def test_both_numbers_are_shown_while_the_line_is_dragged(strips: StripsPanel) -> None:
    strips.show_curve(CURVE)
    assert strips.probability.meaning == "49.0 calls in ten minutes, 4 of 12 takeovers unannounced"
    assert "calls" not in _said(strips), "the same sentence twice on one screen"
    changed: list[SetAlert] = []
    strips.alert_changed.connect(changed.append)
    strips.probability._threshold.setValue(0.92)
    strips.probability._threshold.sigDragged.emit(strips.probability._threshold)
    assert strips.probability.meaning == "7.0 calls in ten minutes, 9 of 12 takeovers unannounced"
    assert not changed, "the worker gets the value on release"


def test_counts_that_arrive_between_episodes_are_painted(strips: StripsPanel) -> None:
    before = strips.probability.grab().toImage()
    strips.show_curve(CURVE)
    QCoreApplication.processEvents()
    painted: list[object] = []
    strips.probability.viewport().installEventFilter(watcher := _Watcher(painted))
    strips.show_curve(msgspec.structs.replace(CURVE, minutes=20))
    QCoreApplication.processEvents()
    assert painted
    assert strips.probability.grab().toImage() != before
    strips.probability.viewport().removeEventFilter(watcher)


def test_the_way_to_choose_the_line_is_a_list(strips: StripsPanel, qtbot: QtBot) -> None:
    box = strips.bar._line
    place = next(place for place in range(box.count()) if box.itemData(place) == ("calls", 5))
    assert box.itemText(place) == "≤ 5 calls in 10 min"
    with qtbot.waitSignal(strips.bar.line_chosen) as caught:
        box.activated.emit(place)
    assert caught.args == ["calls", 5]
    strips.bar.set_line("calls", 7)  # from the preferences' file
    assert box.currentText() == "≤ 7 calls in 10 min"


def test_the_line_follows_the_worker_while_it_keeps_a_budget(strips: StripsPanel) -> None:
    strips.show_curve(CURVE)
    strips.set_alert(SetAlert(threshold=0.5, debounce_steps=3, ask_me=False, most_calls=5))
    strips.show_status(status(line=0.62, budget_used=True))
    assert strips.probability.threshold == pytest.approx(0.62)
    assert _said(strips).startswith("budget used: no further call for now")
    strips.set_alert(SetAlert(threshold=0.5, debounce_steps=3, ask_me=False))
    strips.show_status(status(line=0.8))
    assert strips.probability.threshold == 0.5


def test_the_lower_line_is_part_of_the_rule(strips: StripsPanel, qtbot: QtBot) -> None:
    strips.probability._let_go.setValue(0.1)
    with qtbot.waitSignal(strips.alert_changed) as caught:
        strips.probability._let_go.sigPositionChangeFinished.emit(strips.probability._let_go)
    assert caught.args[0].let_go == 0.1
    assert caught.args[0].threshold == strips.probability.threshold


def test_a_person_is_told_when_to_let_go() -> None:
    driving = status(phase=Phase.TAKEOVER)
    assert takeover_hint(driving).endswith("let go to hand back")
    assert "You can let go" in takeover_hint(status(phase=Phase.TAKEOVER, may_let_go=True))


def test_numbers_that_contradict_each_other_say_which_to_believe(qtbot: QtBot) -> None:
    bar = AlertBar()
    qtbot.addWidget(bar)
    bar.resize(1600, 40)
    bar.show_caller("forecast")
    for step in range(10):
        assert "Believe" not in bar.basis_text
        bar.show_step(taken(step, probability=0.95, forecast=0.05))
    assert "Believe the forecast" in bar.basis_text
    bar.show_caller("p")
    assert "Believe p" in bar.basis_text
    for step in range(12):
        bar.show_step(taken(step, probability=0.2, forecast=0.1))
    assert "Believe" not in bar.basis_text


@pytest.mark.parametrize(
    ("p", "forecast", "contradicts"),
    [
        (0.9, 0.1, True),
        (0.1, 0.9, True),
        (0.9, 0.3, False),
        (0.4, 0.1, False),
        (0.9, math.nan, False),
        (math.nan, 0.1, False),
    ],
)
def test_when_two_numbers_contradict_each_other(p: float, forecast: float, contradicts: bool) -> None:
    rule = SetAlert(threshold=0.5, debounce_steps=3, ask_me=False)
    assert contradict_each_other(p, forecast, rule) is contradicts


def test_the_counts_of_a_scene_are_forgotten_in_another_one(still_window: Composition) -> None:
    application, strips = still_window.application, still_window.supervise.page.strips
    application.worker.session_loaded.emit(session())
    strips.show_curve(CURVE)
    application.worker.session_loaded.emit(session())  # after a reset
    assert "takeovers unannounced" in strips.probability.meaning
    application.load_scene("lunar-lander")
    application.worker.session_loaded.emit(session())
    assert not strips.probability.meaning
