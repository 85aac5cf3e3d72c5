"""A row of controls that continues on the next line where the window is too narrow for all of them."""

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QSpacerItem, QWidget, QWidgetItem

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_LEAST_TEXT = 56
"""Room for a text that is shortened to its place, px at 100 %: with less, nothing of it can be read."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One item of the row, and the width that it needs, px."""

    item: QLayoutItem
    least: int
    wanted: int
    grows: bool


class WrappingRow(OverrideGuard, QLayout):
    """Lays widgets out from left to right, and begins a new line instead of letting them cover each other.

    Used like ``QHBoxLayout``. Its height follows from the width it has, not from ``heightForWidth``: a splitter and a
    scroll area ask for the smallest size only.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        # PySide6 refuses None where it expects a widget.
        if parent is None:
            super().__init__()
        else:
            super().__init__(parent)
        # Qt's side of a layout does not keep the Python objects of its items alive.
        self._items: list[QLayoutItem] = []
        self._growing: set[int] = set()
        self._width = 0
        self._lines = 1

    def addWidget(self, widget: QWidget, stretch: int = 0) -> None:
        """Add ``widget`` at the end; with a ``stretch`` it takes what the others of its line leave."""
        self.addChildWidget(widget)
        self.insert_item(len(self._items), QWidgetItem(widget), stretch)

    def insertWidget(self, index: int, widget: QWidget) -> None:
        """Add ``widget`` before item ``index``."""
        self.addChildWidget(widget)
        self.insert_item(index, QWidgetItem(widget))

    def addStretch(self, stretch: int = 1) -> None:
        """Add empty room that pushes what follows to the right end of its line."""
        room = QSpacerItem(0, 0, QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.insert_item(len(self._items), room, stretch)

    def addSpacing(self, pixels: int) -> None:
        """Add a gap of ``pixels``."""
        self.insert_item(len(self._items), QSpacerItem(pixels, 0, QSizePolicy.Policy.Fixed))

    def insert_item(self, index: int, item: QLayoutItem, stretch: int = 0) -> None:
        """Add ``item`` before item ``index``."""
        self._items.insert(index, item)
        if stretch:
            self._growing.add(id(item))
        self.invalidate()

    def one_line_width(self) -> int:
        """Return the width from which everything stands on one line, px."""
        places = self._places()
        gaps = self.spacing() * max(0, len(places) - 1)
        left, _, right, _ = self._margins()
        return sum(place.least for place in places) + gaps + left + right

    # ── what Qt asks of a layout ─────────────────────────────────────────────────────────────────────────────────

    def addItem(self, item: QLayoutItem) -> None:
        """Add ``item`` at the end."""
        self.insert_item(len(self._items), item)

    def count(self) -> int:
        """Return the number of items."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Return item ``index``, or None."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Remove and return item ``index``, or None."""
        if not 0 <= index < len(self._items):
            return None
        item = self._items.pop(index)
        self._growing.discard(id(item))
        self.invalidate()
        return item

    def expandingDirections(self) -> Qt.Orientation:
        """Return that the row takes no more height than it needs."""
        return Qt.Orientation(0)

    def minimumSize(self) -> QSize:
        """Return the width of the widest item, and the height of all lines at the present width."""
        left, _, right, _ = self._margins()
        widest = max((place.least for place in self._places()), default=0)
        return QSize(widest + left + right, self._height())

    def sizeHint(self) -> QSize:
        """Return the width of one line, and the height of all lines at the present width."""
        return QSize(self.one_line_width(), self._height())

    def setGeometry(self, rect: QRect) -> None:
        """Place all items; ask for another height where the width needs more or fewer lines."""
        super().setGeometry(rect)
        self._width = rect.width()
        lines = self._broken_into_lines(rect.width())
        left, top, _, _ = self._margins()
        y = rect.y() + top
        for line in lines:
            height = _height_of(line)
            self._place(line, QRect(rect.x() + left, y, self._room(rect.width()), height))
            y += height + self.spacing()
        if len(lines) != self._lines:
            self._lines = len(lines)
            self.update()  # the height was computed for another number of lines

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _margins(self) -> tuple[int, int, int, int]:
        each = self.contentsMargins()
        return each.left(), each.top(), each.right(), each.bottom()

    def _room(self, width: int) -> int:
        left, _, right, _ = self._margins()
        return max(0, width - left - right)

    def _height(self) -> int:
        lines = self._broken_into_lines(self._width) if self._width else [self._places()]
        _, top, _, bottom = self._margins()
        gaps = self.spacing() * max(0, len(lines) - 1)
        return sum(map(_height_of, lines)) + gaps + top + bottom

    def _places(self) -> list[_Place]:
        return [self._measured(item) for item in self._items if item.spacerItem() or not item.isEmpty()]

    def _measured(self, item: QLayoutItem) -> _Place:
        least, wanted = item.minimumSize().width(), item.sizeHint().width()
        grows = id(item) in self._growing
        if grows and item.widget() is not None:
            least = max(least, theme.px(_LEAST_TEXT))
        return _Place(item, least, max(least, wanted), grows)

    def _broken_into_lines(self, width: int) -> list[list[_Place]]:
        """Fill one line after the other; each holds at least one item, however narrow it is."""
        room, lines, used = self._room(width), [[]], 0  # type: int, list[list[_Place]], int
        for place in self._places():
            needed = place.least + (self.spacing() if lines[-1] else 0)
            if lines[-1] and used + needed > room:
                lines.append([])
                used, needed = 0, place.least
            lines[-1].append(place)
            used += needed
        return lines

    def _place(self, line: list[_Place], room: QRect) -> None:
        spare = room.width() - sum(place.least for place in line) - self.spacing() * (len(line) - 1)
        growing = sum(place.grows for place in line)
        x = room.x()
        for place in line:
            width = place.least
            if not place.grows and spare > 0:
                # A drop-down list may get narrower than its longest entry, but not while there is room.
                extra = min(spare, place.wanted - place.least)
                width, spare = width + extra, spare - extra
            elif place.grows and spare > 0:
                after = sum(each.wanted - each.least for each in line if not each.grows)
                width += max(0, (spare - after) // growing) if growing else 0
            height = min(place.item.sizeHint().height(), room.height()) or room.height()
            height = max(height, place.item.minimumSize().height())
            top = room.y() + (room.height() - height) // 2
            place.item.setGeometry(QRect(QPoint(x, top), QSize(width, height)))
            x += width + self.spacing()


def _height_of(line: list[_Place]) -> int:
    return max((max(each.item.minimumSize().height(), each.item.sizeHint().height()) for each in line), default=0)
