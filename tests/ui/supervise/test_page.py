from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.ui.supervise.page import SupervisePage


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
