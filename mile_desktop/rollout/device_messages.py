"""Messages about what a person drives with, and about the cameras that the robot depends on; see ``messages``."""

from typing import Annotated

import msgspec

from mile_desktop.channels.messages import Message
from mile_desktop.operators.words.segment import Segment


class WindowInput(Message, frozen=True):
    """Keyboard and on-screen pad: sent on every change and every 100 ms while anything is pressed.

    The worker treats silence of 500 ms during a takeover as a lost device.
    """

    source: str
    """``keyboard`` or ``screen``."""
    takeover: bool
    action: tuple[float, ...]
    """A whole push: the worker shapes it by ``operators.hand_response``."""
    rewind: bool = False
    slow: bool = False
    """The slow key is held."""
    speed: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 1.0
    """Share of full speed that the person has chosen for keys and on-screen pad."""


class DriveWords(Message, frozen=True, kw_only=True):
    """Take over, drive these segments and hand back; answered by a ``Note`` where that is not possible."""

    text: str
    """What the person typed."""
    meaning: str
    """What it was understood as, for people."""
    segments: tuple[Segment, ...]
    view_yaw_deg: float
    """Heading of the view, for segments in the camera's frame; see ``SetViewYaw``."""


class CancelWords(Message, frozen=True):
    """Forget the segments that are still to be driven; the takeover ends."""


class SetPad(Message, frozen=True):
    """Use this gamepad profile (JSON of ``operators.profile.PadProfile``) from now on."""

    profile: str


class SetViewYaw(Message, frozen=True):
    """The view was turned: pushing the pad's stick to the left moves to the left as seen."""

    yaw_deg: float


class WatchPad(Message, frozen=True):
    """Send ``PadState`` at display rate (the Devices page is open) or no longer."""

    enabled: bool


class TestRumble(Message, frozen=True):
    """Shake the pad once."""


class WatchedCamera(msgspec.Struct, frozen=True, kw_only=True):
    """A live camera that policy or operator depend on."""

    name: str
    ring: str
    """Name of the ``FrameRing`` its pictures are in."""
    stale_after_s: float
    """The robot holds while the newest picture is older than this."""


class WatchCameras(Message, frozen=True):
    """Hold while one of these cameras, and no longer those before, is stale."""

    cameras: tuple[WatchedCamera, ...] = ()


class CameraRequest(Message, frozen=True):
    """The pad asked for the next (+1) or previous (−1) camera."""

    direction: int


class IgnoredPad(msgspec.Struct, frozen=True):
    """A connected device that is not driven with."""

    name: str
    guid: str


class PadState(Message, frozen=True):
    """Every axis and button of the pad as it is now, raw."""

    name: str
    guid: str
    axes: tuple[float, ...]
    buttons: tuple[bool, ...]
    connected: bool
    active_controls: tuple[str, ...] = ()
    """Names of the controls that are pressed or moved now, best name first: what press-to-bind offers."""
    axis_names: tuple[str, ...] = ()
    button_names: tuple[str, ...] = ()
    """See ``RawPadState``."""
    ignored: tuple[IgnoredPad, ...] = ()
