"""Shows every axis and button of the gamepad live."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from mile_desktop.operators.controls import control_label
from mile_desktop.rollout.messages import PadState
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_AXIS_HEIGHT = 24
_CHIP, _CHIP_GAP = 32, 8
_LABEL_WIDTH, _VALUE_WIDTH = 56, 48
_SECTION = 32
_LEAST_WIDTH = 184
_NAMED_WIDTH = 96
"""Of ``right stick ↑↓``."""
_ON_CHIPS = {
    "leftstick": "LS", "rightstick": "RS", "dpup": "↑", "dpdown": "↓", "dpleft": "←", "dpright": "→",
    "touchpad": "Pad", "misc1": "Misc", "paddle1": "P1", "paddle2": "P2", "paddle3": "P3", "paddle4": "P4",
}  # fmt: skip
"""Names that are too long for a chip."""


class LivePadView(OverrideGuard, QWidget):
    """Bars for axes and chips for buttons.

    One widget paints them all: sixty updates a second of thirty labels and bars would each lay out and style the page.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._axes: tuple[float, ...] = ()
        self._buttons: tuple[bool, ...] = ()
        self._axis_names: tuple[str, ...] = ()
        self._button_names: tuple[str, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setAccessibleName("Axes and buttons")
        theme.bound(self, least_width=_LEAST_WIDTH)
        theme.signals().changed.connect(self.update)

    @property
    def pressed(self) -> tuple[int, ...]:
        """Numbers of the buttons that are down."""
        return tuple(index for index, down in enumerate(self._buttons) if down)

    def show_state(self, state: PadState) -> None:
        """Show the newest reading."""
        grown = len(state.axes) != len(self._axes) or len(state.buttons) != len(self._buttons)
        # A pad at rest repeats the same state; repainting only on a change keeps the page idle.
        names = state.axis_names, state.button_names
        if not grown and (state.axes, state.buttons, *names) == (
            *(self._axes, self._buttons),
            *(self._axis_names, self._button_names),
        ):
            return
        self._axis_names, self._button_names = names
        self._axes, self._buttons = state.axes, state.buttons
        if grown:
            self.setMinimumHeight(self._height_for(self.width()))
            self.updateGeometry()
        self.update()

    def axis_text(self, index: int) -> str:
        """Return the name of an axis: that of a known pad, else its number."""
        name = self._axis_names[index] if index < len(self._axis_names) else ""
        return control_label(name) if name else f"axis {index}"

    def button_text(self, index: int) -> str:
        """Return what stands on a button's chip: its name on a known pad, else its number."""
        name = self._button_names[index] if index < len(self._button_names) else ""
        return _ON_CHIPS.get(name) or control_label(name) if name else str(index)

    def sizeHint(self) -> QSize:
        """Return the size that all axes and buttons need."""
        width = max(self.width(), theme.px(240))
        return QSize(theme.px(240), self._height_for(width))

    def resizeEvent(self, event: object) -> None:  # noqa: ARG002 (Qt's signature)
        """Set the height that the rows of chips need at this width."""
        self.setMinimumHeight(self._height_for(self.width()))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 (Qt's signature)
        """Paint axes, then buttons."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font("secondary"))
        for index, value in enumerate(self._axes):
            self._paint_axis(painter, index, value)
        top = len(self._axes) * theme.px(_AXIS_HEIGHT) + theme.px(_SECTION)
        for index, down in enumerate(self._buttons):
            self._paint_button(painter, index, top, down=down)
        painter.end()

    def _paint_axis(self, painter: QPainter, index: int, value: float) -> None:
        height = theme.px(_AXIS_HEIGHT)
        row = QRectF(0, index * height, self.width(), height)
        left, right = (
            theme.px(_NAMED_WIDTH if self._axis_names else _LABEL_WIDTH),
            self.width() - theme.px(_VALUE_WIDTH),
        )
        track = QRectF(left, row.center().y() - theme.px(4), right - left, theme.px(8))
        # Some drivers report values slightly beyond ±1.
        middle, reach = track.center().x(), track.width() / 2 * max(-1.0, min(1.0, value))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.brush("raised"))
        painter.drawRoundedRect(track, theme.px(4), theme.px(4))
        painter.setBrush(theme.brush("policy"))
        painter.drawRect(QRectF(min(middle, middle + reach), track.top(), abs(reach), track.height()))
        painter.setPen(theme.pen("secondary", 1.0))
        painter.drawLine(int(middle), int(track.top()) - 2, int(middle), int(track.bottom()) + 2)
        painter.setPen(theme.token("secondary"))
        painter.drawText(row, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.axis_text(index))
        painter.setPen(theme.token("text"))
        painter.drawText(row, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{value:+.2f}")

    def _paint_button(self, painter: QPainter, index: int, top: int, *, down: bool) -> None:
        size, pitch = theme.px(_CHIP), theme.px(_CHIP + _CHIP_GAP)
        columns = self._columns(self.width())
        chip = QRectF((index % columns) * pitch, top + (index // columns) * pitch, size, size)
        painter.setPen(theme.pen("policy" if down else "line", 1.5))
        painter.setBrush(theme.brush("policy" if down else "raised"))
        painter.drawRoundedRect(chip, size / 2, size / 2)
        painter.setPen(theme.token("on_accent" if down else "secondary"))
        painter.setFont(theme.font("secondary", bold=down))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, self.button_text(index))

    def _columns(self, width: int) -> int:
        return max(1, (width + theme.px(_CHIP_GAP)) // theme.px(_CHIP + _CHIP_GAP))

    def _height_for(self, width: int) -> int:
        # Rounded up: a row that is not full needs its height, too.
        rows = -(-len(self._buttons) // self._columns(width))
        return len(self._axes) * theme.px(_AXIS_HEIGHT) + theme.px(_SECTION) + rows * theme.px(_CHIP + _CHIP_GAP)
