"""Mouse gestures on the view, turned into camera messages: Qt's side of ``orbit``."""

from PySide6.QtCore import QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent

from mile_desktop.ui.viewport.orbit import HOME, Orbit
from mile_desktop.viewer.messages import Preset, SetView, UsePreset

_SEND_MS = 16
_NOTCH = 120.0


class OrbitController(QObject):
    """Follows drags and the wheel; sends the newest view at display rate.

    Drag turns, shift or the middle button pans, the wheel zooms, a double click goes home.
    """

    commanded = Signal(object)
    """Carries ``SetView`` or ``UsePreset``."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.orbit: Orbit = HOME
        self._presets: tuple[Preset, ...] = ()
        self._chosen = 0
        self._flat = False
        self._last: QPointF | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SEND_MS)
        self._timer.timeout.connect(self._send)

    @property
    def presets(self) -> tuple[Preset, ...]:
        """The scene's cameras."""
        return self._presets

    @property
    def chosen(self) -> int:
        """Number of the camera that was chosen last, from 0."""
        return self._chosen

    def set_presets(self, presets: tuple[Preset, ...], *, flat: bool = False) -> None:
        """Know the scene's cameras; the view starts at the first. A drag moves a ``flat`` scene."""
        self._presets = presets
        self._flat = flat
        self._chosen = 0
        self._move_to_chosen()

    def choose(self, index: int) -> None:
        """Use camera number ``index`` (from 0) of the scene; others are ignored."""
        if 0 <= index < len(self._presets):
            self._chosen = index
            self._timer.stop()
            self._move_to_chosen()
            self.commanded.emit(UsePreset(name=self._presets[index].name))

    def step(self, direction: int) -> None:
        """Use the next (+1) or the previous (−1) camera."""
        if self._presets:
            self.choose((self._chosen + direction) % len(self._presets))

    def _move_to_chosen(self) -> None:
        preset = self._presets[self._chosen] if self._presets else None
        # A camera that travels with the end effector has no place of its own to turn around: drags go on from before.
        if preset is not None and not preset.follows_end_effector:
            self.orbit = Orbit(preset.yaw_deg, preset.pitch_deg, preset.distance_m, preset.target)

    def press(self, event: QMouseEvent) -> None:
        """Begin a gesture."""
        self._last = event.position()

    def move(self, event: QMouseEvent, height_px: int) -> None:
        """Turn or pan by how far the mouse went."""
        if self._last is None:
            return
        moved = event.position() - self._last
        self._last = event.position()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if self._flat or shift or event.buttons() & Qt.MouseButton.MiddleButton:
            self._set_orbit(self.orbit.panned(moved.x(), moved.y(), height_px))
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self._set_orbit(self.orbit.orbited(moved.x(), moved.y()))

    def release(self) -> None:
        """End the gesture."""
        self._last = None

    def wheel(self, event: QWheelEvent) -> None:
        """Come closer or go away."""
        self.zoom(event.angleDelta().y() / _NOTCH)

    def turn(self, right_px: float, down_px: float) -> None:
        """Turn as a drag by so many pixels does."""
        self._set_orbit(self.orbit.orbited(right_px, down_px))

    def zoom(self, steps: float) -> None:
        """Come closer (or go away) as so many notches of the wheel do."""
        self._set_orbit(self.orbit.zoomed(steps))

    def go_home(self) -> None:
        """Use the scene's first camera again."""
        if self._presets:
            self.choose(0)
        else:
            self._set_orbit(HOME)

    def _set_orbit(self, orbit: Orbit) -> None:
        self.orbit = orbit
        if not self._timer.isActive():
            self._timer.start()

    def _send(self) -> None:
        at = self.orbit
        self.commanded.emit(
            SetView(yaw_deg=at.yaw_deg, pitch_deg=at.pitch_deg, distance_m=at.distance_m, target=at.target)
        )
