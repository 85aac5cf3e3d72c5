"""Icons drawn from the letters of a font, drawn once for each size."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap

_ORIGINAL_PIXELS = 1.0
"""Qt asks for the pixels of the screen; the drawn icon must not be enlarged for a fine screen a second time."""


class FontIconEngine(QIconEngine):
    """Passes on what ``drawn`` draws.

    A font's icon is drawn by Python code, and a window draws several of them with each status: they are kept for each
    size. An icon without a size is not drawn at all; Qt asks for it while a layout has no room for a button, and would
    print a warning for each painter that cannot paint on nothing.
    """

    def __init__(self, drawn: QIcon) -> None:
        super().__init__()
        self._drawn = drawn
        self._kept: dict[tuple[int, int, QIcon.Mode, QIcon.State], QPixmap] = {}

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Paint the icon into ``rect``."""
        if not rect.isEmpty():
            self._drawn.paint(painter, rect, Qt.AlignmentFlag.AlignCenter, mode, state)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Return the icon of ``size``, pixels of the screen; no picture for an empty size."""
        if size.isEmpty():
            return QPixmap()
        key = size.width(), size.height(), mode, state
        if key not in self._kept:
            self._kept[key] = self._drawn.pixmap(size, _ORIGINAL_PIXELS, mode, state)
        return self._kept[key]

    def clone(self) -> QIconEngine:
        """Return another engine for the same icon."""
        return FontIconEngine(self._drawn)
