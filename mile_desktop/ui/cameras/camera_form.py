"""The form with all settings of one camera."""

import msgspec
from PySide6.QtCore import QRectF, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.cameras.address import parse_address, spliced
from mile_desktop.cameras.errors import CameraAddressError
from mile_desktop.cameras.settings import CameraSettings, Crop
from mile_desktop.ui.cameras.camera_preview import crop_within
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.form_rows import choose, combo, rows

_SIZES = ((0, 0), (320, 240), (640, 480), (800, 600), (1280, 720), (1920, 1080))
_RATES = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0)
_ROTATIONS = ((0, "None"), (90, "90° clockwise"), (180, "180°"), (270, "90° anticlockwise"))
_MOST_PERCENT = 90
_SIDES = ("left", "top", "right", "bottom")


class CameraForm(QWidget):
    """Shows a camera's settings and emits changed ones; nothing is emitted while the fields are set."""

    edited = Signal(object)
    """The changed ``CameraSettings``."""
    refused = Signal(str)
    """One sentence about an invalid entry."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: CameraSettings | None = None
        self._showing = False
        self._name = QLineEdit()
        self._address = QLineEdit()
        self._enabled = QCheckBox("Use this camera")
        self._needed = QCheckBox("Required: hold the robot while it is stale")
        self._record = QCheckBox("Record a video of each episode")
        self._loop = QCheckBox("Loop")
        self._size = combo([(_size_text(*size), _size_text(*size)) for size in _SIZES])
        self._rate = combo([(_rate_text(rate), _rate_text(rate)) for rate in _RATES])
        self._rotation = combo(_ROTATIONS)
        self._stale = QDoubleSpinBox()
        self._crops = {side: QSpinBox() for side in _SIDES}
        self._uncropped = QPushButton("Reset crop")
        self._prepare()
        self._lay_out()
        self._connect()

    def show_camera(self, settings: CameraSettings | None) -> None:
        """Show the settings of a camera, or disable the form for None."""
        self._settings = settings
        # Disabled and not hidden: the dialog would change its size with every test of an address.
        self.setEnabled(settings is not None)
        if settings is None:
            return
        self._showing = True
        self._name.setText(settings.name)
        self._address.setText(settings.shown_address)
        # The beginning says what kind of camera it is; Qt would show the end.
        self._address.setCursorPosition(0)
        for box, value in self._checks(settings):
            box.setChecked(value)
        choose(self._size, _size_text(settings.max_width, settings.max_height))
        choose(self._rate, _rate_text(settings.rate_hz))
        choose(self._rotation, settings.rotation)
        self._stale.setValue(settings.stale_after_s)
        for side, field in self._crops.items():
            field.setValue(round(100 * getattr(settings.crop, side)))
        self._loop.setVisible(_can_loop(settings))
        self._showing = False

    def crop_to(self, part: QRectF) -> None:
        """Crop to ``part`` of the picture as shown now, in shares of its width and height."""
        if self._settings is None:
            return
        try:
            # The picture on screen is cropped and turned already; the settings count from the source's own picture.
            crop = crop_within(self._settings.crop, self._settings.rotation, part)
        except ValueError as error:
            self.refused.emit(str(error))
            return
        self._emit_edited(msgspec.structs.replace(self._settings, crop=crop))

    # ── layout ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _prepare(self) -> None:
        self._address.setToolTip("User name and password are never shown; replace •••@ to change them")
        self._needed.setToolTip("For a camera that policy or operator need: the robot holds while its picture is stale")
        self._stale.setRange(0.2, 60.0)
        self._stale.setSingleStep(0.1)
        self._stale.setDecimals(1)
        self._stale.setSuffix(" s")
        theme.indent(self._stale)
        for side, field in self._crops.items():
            field.setRange(0, _MOST_PERCENT)
            field.setSuffix(" %")
            field.setToolTip(f"Crop at the {side}, before rotation")
            field.setAccessibleName(f"Crop at the {side}")
            theme.indent(field)
        theme.set_role(self._uncropped, "quiet")

    def _lay_out(self) -> None:
        cuts = QWidget()
        grid = QGridLayout(cuts)
        theme.space(grid, spacing=8)
        for index, (side, field) in enumerate(self._crops.items()):
            field.setPrefix(f"{side} ")
            grid.addWidget(field, index // 2, index % 2)
        grid.addWidget(self._uncropped, 2, 0, 1, 2)
        column = QVBoxLayout(self)
        theme.space(column, (0, 0, 8, 0), 8)
        column.addLayout(
            rows(
                ("Name", self._name, ""),
                ("Address", self._address, ""),
                ("", self._enabled, ""),
                ("", self._needed, ""),
                ("", self._record, ""),
                ("", self._loop, ""),
                ("Max size", self._size, ""),
                ("Max rate", self._rate, ""),
                ("Rotation", self._rotation, ""),
                ("Crop", cuts, "Or drag a rectangle on the picture."),
                ("Stale after", self._stale, ""),
            )
        )
        column.addStretch(1)

    # ── changes by the person ────────────────────────────────────────────────────────────────────────────────────

    def _connect(self) -> None:
        self._name.editingFinished.connect(self._write)
        self._address.editingFinished.connect(self._write)
        for box in (self._enabled, self._needed, self._record, self._loop):
            box.toggled.connect(self._write)
        for field in (self._size, self._rate, self._rotation):
            field.currentIndexChanged.connect(self._write)
        # While "1.5" is typed, "1" must not become the setting of a running camera.
        self._stale.setKeyboardTracking(False)
        self._stale.valueChanged.connect(self._write)
        for spin in self._crops.values():
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(self._write)
        self._uncropped.clicked.connect(self._reset_crop)

    def _write(self) -> None:
        if self._showing or self._settings is None:
            return
        try:
            self._emit_edited(self._read(self._settings))
        except (CameraAddressError, ValueError) as error:
            self.refused.emit(str(error))

    def _read(self, before: CameraSettings) -> CameraSettings:
        """Return the settings in the form; raise ``ValueError`` or ``CameraAddressError`` for an invalid entry."""
        address = before.address
        if self._address.text() != before.shown_address:
            address = spliced(self._address.text().strip(), before.address)
            # Otherwise the placeholder itself would be stored as the password.
            if "•••" in address:
                raise ValueError("The hidden part of the address was changed; type the whole address again.")
            parse_address(address)
        name = self._name.text().strip()
        if not name:
            raise ValueError("A camera needs a name.")
        width, height = _numbers(self._size.currentText(), 2)
        # Only a change in the fields replaces the crop: they show whole per cents, a dragged rectangle is finer.
        crop = before.crop
        percent = {side: field.value() for side, field in self._crops.items()}
        if percent != {side: round(100 * getattr(crop, side)) for side in _SIDES}:
            crop = Crop(**{side: value / 100.0 for side, value in percent.items()})
        return msgspec.structs.replace(
            before,
            name=name,
            address=address,
            enabled=self._enabled.isChecked(),
            needed=self._needed.isChecked(),
            record=self._record.isChecked(),
            loop=self._loop.isChecked(),
            crop=crop,
            rotation=self._rotation.currentData(),
            max_width=round(width),
            max_height=round(height),
            rate_hz=_numbers(self._rate.currentText(), 1)[0],
            stale_after_s=round(self._stale.value(), 1),
        )

    def _reset_crop(self) -> None:
        if self._settings is not None:
            self._emit_edited(msgspec.structs.replace(self._settings, crop=Crop()))

    def _emit_edited(self, settings: CameraSettings) -> None:
        # Leaving a field emits even if nothing was typed.
        if settings != self._settings:
            self.edited.emit(settings)

    def _checks(self, settings: CameraSettings) -> tuple[tuple[QCheckBox, bool], ...]:
        return (
            (self._enabled, settings.enabled),
            (self._needed, settings.needed),
            (self._record, settings.record),
            (self._loop, settings.loop),
        )


def _can_loop(settings: CameraSettings) -> bool:
    try:
        return not parse_address(settings.address).live
    except CameraAddressError:
        return False  # a missing file cannot be played, so not in a loop either


_UNLIMITED = "No limit"


def _size_text(width: int, height: int) -> str:
    return f"{width} × {height}" if width or height else _UNLIMITED


def _rate_text(rate_hz: float) -> str:
    return f"{rate_hz:g} fps" if rate_hz else _UNLIMITED


def _numbers(text: str, count: int) -> list[float]:
    """Return the numbers in the text of a choice; zeros for ``No limit``."""
    found = [float(word) for word in text.split() if word.replace(".", "", 1).isdigit()]
    return found or [0.0] * count
