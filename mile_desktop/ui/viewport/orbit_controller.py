"""Turns mouse gestures on the view into camera messages; the geometry is in ``orbit``."""

from PySide6.QtCore import QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent

from mile_desktop.ui.viewport.orbit import HOME, Orbit
from mile_desktop.viewer.messages import Preset, SetView, UsePreset

_SEND_MS = 16
"""A mouse may report 1000 moves a second; the viewer gets the newest view at most once a display frame."""
_NOTCH = 120.0
"""Qt's wheel angle of one notch, in eighths of a degree."""


class OrbitController(QObject):
    """Follows drags and the wheel; sends the newest view at display rate. Runs on the window's thread.

    A drag turns, with Shift or the middle button it pans, the wheel zooms, a double click returns to the first camera.
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
        """Set the scene's cameras; the view starts at the first. A drag pans a ``flat`` scene."""
        self._presets = presets
        self._flat = flat
        self._chosen = 0
        self._move_to_chosen()

    def choose(self, index: int) -> None:
        """Use camera number ``index`` (from 0) of the scene; others are ignored."""
        if 0 <= index < len(self._presets):
            self._chosen = index
            self._timer.stop()  # a view that waits to be sent would move the camera away from the preset again
            self._move_to_chosen()
            self.commanded.emit(UsePreset(name=self._presets[index].name))

    def look_from(self, orbit: Orbit) -> None:
        """Go to a saved position at once; the camera that was chosen last stays the chosen one, as after a drag."""
        self.orbit = orbit
        self._timer.stop()
        self._send()

    def step(self, direction: int) -> None:
        """Use the next (+1) or the previous (−1) camera."""
        if self._presets:
            self.choose((self._chosen + direction) % len(self._presets))

    def _move_to_chosen(self) -> None:
        if not self._presets:
            return
        # Keys, pad and screen pad take their directions from this orbit, so it must be that of every camera, also of
        # one that travels with the end effector.
        at = self._presets[self._chosen]
        self.orbit = Orbit(at.yaw_deg, at.pitch_deg, at.distance_m, at.target, at.follows_end_effector)

    def press(self, event: QMouseEvent) -> None:
        """Begin a gesture."""
        self._last = event.position()

    def move(self, event: QMouseEvent, height_px: int) -> None:
        """Turn or pan by the distance the mouse has moved."""
        if self._last is None:
            return
        moved = event.position() - self._last
        self._last = event.position()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        # A flat scene has nothing to show from the side.
        if self._flat or shift or event.buttons() & Qt.MouseButton.MiddleButton:
            self._set_orbit(self.orbit.panned(moved.x(), moved.y(), height_px))
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self._set_orbit(self.orbit.orbited(moved.x(), moved.y()))

    def release(self) -> None:
        """End the gesture."""
        self._last = None

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom."""
        self.zoom(event.angleDelta().y() / _NOTCH)

    def turn(self, right_px: float, down_px: float) -> None:
        """Turn as a drag of that many pixels does."""
        self._set_orbit(self.orbit.orbited(right_px, down_px))

    def zoom(self, steps: float) -> None:
        """Zoom in (positive) or out, as that many notches of the wheel do."""
        self._set_orbit(self.orbit.zoomed(steps))

    def go_home(self) -> None:
        """Return to the scene's first camera."""
        if self._presets:
            self.choose(0)
        else:
            self._set_orbit(HOME)

    def _set_orbit(self, orbit: Orbit) -> None:
        self.orbit = orbit
        # Not restarted while it runs: a steady drag would postpone the message until the mouse rests.
        if not self._timer.isActive():
            self._timer.start()

    def _send(self) -> None:
        at = self.orbit
        self.commanded.emit(
            SetView(
                yaw_deg=at.yaw_deg,
                pitch_deg=at.pitch_deg,
                distance_m=at.distance_m,
                target=at.target,
                follows_end_effector=at.follows_end_effector,
            )
        )
