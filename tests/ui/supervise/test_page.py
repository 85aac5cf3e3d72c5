from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.supervise.page import SupervisePage
from tests.ui.supervise.examples import status


def test_strips_are_hidden_on_a_low_page(themed: QApplication, qtbot: QtBot) -> None:
    page = SupervisePage()
    qtbot.addWidget(page)
    page.resize(900, 820)
    page.show()
    strips = page.strips
    assert strips.action_strip.isVisible()
    page.resize(900, 420)
    assert (strips.isVisible(), strips.action_strip.isVisible()) == (True, False)
    page.show_pad(True)
    assert not strips.isVisible()
    assert page.view.height() >= 160
    page.resize(900, 820)
    assert strips.action_strip.isVisible()


def test_a_latched_takeover_ends_with_its_episode(themed: QApplication, qtbot: QtBot) -> None:
    page = SupervisePage()
    qtbot.addWidget(page)
    page.show()
    page.show_pad(True)
    page.pad._latch.setChecked(True)
    page.handle(status(phase=Phase.IDLE))
    assert page.pad.driving, "a person may latch it before the start"
    for phase in (Phase.AUTONOMOUS, Phase.TAKEOVER, Phase.HOLD):
        page.handle(status(phase=phase))
        assert page.pad.driving
    page.handle(status(phase=Phase.IDLE))
    assert not page.pad.driving, "it would drive the next episode from its first step"
