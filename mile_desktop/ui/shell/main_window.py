"""The window: header, rail, pages, panel, message line; puts parts together and decides nothing."""

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QByteArray, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QStackedWidget, QToolBar, QVBoxLayout, QWidget
from shiboken6 import isValid

from mile_desktop.ui.shell.alarm_bar import AlarmBar
from mile_desktop.ui.shell.error_log import UncaughtError
from mile_desktop.ui.shell.focus import close_popup, focus_was_lost, is_text
from mile_desktop.ui.shell.header import Header
from mile_desktop.ui.shell.message_line import Level, MessageAction, MessageLine, as_level
from mile_desktop.ui.shell.page_scroll import PageScroll
from mile_desktop.ui.shell.panel_dock import PanelDock
from mile_desktop.ui.shell.preferences import Preferences, PreferenceStore
from mile_desktop.ui.shell.shortcut_overlay import ShortcutOverlay
from mile_desktop.ui.shell.shortcuts import PARTICIPANT_ACTIONS, Shortcuts
from mile_desktop.ui.shell.sidebar import PAGES, Sidebar, page_info
from mile_desktop.ui.shell.toasts import Toasts
from mile_desktop.ui.shell.window_place import FRAME_MS, fit_into_screen, take_first_place
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_LEAST_SIZE = (840, 480)
_PANEL_WIDTH, _PANEL_FROM, _PANEL_BESIDE_FROM = 320, 800, 740
"""Width of the panel; the window's width from which it is shown unasked, and from which page and panel have room beside
each other when it is asked for, px at 100 %."""
# To be raised when docks or tool bars change: Qt then ignores an older state instead of restoring half of it.
_STATE_VERSION = 1


