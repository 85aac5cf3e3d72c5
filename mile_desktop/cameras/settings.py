"""Settings of one camera, as a person chose them."""

import re
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from mile_desktop.cameras.address import redacted_address

Share = Annotated[float, msgspec.Meta(ge=0.0, le=0.9)]
Pixels = Annotated[int, msgspec.Meta(ge=0, le=8192)]
Rate = Annotated[float, msgspec.Meta(ge=0.0, le=240.0)]
Patience = Annotated[float, msgspec.Meta(ge=0.2, le=60.0)]
Rotation = Literal[0, 90, 180, 270]

VIDEOS = "videos"
"""Folder of a workspace with the videos of its episodes, one folder an episode."""
_LEAST_LEFT = 0.05
_UNSAFE = re.compile(r"[^a-z0-9]+")


class Crop(msgspec.Struct, frozen=True, kw_only=True):
    """Share of width or height that is cut off at each side, before turning."""

    left: Share = 0.0
    top: Share = 0.0
    right: Share = 0.0
    bottom: Share = 0.0

    def __post_init__(self) -> None:
        """Check that something is left of the picture."""
        if self.left + self.right > 1.0 - _LEAST_LEFT or self.top + self.bottom > 1.0 - _LEAST_LEFT:
            raise ValueError("The crop leaves nothing of the picture; cut less than 95 % of width and height.")


class CameraSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one camera, as they are stored and as its process receives them."""

    name: str
    """Unique among the cameras."""
    address: str
    """As typed, or the lasting path of a device; may hold a password: show ``shown_address``."""
    device: str = ""
    """What was there when a camera of this machine was added (``attached.AttachedCamera.identity``); else empty."""
    enabled: bool = True
    """Its process runs; a camera that is not enabled is only stored."""
    needed: bool = False
    """The robot holds while this camera is stale."""
    record: bool = True
    loop: bool = True
    """A video file or folder begins again at its end."""
    crop: Crop = Crop()
    rotation: Rotation = 0
    """Degrees clockwise."""
    max_width: Pixels = 0
    max_height: Pixels = 0
    """The picture is scaled down until it fits; a device is also asked for this size. 0: size of the source."""
    rate_hz: Rate = 0.0
    """Largest number of pictures a second; a device is also asked for it. 0: rate of the source."""
    stale_after_s: Patience = 1.0
    """A picture older than this is stale."""

    # Logs and tracebacks print the settings, and the address may hold a password.
    def __repr__(self) -> str:
        return f"CameraSettings(name={self.name!r}, address={self.shown_address!r}, …)"

    @property
    def shown_address(self) -> str:
        """The address without user name and password."""
        return redacted_address(self.address)

    @property
    def stem(self) -> str:
        """The name as part of a file name."""
        return file_stem(self.name)

    def opens_like(self, other: "CameraSettings") -> bool:
        """Whether the source need not be opened again when ``other`` replaces this."""
        return _of_source(self) == _of_source(other)


def _of_source(settings: CameraSettings) -> tuple[object, ...]:
    return settings.address, settings.loop, settings.max_width, settings.max_height, settings.rate_hz


def file_stem(name: str) -> str:
    """Return ``name`` as a file name without suffix: lower case letters, digits and dashes."""
    return _UNSAFE.sub("-", name.lower()).strip("-") or "camera"


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """Return ``wanted``, with a number where a camera of that name (or file name) exists."""
    # Compared by file name: two cameras whose names differ only in signs would write to one video.
    stems = {file_stem(name) for name in taken}
    name, number = wanted.strip() or "Camera", 2
    while file_stem(name) in stems:
        name, number = f"{wanted.strip() or 'Camera'} {number}", number + 1
    return name
