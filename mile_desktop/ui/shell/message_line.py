"""The line at the bottom of the window with the newest message, and the list of earlier ones."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal, get_args

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.elided_label import ElidedLabel
from mile_desktop.ui.widgets.override_guard import OverrideGuard

Level = Literal["info", "success", "warning", "error"]

_ICONS: dict[Level, tuple[str, str, str]] = {
    "info": ("mdi6.information-outline", "info", "Information"),
    "success": ("mdi6.check-circle-outline", "success", "Done"),
    "warning": ("mdi6.alert-outline", "warning", "Warning"),
    "error": ("mdi6.alert-octagon-outline", "error", "Error"),
}
_RANK: dict[Level, int] = {"info": 0, "success": 0, "warning": 1, "error": 2}
_KEPT = 200
_EXPIRES_MS = 30_000
"""Good news leaves the line after this time: five minutes later it would be read as something that has just happened.
Warnings and errors stay until the next message."""
_PROTECTED_S = {0: 0.0, 1: 4.0, 2: 8.0}
"""How long a message of each rank stays before a lower one may replace it."""


@dataclass(frozen=True, slots=True)
class MessageAction:
    """What a person can do about a message: a button beside it."""

    label: str
    run: Callable[[], object]
    topic: str = ""
    """What the action changes. A newer action of the same topic takes the older one back, because only the newest can
    still be done; so does ``MessageLine.withdraw``. Empty: the action stays possible."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message."""

    level: Level
    text: str
    at: datetime
    """Local time."""
    action: MessageAction | None = None


