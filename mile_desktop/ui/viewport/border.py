"""The coloured border of the view: a change of phase fades from one colour to the next."""

from PySide6.QtCore import QRect, Qt, QVariantAnimation
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.frame_canvas import BORDER

FADE_MS = 120
"""Duration of a change of colour. The badge changes at once; the fade only softens the frame."""


class Border:
    """Owned by ``view``, which it repaints while the colour changes; window's thread only."""

    def __init__(self, view: QWidget) -> None:
        self._name = "hold"
        self._fade = QVariantAnimation(view)
        self._fade.setDuration(FADE_MS)
        self._fade.valueChanged.connect(lambda _: view.update())
        self.show_at_once("hold")

    @property
    def colour(self) -> QColor:
        """The present colour, which may be between two."""
        colour: QColor = self._fade.currentValue()
        return colour

    def fade_to(self, name: str) -> None:
        """Change to the colour of the theme called ``name``."""
        if name == self._name:
            return
        self._name = name
        # Start from the colour on the screen now, so that two quick changes do not flash.
        self._fade.stop()
        self._fade.setStartValue(self._fade.currentValue())
        self._fade.setEndValue(theme.token(name))
        self._fade.start()

    def show_at_once(self, name: str) -> None:
        """Have this colour without a change, also after the theme has changed what it looks like."""
        self._name = name
        self._fade.stop()
        self._fade.setStartValue(theme.token(name))
        self._fade.setEndValue(theme.token(name))
        self._fade.setCurrentTime(FADE_MS)

    def paint(self, painter: QPainter, place: QRect) -> None:
        """Paint it just inside ``place``."""
        # A pen is centred on the widget's edge; its outer half is clipped, so twice the width shows the border whole.
        pen = QPen(self.colour, 2 * BORDER)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(place)
