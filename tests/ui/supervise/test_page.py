from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.supervise.model import EpisodeAction
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.viewport.phase_style import LINK_LOST
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


def test_without_a_link_nothing_starts_and_the_view_says_so(themed: QApplication, qtbot: QtBot) -> None:
    page = SupervisePage()
    qtbot.addWidget(page)
    page.show()
    page.handle(status(phase=Phase.IDLE))
    start, sent = page.controls.button(EpisodeAction.START), []
    page.command.connect(sent.append)
    page.show_link("The robot has not answered for 0.5 s.")
    assert not start.isEnabled()
    assert start.toolTip() == "The robot has not answered for 0.5 s."
    page.controls.start()
    assert sent == [], "neither does the key start"
    for phase, lost in ((Phase.IDLE, True), (Phase.HOLD, True), (Phase.STOPPED, False), (Phase.AUTONOMOUS, False)):
        assert (page.view._style_of(status(phase=phase)) is LINK_LOST) is lost
    page.show_link("")
    assert start.isEnabled()
    page.controls.start()
    assert len(sent) == 1