class MessageLine(OverrideGuard, QFrame):
    """Shows the newest message with an icon for its level; a click shows the earlier ones.

    An error stays for eight seconds before information may replace it, unless its action was run or taken back; what
    came meanwhile is in the list. Good news leaves the line after half a minute. An action can be run once, from the
    line, from the list or from a toast.
    """

    added = Signal(object)
    """A new ``Entry``."""
    actions_changed = Signal()
    """An action was run or taken back, see ``can_run``."""

    def __init__(self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._shown: Entry | None = None
        self._shown_at = 0.0
        self._history: History | None = None
        # By identity: two entries may be equal, and only one of them may have been run.
        self._possible: dict[int, Entry] = {}
        self._expiry = QTimer(self)
        self._expiry.setSingleShot(True)
        self._expiry.setInterval(_EXPIRES_MS)
        self._expiry.timeout.connect(self._show_nothing)
        self.setObjectName("message_line")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Show earlier messages")
        self._icon = _level_button(self)
        self._text = ElidedLabel("Show earlier messages", self)
        self._action = QToolButton(self)
        self._action.clicked.connect(self._run_action)
        theme.set_role(self._action, "link")
        self._time = QLabel(self)
        theme.set_role(self._time, "secondary")
        self._lay_out()
        self._show_nothing()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The messages, oldest first; at most the last 200."""
        return tuple(self._entries)

    @property
    def shown(self) -> Entry | None:
        """The message in the line; None before the first one."""
        return self._shown

    def say(self, level: Level, text: str, action: MessageAction | None = None) -> None:
        """Show one sentence, with a button for ``action`` beside it."""
        entry = Entry(level, text, datetime.now().astimezone(), action)
        # Every message goes to the list, also one that is not shown in the line.
        if len(self._entries) == _KEPT:
            self._possible.pop(id(self._entries[0]), None)
        self._entries.append(entry)
        if action is not None:
            if action.topic:
                self.withdraw(action.topic)
            self._possible[id(entry)] = entry
        if self._may_replace(entry):
            self._show(entry)
        self._refill()
        self.added.emit(entry)

    def can_run(self, entry: Entry) -> bool:
        """Return whether the action of ``entry`` is still possible."""
        return id(entry) in self._possible

    def run(self, entry: Entry) -> None:
        """Run the action of ``entry`` if it is still possible."""
        # Taken back first: the action may show a message of its own, and none of them may run twice.
        if self._possible.pop(id(entry), None) is not None and entry.action is not None:
            self._show_actions()
            entry.action.run()

    def run_newest(self) -> None:
        """Run the newest action that is still possible, if there is one."""
        if self._possible:
            self.run(next(reversed(self._possible.values())))

    def withdraw(self, topic: str) -> None:
        """Take back the actions of ``topic``: what they would change has changed."""
        gone = [key for key, entry in self._possible.items() if entry.action and entry.action.topic == topic]
        for key in gone:
            del self._possible[key]
        if gone:
            self._show_actions()

    def show_history(self) -> None:
        """Open the list of earlier messages above the line, or close it."""
        if self._history is None:
            # A child of the window and not of the line, which would clip it.
            self._history = History(self.window(), self)
        if self._history.isVisible():
            self._history.hide()
            return
        self._history.fill(self._entries)
        self._history.place_above(self)
        self._history.show()
        self._history.raise_()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open or close the list."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.show_history()
        super().mousePressEvent(event)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        theme.space(row, (16, 0, 16, 0), 8)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        row.addWidget(self._action)
        row.addWidget(self._time)

    def _may_replace(self, entry: Entry) -> bool:
        # An equal rank replaces: of two errors the newer one counts.
        if self._shown is None or _RANK[entry.level] >= _RANK[self._shown.level]:
            return True
        # What it asked for is not possible any more, so it has been settled: the news of that must not have to wait.
        if self._shown.action is not None and not self.can_run(self._shown):
            return True
        return self._clock() - self._shown_at >= _PROTECTED_S[_RANK[self._shown.level]]

    def _show(self, entry: Entry) -> None:
        self._shown, self._shown_at = entry, self._clock()
        _set_level(self._icon, entry.level)
        self._icon.show()
        self._text.set_full_text(entry.text)
        self._time.setText(entry.at.strftime("%H:%M:%S"))
        self._action.setText(entry.action.label if entry.action else "")
        self._action.setVisible(self.can_run(entry))
        if _RANK[entry.level]:
            self._expiry.stop()
        else:
            self._expiry.start()

    def _show_nothing(self) -> None:
        self._shown = None
        self._icon.hide()
        self._action.hide()
        self._text.set_full_text("")
        self._time.setText("")

    def _show_actions(self) -> None:
        self._action.setVisible(self._shown is not None and self.can_run(self._shown))
        self._refill()
        self.actions_changed.emit()

    def _refill(self) -> None:
        if self._history is not None and self._history.isVisible():
            self._history.fill(self._entries)

    def _run_action(self) -> None:
        if self._shown is not None:
            self.run(self._shown)


class History(QFrame):
    """The earlier messages, newest at the bottom, with the actions that are still possible."""

    def __init__(self, window: QWidget, line: MessageLine) -> None:
        super().__init__(window)
        self._line = line
        self.setObjectName("overlay")
        self._list = QWidget()
        self._rows = QVBoxLayout(self._list)
        theme.space(self._rows, (16, 8, 16, 8), 6)
        self._scroll = QScrollArea(self)
        self._scroll.setAccessibleName("Earlier messages")
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._list)
        column = QVBoxLayout(self)
        theme.space(column, (0, 8, 0, 8), 0)
        column.addWidget(self._scroll)
        self.hide()

    def fill(self, entries: Sequence[Entry]) -> None:
        """Show ``entries``."""
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                # Not at once: this may run inside an event of that very widget.
                widget.deleteLater()
        for entry in entries or (Entry("info", "There are no messages yet.", datetime.now().astimezone()),):
            self._rows.addWidget(_row(entry, partial(self._line.run, entry) if self._line.can_run(entry) else None))
        self._rows.addStretch(1)

    def place_above(self, line: QWidget) -> None:
        """Stand above ``line``: two thirds of the window wide, as high as needed, at most a third of the window."""
        window = line.window()
        width = window.width() * 2 // 3
        needed = self._rows.heightForWidth(width - theme.px(24)) + theme.px(24)
        height = max(theme.px(48), min(needed, window.height() // 3))
        corner = line.mapTo(window, QPoint(0, 0))
        self.setGeometry(theme.px(8), corner.y() - height - theme.px(8), width, height)
        bar = self._scroll.verticalScrollBar()
        # The range is known only after the layout of the new rows; the newest message must then be in view.
        bar.rangeChanged.connect(self._to_end)
        self._to_end()

    def _to_end(self) -> None:
        bar = self._scroll.verticalScrollBar()
        bar.setValue(bar.maximum())


def _row(entry: Entry, run: Callable[[], object] | None) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    theme.space(layout, (0, 0, 0, 0), 8)
    clock = QLabel(entry.at.strftime("%H:%M:%S"))
    theme.set_role(clock, "secondary")
    icon = level_icon(entry.level, row)
    text = QLabel(entry.text)
    # Qt would otherwise read a path or an error with < and > as HTML.
    text.setTextFormat(Qt.TextFormat.PlainText)
    text.setWordWrap(True)
    text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    layout.addWidget(clock, 0, Qt.AlignmentFlag.AlignTop)
    layout.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
    layout.addWidget(text, 1)
    if entry.action is not None and run is not None:
        layout.addWidget(action_button(entry.action.label, run), 0, Qt.AlignmentFlag.AlignTop)
    return row


def action_button(label: str, run: Callable[[], object]) -> QToolButton:
    """Return a button for the action of a message; a click does not take the focus from the page."""
    button = QToolButton()
    button.setText(label)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    theme.set_role(button, "link")
    # ``clicked`` carries whether the button is checked.
    button.clicked.connect(lambda _: run())
    return button


def as_level(text: str) -> Level:
    """Return the level that another process has named; an unknown one counts as information."""
    return next((level for level in get_args(Level) if level == text), "info")


def level_icon(level: Level, parent: QWidget) -> QToolButton:
    """Return the icon of a level, which is no button for a person."""
    button = _level_button(parent)
    _set_level(button, level)
    return button


def _level_button(parent: QWidget) -> QToolButton:
    """Make a button without clicks and focus: unlike a label's picture, its icon follows the theme."""
    button = QToolButton(parent)
    button.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    theme.set_role(button, "bare")
    return button


def _set_level(button: QToolButton, level: Level) -> None:
    name, colour, word = _ICONS[level]
    theme.set_icon(button, name, colour, 16)
    button.setAccessibleName(word)
