"""Every control of every page is pressed with the mouse, twice, and on the Supervise page while an episode runs, too.

Nothing is asserted about what a control does; other tests do that. Here no press may raise, nor leave a page on which
nothing can be pressed any more.
"""

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QDialog, QMenu, QTabBar, QWidget

from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.shell.sidebar import PAGES
from tests.ui.supervise.examples import session, status

_LEAVE = frozenset({"Quit"})
_POPUP_MS = 10


class Walker:
    """Presses what can be pressed in a window; a popup or a dialog that a press opens is closed again."""

    def __init__(self, parts: Composition) -> None:
        self.parts = parts
        self.window = parts.application.window
        self.pressed = 0
        # A menu under a button and a modal dialog have event loops of their own: only a timer can close them.
        self._closing = QTimer(self.window)
        self._closing.setInterval(_POPUP_MS)
        self._closing.timeout.connect(self._close_what_is_on_top)
        self._closing.start()

    def _close_what_is_on_top(self) -> None:
        for top in (QApplication.activePopupWidget(), QApplication.activeModalWidget()):
            if top is not None:
                top.close()

    def controls(self) -> list[QWidget]:
        """Return what can be pressed now, in the window and in its open dialogs."""
        tops = [self.window, *(each for each in self.window.findChildren(QDialog) if each.isVisible())]
        kinds = (QAbstractButton, QComboBox, QTabBar)
        return [
            each
            for top in tops
            for each in top.findChildren(QWidget)
            if isinstance(each, kinds) and each.isVisible() and each.isEnabled() and each.window() is top
        ]

    def press_all(self, times: int) -> None:
        """Press each control ``times`` times; one that is gone or disabled by an earlier press is passed over."""
        for each in self.controls():
            for _ in range(times):
                if shiboken6.isValid(each) and each.isVisible() and each.isEnabled():
                    spots = [each.rect().center()]
                    if isinstance(each, QTabBar):
                        spots = [each.tabRect(number).center() for number in range(each.count())]
                    for spot in spots:
                        QTest.mouseClick(each, Qt.MouseButton.LeftButton, pos=QPoint(spot))
                        self.pressed += 1
            QApplication.processEvents()

    def trigger_menus(self) -> None:
        """Choose each entry of each menu."""
        for menu in filter(shiboken6.isValid, self.window.findChildren(QMenu)):
            for action in menu.actions():
                # An earlier entry may have filled the menu again.
                if (
                    shiboken6.isValid(action)
                    and action.isEnabled()
                    and not action.isSeparator()
                    and action.text() not in _LEAVE
                ):
                    action.trigger()
                    self.pressed += 1
            QApplication.processEvents()


@pytest.fixture
def walker(still_window: Composition) -> Walker:
    return Walker(still_window)


def test_no_press_raises_or_ends_all_presses(walker: Walker) -> None:
    # One window for all, and the running episode on its own page only: each walk takes a second.
    walks = [(each.page, Phase.IDLE) for each in PAGES] + [("supervise", Phase.AUTONOMOUS)]
    for page, phase in walks:
        walker.parts.supervise.page.handle(session())
        walker.parts.supervise.page.handle(status(phase=phase))
        walker.window.show_page(page)
        before = walker.pressed
        walker.press_all(2)
        assert walker.pressed > before + 5, f"{page}, {phase}: nothing can be pressed any more"
    walker.trigger_menus()
