"""The ``?`` overlay: a table of all keys and gamepad controls over the window."""

from collections.abc import Sequence
from itertools import groupby

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from mile_desktop.ui.shell.shortcuts import Binding, tooltip
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_WIDTH = 1160
_TWO_COLUMNS_FROM = 840
_FRAME = 104
"""Height of the card beside its rows."""
_PAD_WIDTH, _KEY_WIDTH = 96, 112
_COLUMNS = 2


class ShortcutOverlay(OverrideGuard, QWidget):
    """Covers the window it belongs to; a click, ``?`` or Esc closes it. Driving keys keep working under it.

    It has the focus while it is open, so that no key reaches a widget under it.
    """

    opened = Signal(bool)
    """Whether the list is open now."""
    guide_asked = Signal()
    """Begin the guided start."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._before: QWidget | None = None
        self._card = QFrame(self)
        self._card.setObjectName("overlay")
        self._body = QWidget()
        self._row = QHBoxLayout(self._body)
        self._columns = [QVBoxLayout() for _ in range(_COLUMNS)]
        self._lay_out()
        window.installEventFilter(self)
        self.hide()

    def toggle(self, bindings: Sequence[Binding]) -> None:
        """Show the table, or close it."""
        if self.isVisible():
            self.close_list()
            return
        self._before = self.window().focusWidget()
        self._fill(bindings)
        self._cover()
        self.show()
        self.raise_()
        self._scroll.setFocus(Qt.FocusReason.OtherFocusReason)
        self.opened.emit(True)

    def close_list(self) -> bool:
        """Close the table and give the focus back; return whether it was open."""
        if not self.isVisible():
            return False
        self.hide()
        # The widget may have been deleted or hidden while the list was open.
        if self._before is not None and isValid(self._before) and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self._before = None
        self.opened.emit(False)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size."""
        if event.type() is QEvent.Type.Resize and self.isVisible():
            self._cover()
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Close on a click beside the card."""
        if not self._card.geometry().contains(event.position().toPoint()):
            self.close_list()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dim the window below."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme.token("shade", 0.45))
        painter.end()

    def _cover(self) -> None:
        window = self.parentWidget()
        if window is None:
            return
        self.setGeometry(window.rect())
        width = self._card_width()
        height = min(self._body.sizeHint().height() + theme.px(_FRAME), self.height() - theme.px(32))
        self._card.setGeometry((self.width() - width) // 2, (self.height() - height) // 2, width, height)

    def _card_width(self) -> int:
        return min(theme.px(_WIDTH), self.window().width() - theme.px(32))

    def _lay_out(self) -> None:
        title = QLabel("Shortcuts")
        theme.set_role(title, "title")
        hint = QLabel(
            "Keys have no effect while you type. Letters that drive are places on a US keyboard. "
            "The gamepad's controls can be changed on the Devices page."
        )
        theme.set_role(hint, "quiet")
        hint.setWordWrap(True)
        guide = QPushButton("Guided start")
        guide.setToolTip(tooltip("Do everything once, step by step", "guide"))
        theme.set_icon(guide, "mdi6.map-marker-path")
        guide.clicked.connect(self._begin_guide)
        close = QToolButton()
        close.setToolTip("Close (?)")
        close.setAccessibleName("Close")
        theme.set_icon(close, "mdi6.close", "secondary")
        close.clicked.connect(self.close_list)
        top = QHBoxLayout()
        theme.space(top, spacing=16)
        top.addWidget(title)
        top.addWidget(hint, 1)
        top.addWidget(guide)
        top.addWidget(close)
        row = self._row
        theme.space(row, (0, 0, 16, 0), 40)
        for column in self._columns:
            theme.space(column, spacing=16)
            row.addLayout(column)
        self._scroll = scroll = QScrollArea()
        scroll.setAccessibleName("Shortcuts")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._body)
        card = QVBoxLayout(self._card)
        theme.space(card, (24, 16, 16, 16), 16)
        card.addLayout(top)
        card.addWidget(scroll, 1)

    def _begin_guide(self) -> None:
        self.close_list()
        self.guide_asked.emit()

    def _fill(self, bindings: Sequence[Binding]) -> None:
        for column in self._columns:
            _clear(column)
        columns = _COLUMNS if self._card_width() >= theme.px(_TWO_COLUMNS_FROM) else 1
        groups = [(name, list(rows)) for name, rows in groupby(bindings, key=_group)]
        # One row more for each group's heading.
        first = len(groups) if columns == 1 else _halfway([len(rows) + 1 for _, rows in groups])
        for number, (name, rows) in enumerate(groups):
            self._columns[0 if number < first else 1].addWidget(_section(name, rows))
        for index, column in enumerate(self._columns):
            column.addStretch(1)
            self._row.setStretch(index, 1 if index < columns else 0)


def _halfway(heights: Sequence[int]) -> int:
    """Return how many groups go to the left column so that the longer column is as short as possible."""
    return min(range(len(heights) + 1), key=lambda first: max(sum(heights[:first]), sum(heights[first:])))


def _group(binding: Binding) -> str:
    return binding.group


def _clear(column: QVBoxLayout) -> None:
    while (item := column.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.deleteLater()


def _section(name: str, rows: Sequence[Binding]) -> QWidget:
    section = QWidget()
    grid = QGridLayout(section)
    theme.space(grid, spacing=6)
    heading = QLabel(name.upper())
    theme.set_role(heading, "caps")
    grid.addWidget(heading, 0, 0, 1, 3)
    for index, binding in enumerate(rows, start=1):
        key = QLabel(binding.keys_text)
        theme.set_role(key, "key")
        pad = QLabel(binding.pad)
        theme.set_role(pad, "secondary")
        title = QLabel(binding.title)
        title.setWordWrap(True)  # otherwise the longest title pushes the keys out of the card
        grid.addWidget(title, index, 0)
        grid.addWidget(pad, index, 1)
        grid.addWidget(key, index, 2, Qt.AlignmentFlag.AlignRight)
    grid.setColumnStretch(0, 1)
    grid.setColumnMinimumWidth(1, theme.px(_PAD_WIDTH))
    grid.setColumnMinimumWidth(2, theme.px(_KEY_WIDTH))
    return section
