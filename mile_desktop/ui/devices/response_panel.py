"""Settings of the gamepad's response: takeover mode, dead zone, curve, speed and inversion, with a live preview."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QSlider, QVBoxLayout, QWidget

from mile_desktop.operators.profile import DRIVEN, PadProfile
from mile_desktop.operators.takeover import TakeoverMode
from mile_desktop.rollout.messages import PadState
from mile_desktop.ui.devices.curve_preview import CurvePreview
from mile_desktop.ui.theme import theme

_MODES = (
    (TakeoverMode.HOLD, "While held", "You drive while you hold the button."),
    (TakeoverMode.TOGGLE, "Press, press again", "One press takes over, the next one hands back."),
    (
        TakeoverMode.STICK,
        "When a stick moves",
        "A moving stick takes over; a stick at rest hands back after the delay.",
    ),
)
_ENTRIES = {"x": "Away / nearer", "y": "Left / right", "z": "Up / down", "gripper": "Gripper"}
_PREVIEW_HEIGHT = 200


class ResponsePanel(QWidget):
    """Shows a profile; a change by the person is emitted and comes back with the next ``show_profile``."""

    changed = Signal(object)
    """Fields of ``PadProfile`` and their new values."""
    axis_changed = Signal(str, object)
    """Entry of the action; fields of its ``AxisBinding``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._showing = False
        self._mode = QComboBox()
        for mode, title, _ in _MODES:
            self._mode.addItem(title, mode)
        self._mode.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._mode_hint = QLabel()
        self._mode_hint.setWordWrap(True)
        theme.set_role(self._mode_hint, "secondary")
        self._delay = _SliderRow(10, 500, " s", 100.0)
        self._dead_zone = _SliderRow(0, 90, " %", 1.0)
        self._expo = _SliderRow(0, 100, " %", 1.0)
        self._speeds = {entry: _SliderRow(5, 100, " %", 1.0) for entry in DRIVEN}
        self._inverts = {entry: QCheckBox("invert") for entry in DRIVEN}
        self._preview = CurvePreview()
        theme.bound(self._preview, height=_PREVIEW_HEIGHT)
        self._lay_out()
        self._connect()

    def show_profile(self, profile: PadProfile) -> None:
        """Set every field without emitting a change."""
        # Setting a widget emits its signal, and the profile would come back as a change by the person.
        self._showing = True
        self._mode.setCurrentIndex(self._mode.findData(profile.mode))
        self._mode_hint.setText(next(hint for mode, _, hint in _MODES if mode is profile.mode))
        self._delay.set_value(round(profile.release_delay_s * 100))
        # Only this mode hands back by itself; in the others the delay would suggest an effect it does not have.
        self._delay.setEnabled(profile.mode is TakeoverMode.STICK)
        self._dead_zone.set_value(round(profile.dead_zone * 100))
        self._expo.set_value(round(profile.expo * 100))
        for entry in DRIVEN:
            # Sliders hold whole numbers, so shares are shown as per cent.
            self._speeds[entry].set_value(round(profile.axis(entry).speed * 100))
            self._inverts[entry].setChecked(profile.axis(entry).invert)
        self._preview.show_profile(profile)
        self._showing = False

    def show_state(self, state: PadState) -> None:
        """Show the stick that is pushed furthest in the preview."""
        # Triggers rest at −1 or 1 on many pads; such an axis would always win.
        sticks = [value for value in state.axes if abs(value) < 0.999]
        self._preview.show_position(max(sticks, key=abs, default=None))

    def _connect(self) -> None:
        self._mode.currentIndexChanged.connect(self._emit_changes)
        for row in (self._delay, self._dead_zone, self._expo):
            row.moved.connect(self._emit_changes)
        for entry in DRIVEN:
            self._speeds[entry].moved.connect(self._emit_axis_changes)
            self._inverts[entry].toggled.connect(self._emit_axis_changes)

    def _emit_changes(self) -> None:
        if not self._showing:
            self.changed.emit(
                {
                    "mode": TakeoverMode(self._mode.currentData()),
                    "release_delay_s": self._delay.value() / 100,
                    "dead_zone": self._dead_zone.value() / 100,
                    "expo": self._expo.value() / 100,
                }
            )

    def _emit_axis_changes(self) -> None:
        if self._showing:
            return
        wanted = {
            entry: {"speed": self._speeds[entry].value() / 100, "invert": self._inverts[entry].isChecked()}
            for entry in DRIVEN
        }
        # All of them, because a signal does not say which slider was moved; equal values change nothing.
        for entry, fields in wanted.items():
            self.axis_changed.emit(entry, fields)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        theme.space(grid, spacing=8)
        grid.setColumnStretch(1, 1)
        for index, (text, field) in enumerate(
            (("Take over", self._mode), ("", self._mode_hint), ("Hand back after", self._delay))
        ):
            _add(grid, index, text, field)
        grid.addWidget(_caps("STICK"), 3, 0, 1, 2)
        _add(grid, 4, "Dead zone", self._dead_zone)
        _add(grid, 5, "Curve", self._expo)
        grid.addWidget(self._preview, 6, 0, 1, 2)
        grid.addWidget(_caps("SPEED"), 7, 0, 1, 2)
        for index, entry in enumerate(DRIVEN, start=8):
            self._speeds[entry].add_behind(self._inverts[entry])
            _add(grid, index, _ENTRIES[entry], self._speeds[entry])
        column = QVBoxLayout(self)
        theme.space(column, (0, 0, 8, 0))
        column.addLayout(grid)
        column.addStretch(1)
        self._dead_zone.setToolTip("Stick positions closer to rest than this have no effect")
        self._expo.setToolTip("0 %: linear; 100 %: fine near rest and fast at the end")


class _SliderRow(QWidget):
    """A slider and its value as text."""

    moved = Signal()

    def __init__(self, low: int, high: int, unit: str, per_unit: float) -> None:
        super().__init__()
        self._unit, self._per_unit = unit, per_unit
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(low, high)
        theme.bound(self._slider, least_width=48)
        self._slider.setPageStep(max(1, (high - low) // 10))
        self._label = QLabel()
        theme.bound(self._label, least_width=48)
        self._label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._row = QGridLayout(self)
        theme.space(self._row, spacing=8)
        self._row.addWidget(self._slider, 0, 0)
        self._row.addWidget(self._label, 0, 1)
        self._row.setColumnStretch(0, 1)
        self.setFocusProxy(self._slider)
        self._slider.valueChanged.connect(self._value_changed)
        self._write()

    def value(self) -> int:
        """Return the slider's position."""
        return self._slider.value()

    def set_value(self, value: int) -> None:
        """Move the slider."""
        self._slider.setValue(value)

    def add_behind(self, widget: QWidget) -> None:
        """Add a widget at the right of the value."""
        self._row.addWidget(widget, 0, 2)

    def _value_changed(self) -> None:
        self._write()
        self.moved.emit()

    def _write(self) -> None:
        value = self._slider.value() / self._per_unit
        self._label.setText(f"{value:.1f}{self._unit}" if self._per_unit > 1 else f"{value:.0f}{self._unit}")


def _add(grid: QGridLayout, row: int, text: str, field: QWidget) -> None:
    label = QLabel(text)
    label.setBuddy(field)
    grid.addWidget(label, row, 0)
    grid.addWidget(field, row, 1)


def _caps(text: str) -> QLabel:
    label = QLabel(text)
    theme.set_role(label, "caps")
    return label