class MainWindow(OverrideGuard, QMainWindow):
    """Holds header, sidebar, pages, panel and message line; remembers its size, docks and page.

    Controllers add their pages with ``add_page``; call ``restore`` after the last one. Lives on the window's thread.

    Parameters
    ----------
    preferences
        The remembered choices.
    """

    page_changed = Signal(str)
    """Name of the page that is shown now."""
    question_replaced = Signal()
    """``ask_before_closing`` was called: a question that is open must end, its answer does not count any more."""
    guide_asked = Signal()
    """A person asked for the guided start."""
    closing = Signal()
    """The window closes; every process and timer must end. Slots run in the order in which they were connected."""

    def __init__(self, preferences: PreferenceStore) -> None:
        super().__init__()
        self._preferences = preferences
        self._pages: dict[str, PageScroll] = {}
        self._openers = {info.page: PageOpener(self, info.page) for info in PAGES}
        self._panel: PanelDock | None = None
        self._panel_page = "supervise"
        self._asked = False
        # A new layout of the whole window takes a noticeable time, so it is made only when one of these has changed.
        self._look = preferences.value.theme, preferences.value.ui_scale
        self._may_close: Callable[[], bool] = _always
        self._closed = False
        self._only_pages: frozenset[str] = frozenset()
        self._pages_bar = QToolBar("Pages", self)
        self.header = Header(self)
        self.sidebar = Sidebar(self)
        self.messages = MessageLine(self)
        self.toasts = Toasts(self, self.messages)
        self.alarms = AlarmBar(self)
        self._stack = QStackedWidget(self)
        self._overlay = ShortcutOverlay(self)
        self.shortcuts = Shortcuts(self)
        self._overlay.opened.connect(self.shortcuts.set_covered)
        self._overlay.guide_asked.connect(self.guide_asked)
        self._arrange()
        self._connect()
        self.shortcuts.install({"help": self.show_shortcuts, "messages": self.messages.show_history})
        self.shortcuts.install({"message_action": self.messages.run_newest, "full_screen": self.toggle_full_screen})
        if preferences.problem:
            self.messages.say("warning", preferences.problem)

    # ── composition ──────────────────────────────────────────────────────────────────────────────────────────────

    def add_page(self, page: str, widget: QWidget) -> None:
        """Add a page (see ``sidebar.PAGES`` for the names); the first one is shown."""
        widget.setAccessibleName(page_info(page).title)
        # The focus goes to the page when nothing else should have it, so every page must be able to take it.
        if widget.focusPolicy() is Qt.FocusPolicy.NoFocus:
            widget.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._pages[page] = PageScroll(widget)
        self._stack.addWidget(self._pages[page])
        self.sidebar.add(page)
        self.shortcuts.install({f"page_{page}": self._openers[page].open})
        if len(self._pages) == 1:
            self._turn_to(page)

    def set_panel(self, widget: QWidget, title: str = "Learn", page: str = "supervise") -> None:
        """Dock ``widget`` on the right of ``page``; it can be moved, floated and hidden."""
        self._panel = PanelDock(title, widget, self)
        self._panel_page = page
        self._panel.hidden_by_person.connect(partial(self._preferences.change, panel_visible=False))
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._panel)
        self.resizeDocks([self._panel], [theme.px(_PANEL_WIDTH)], Qt.Orientation.Horizontal)
        self.shortcuts.install({"panel": self.toggle_panel})
        self._show_panel_if_wanted()

    def add_above_pages(self, widget: QWidget) -> None:
        """Put ``widget`` above every page, below the alarms."""
        self._column.insertWidget(self._column.count() - 1, widget)

    def install_actions(self, handlers: Mapping[str, Callable[[], object]]) -> None:
        """Connect keys of the table ``shortcuts.BINDINGS`` with functions; the overlay lists them from then on."""
        self.shortcuts.install(handlers)

    def ask_before_closing(self, question: Callable[[], bool]) -> None:
        """Call ``question`` when the person closes the window; False keeps it open.

        It also replaces a question that is open now, see ``question_replaced``.
        """
        self._may_close = question
        self.question_replaced.emit()

    def limit_pages(self, pages: frozenset[str]) -> None:
        """Show a participant of a study only these pages, and warnings, but nothing that names policies; empty: all."""
        self._only_pages = pages
        self.shortcuts.limit_to(PARTICIPANT_ACTIONS if pages else frozenset())
        for each in (self.header, self._pages_bar):
            each.setVisible(not pages)
        self._show_panel_if_wanted()

    def restore(self) -> None:
        """Restore size, docks and page of the last time, or take 1440 × 900 within the screen."""
        # Not before all pages are there: their parts would be styled each time they are put into a larger part.
        theme.give_own_sheet(self)
        remembered = self._preferences.value
        if not (remembered.geometry and self.restoreGeometry(_decoded(remembered.geometry))):
            take_first_place(self)
        # Docks after the size: Qt fits them into the window as it then is.
        if remembered.window_state:
            self.restoreState(_decoded(remembered.window_state), _STATE_VERSION)
        # A page of an earlier version may be gone.
        if remembered.page in self._pages:
            self.show_page(remembered.page)
        self._show_panel_if_wanted()

    # ── pages and messages ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def page(self) -> str:
        """Name of the page that is shown; empty before the first was added."""
        return self.pages[self._stack.currentIndex()] if self._pages else ""

    @property
    def pages(self) -> tuple[str, ...]:
        """Names of the pages there are, in the order they were added."""
        return tuple(self._pages)

    @property
    def panel(self) -> QDockWidget | None:
        """The dock on the right, if there is one."""
        return self._panel

    def show_page(self, page: str) -> None:
        """Show a page that was added; raise ``KeyError`` for one that was not."""
        if not self._only_pages or page in self._only_pages:
            self._turn_to(page)
            self._preferences.change(page=page)

    def say(self, level: Level, text: str, action: MessageAction | None = None) -> None:
        """Show one sentence in the message line, with an action if one helps."""
        if not self._only_pages or level in {"warning", "error"}:
            self.messages.say(level, text, action)

    def say_note(self, level: str, text: str) -> None:
        """Show a note of another process; a level that is not known counts as information."""
        self.say(as_level(level), text)

    def show_uncaught(self, error: UncaughtError) -> None:
        """Show an error that no handler caught; the window goes on."""
        self.messages.say("error", error.summary)

    def show_shortcuts(self) -> None:
        """Open or close the list of keys."""
        self._overlay.toggle(self.shortcuts.listed)

    def close_shortcuts(self) -> None:
        """Close the list of keys, if it is open."""
        self._overlay.close_list()

    def close_top(self) -> bool:
        """Close what is on top: a menu, the list of keys, or else leave the text field; return whether there was one.

        Every Esc begins with it, so that the first Esc never passes by something that lies on top.
        """
        if close_popup() or self._overlay.close_list():
            return True
        if is_text(QApplication.focusWidget()):
            self._give_focus_to_page()
            return True
        return False

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Move the focus with Tab; when its widget was disabled or hidden, give it to the page.

        Qt would take the next widget in the tab order, and that may be Stop, Use or Calibrate: the next Space or Enter
        of a person who has just pressed another button would press it.
        """
        if focus_was_lost(self):
            self._give_focus_to_page()
            return True
        return super().focusNextPrevChild(forward)

    def toggle_panel(self) -> None:
        """Show the panel on its page, or hide it."""
        if self._panel is None:
            return
        # On another page, or in a window that is too narrow, it is hidden: the key then shows it.
        visible = self._asked = self._panel.isHidden()
        self._preferences.change(panel_visible=visible)
        if visible and self.page != self._panel_page:
            self.show_page(self._panel_page)
        self._show_panel_if_wanted()

    def show_panel(self) -> None:
        """Show the panel on its page."""
        self._asked = True
        self._preferences.change(panel_visible=True)
        if self._panel is not None:
            self.show_page(self._panel_page)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the panel where the page needs the room."""
        super().resizeEvent(event)
        self._show_panel_if_wanted()

    def showEvent(self, event: QShowEvent) -> None:
        """Stay within the screen, frame included."""
        super().showEvent(event)
        if QGuiApplication.platformName() == "offscreen":
            return  # its screen is made up and small; unattended runs choose their own size
        for delay_ms in FRAME_MS:
            QTimer.singleShot(delay_ms, self, self._fit_into_screen)

    def toggle_full_screen(self) -> None:
        """Fill the screen with the window, or go back to its size."""
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask, then remember size and docks and announce the end, once."""
        # The end of the program closes every window once more; there is nothing left to ask or to save.
        if self._closed:
            return
        if not self._ask():
            event.ignore()
            return
        self._closed = True
        if self._panel is not None:
            self._panel.stand_beside(True)  # the next window may have room for both
        self._preferences.change(
            geometry=_encoded(self.saveGeometry()), window_state=_encoded(self.saveState(_STATE_VERSION))
        )
        # At once: the timer that usually saves will not run any more.
        self._preferences.save()
        # While the window still exists: the slots stop processes that may report to it.
        self.closing.emit()
        super().closeEvent(event)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _ask(self) -> bool:
        # A question runs an event loop of its own, in which a signal of the system may replace it. Qt drops
        # a second ``close`` until the first has returned, so the answer to the newest question counts here.
        while True:
            asked = self._may_close
            answer = asked()
            if self._may_close is asked:
                return answer

    def _arrange(self) -> None:
        self.setWindowTitle("MILE Desktop")
        self.setMinimumSize(*_LEAST_SIZE)
        self.setDockNestingEnabled(True)
        self.setMenuWidget(self.header)
        bar = self._pages_bar
        # Qt saves and restores a tool bar by this name.
        bar.setObjectName("rail_bar")
        bar.setMovable(False)
        # Qt's own menu would let a person hide the tool bar without a way to get it back.
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.addWidget(self.sidebar)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, bar)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        centre = QWidget(self)
        self._column = column = QVBoxLayout(centre)
        theme.space(column, (0, 0, 0, 0), 0)
        column.addWidget(self.alarms)
        column.addWidget(self._stack, 1)
        self.setCentralWidget(centre)
        status = self.statusBar()
        status.setSizeGripEnabled(False)
        status.addWidget(self.messages, 1)

    def _connect(self) -> None:
        self.sidebar.chosen.connect(self.show_page)
        self.header.panel_asked.connect(self.toggle_panel)
        self.header.help_asked.connect(self.show_shortcuts)
        self.header.device_asked.connect(self._openers["devices"].open)
        self.header.policies_asked.connect(self._openers["policies"].open)
        self._preferences.problem_occurred.connect(partial(self.messages.say, "warning"))
        self._preferences.changed.connect(self._preferences_changed)

    def _turn_to(self, page: str) -> None:
        self._stack.setCurrentWidget(self._pages[page])
        # Focus on the page: otherwise Qt gives it to the first widget in the tab order, a menu of the header.
        self._give_focus_to_page()
        self.sidebar.select(page)
        self.shortcuts.set_page(page)
        self._show_panel_if_wanted()
        self.page_changed.emit(page)

    def _give_focus_to_page(self) -> None:
        if shown := self._pages.get(self.page):
            shown.page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_panel_if_wanted(self) -> None:
        if self._panel is not None:
            # Hiding it with the page, or for want of room, does not change whether the person wants it.
            fits = self.width() >= theme.px(_PANEL_FROM)
            wanted = self._preferences.value.panel_visible and (self._asked or fits) and not self._only_pages
            self._panel.stand_beside(self.width() >= theme.px(_PANEL_BESIDE_FROM))
            self._panel.setVisible(wanted and self.page == self._panel_page)

    def _preferences_changed(self, value: Preferences) -> None:
        wanted = value.theme, value.ui_scale
        application = QApplication.instance()
        if wanted != self._look and isinstance(application, QApplication):
            resized = wanted[1] != self._look[1]
            self._look = wanted
            theme.apply(application, *wanted)
            # Docks keep their width in pixels, which does not fit text of another size.
            if resized and self._panel is not None:
                self.resizeDocks([self._panel], [theme.px(_PANEL_WIDTH)], Qt.Orientation.Horizontal)
                self._show_panel_if_wanted()

    def _fit_into_screen(self) -> None:
        fit_into_screen(self)


class PageOpener(QObject):
    """Opens one page; keys and buttons are connected to it."""

    def __init__(self, window: MainWindow, page: str) -> None:
        super().__init__(window)
        self._window = window
        self._page = page

    def open(self) -> None:
        """Show the page if the window has it."""
        if self._page in self._window.pages:
            self._window.show_page(self._page)


def close_every_window() -> None:
    """Close all windows without a question; for the end of the program, also after an error.

    Qt's own clean-up, which runs when Python ends, must find no window that is still shown: it would hide it after its
    native window was deleted, and call our overrides while Python can no longer handle their errors.
    """
    for widget in QApplication.topLevelWidgets():
        if not isValid(widget):  # it went with one that was closed just now
            continue
        if isinstance(widget, MainWindow):
            # There may be no person to answer a question.
            widget.ask_before_closing(_always)
        widget.close()


def _always() -> bool:
    return True


def _encoded(data: QByteArray) -> str:
    return base64.b64encode(data.data()).decode("ascii")


def _decoded(text: str) -> QByteArray:
    """Return the bytes behind ``text``; empty for a damaged one, which Qt then ignores."""
    try:
        return QByteArray(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return QByteArray()
