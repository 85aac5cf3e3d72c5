"""Cards at the lower right of the window: warnings, errors, and whatever a person can undo."""

import re
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from mile_desktop.ui.shell.message_line import Entry, MessageLine, action_button, level_icon
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_BREAKS = re.compile(r"([/\\\-_.:])")
_LONGEST_WORD = 16
"""Letters of a word that fit beside a button on the narrowest card."""
_BESIDE = 50
"""Letters of a message and of its button that fit beside each other in two lines."""
_WIDTH = 320
_MARGIN = 8
_MOST = 3
_CLEAR = 64
"""Height of the row of buttons at the lower end of the Supervise page: no card may cover Stop."""
_ACTION_MS, _WARNING_MS = 12_000, 8_000
"""A card with a button stays longer: a person has to read it and to decide."""


class Toasts(OverrideGuard, QWidget):
    """Shows new messages that need a reaction, above the message line; window's thread only.

    Messages that only inform stay in the line: a card for each saved episode would cover the window all the time.
    A card goes by itself, or with a click on its cross, or when its action was run elsewhere or is not possible any
    more. Cards never take the keyboard focus.

    Parameters
    ----------
    window
        The window over which the cards lie.
    line
        The messages.
    """

    def __init__(self, window: QWidget, line: MessageLine) -> None:
        super().__init__(window)
        self._line = line
        self._column = QVBoxLayout(self)
        theme.space(self._column, spacing=_MARGIN)
        line.added.connect(self._add)
        line.actions_changed.connect(self._drop_impossible)
        theme.signals().changed.connect(self._place)
        window.installEventFilter(self)
        self.hide()

    @property
    def shown(self) -> tuple[Entry, ...]:
        """The messages on cards, oldest first."""
        return tuple(card.entry for card in self._cards())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size."""
        if event.type() is QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _add(self, entry: Entry) -> None:
        if entry.action is None and entry.level not in {"warning", "error"}:
            return
        for card in self._cards():
            # The same sentence again: a key that is held must not fill the corner with copies.
            if card.entry.text == entry.text:
                self._remove(card)
        for card in self._cards()[: 1 - _MOST]:
            self._remove(card)
        self._column.addWidget(Card(entry, self._line.run, self._remove))
        self.show()
        self.raise_()
        self._place()

    def _cards(self) -> list["Card"]:
        items = [self._column.itemAt(index) for index in range(self._column.count())]
        return [card for item in items if item is not None and isinstance(card := item.widget(), Card)]

    def _drop_impossible(self) -> None:
        for card in self._cards():
            if card.entry.action is not None and not self._line.can_run(card.entry):
                self._remove(card)

    def _remove(self, card: "Card") -> None:
        card.end()
        self._column.removeWidget(card)
        card.hide()
        # Not at once: this may run inside a click on a button of that very card.
        card.deleteLater()
        self.setVisible(bool(self._cards()))
        self._place()

    def _place(self) -> None:
        window, width = self.window(), theme.px(_WIDTH)
        # A height for this width: the texts wrap.
        height = self._column.heightForWidth(width)
        bottom = self._line.mapTo(window, self._line.rect().topLeft()).y() - theme.px(_CLEAR)
        self.setGeometry(window.width() - width - theme.px(_MARGIN), bottom - height, width, height)


class Card(OverrideGuard, QFrame):
    """One message with its button; goes after a while, but not while the mouse is on it.

    Parameters
    ----------
    entry
        The message.
    run
        Called with the message when a person presses its button.
    ended
        Called with this card when it must go.
    """

    def __init__(self, entry: Entry, run: Callable[[Entry], None], ended: Callable[["Card"], None]) -> None:
        super().__init__()
        self.entry = entry
        self._ended = ended
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_ACTION_MS if entry.action else _WARNING_MS)
        self._timer.timeout.connect(self._end)
        self.setObjectName("overlay")
        self.setAccessibleName(entry.text)
        self._lay_out(run)
        self._timer.start()

    def end(self) -> None:
        """Count no time any more."""
        self._timer.stop()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Stay while the mouse is here."""
        super().enterEvent(event)
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        """Go after the whole time again."""
        super().leaveEvent(event)
        self._timer.start()

    def _lay_out(self, run: Callable[[Entry], None]) -> None:
        text = QLabel(breakable(self.entry.text))
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setWordWrap(True)
        close = QToolButton()
        close.setToolTip("Close")
        close.setAccessibleName("Close")
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.set_icon(close, "mdi6.close", "secondary", 16)
        close.clicked.connect(self._end)
        column = QVBoxLayout(self)
        theme.space(column, (12, 8, 4, 8), 4)
        row = QHBoxLayout()
        theme.space(row, spacing=8)
        row.addWidget(level_icon(self.entry.level, self), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(text, 1)
        column.addLayout(row)
        if self.entry.action is not None:
            action = action_button(self.entry.action.label, lambda: run(self.entry))
            # Beside the button, a sentence would be a column of single words.
            if len(self.entry.text) + len(self.entry.action.label) > _BESIDE:
                column.addWidget(action, 0, Qt.AlignmentFlag.AlignRight)
            else:
                row.addWidget(action, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)

    def _end(self) -> None:
        self._ended(self)


def breakable(text: str) -> str:
    """Return ``text`` with invisible places at which a long path or file name may be broken.

    Qt breaks lines between words only: a file name that is wider than its card would be cut off.
    """
    words = text.split(" ")
    return " ".join(_BREAKS.sub("\\1\u200b", word) if len(word) > _LONGEST_WORD else word for word in words)
