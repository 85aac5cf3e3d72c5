"""Settings for one kind of pad: bindings, takeover mode, response; one JSON file for each device GUID."""

import math
import os
import re
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from mile_desktop.errors import UserError
from mile_desktop.operators.controls import UnknownControlError, control_label, parse_control
from mile_desktop.operators.takeover import TakeoverMode

PROFILE_VERSION = 1
DRIVEN = ("x", "y", "z", "gripper")
"""What the driving controls command, in the order of the action's entries."""

_NEWER_USES = {"mark_call": "dpup", "partial": "dpdown"}
"""Uses that profiles of the first release do not name, with their default controls."""

_GUID = re.compile(r"[0-9a-f]{32}")
_DEFAULT_STEM = "default"


class ProfileError(UserError, ValueError):
    """A pad profile has a value that cannot be used; the message says which one and what to do."""


class AxisBinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What drives one entry of the action: ``positive`` minus ``negative``.

    One stick axis alone is enough (its own sign); two triggers or buttons make the two directions.
    """

    positive: str = ""
    """Name of a control (``operators.controls``); empty: this entry is not driven."""
    negative: str = ""
    invert: bool = False
    speed: float = 1.0
    """Command at full deflection, in (0, 1]."""


class PadButtons(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Control for each request; empty: no control."""

    takeover: str = "rightshoulder"
    rewind: str = "leftshoulder"
    success: str = "a"
    failure: str = "b"
    discard: str = "x"
    hold: str = "y"
    stop: str = "back"
    start: str = "start"
    next_camera: str = "dpright"
    previous_camera: str = "dpleft"
    mark_call: str = "dpup"
    partial: str = "dpdown"


class PadProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One profile; the defaults are the default pad of the product (Xbox names).

    Directions are as seen by the person: x is away from the viewer, y to the viewer's left, z up (the pad turns them by
    the yaw of the view); the gripper closes with RT and opens with LT. SDL counts stick axes down and right, hence the
    inversions. Raises ``ProfileError`` for values that cannot be used.
    """

    version: int = PROFILE_VERSION
    guid: str = ""
    """SDL's GUID of the device, 32 hexadecimal digits; empty for the default of all pads."""
    name: str = "Default"
    use: Literal["auto", "yes", "no"] = "auto"
    """Whether to drive with such a device; ``auto``: if it looks like a gamepad (``PadDevice.is_gamepad``)."""
    mode: TakeoverMode = TakeoverMode.HOLD
    dead_zone: float = 0.12
    """Part of the way from rest that does nothing, in [0, 0.9]."""
    expo: float = 0.35
    """Bend of the response, 0 straight to 1 cubic."""
    release_delay_s: float = 0.6
    """In stick mode: time at rest after which control is handed back, s, in [0.1, 5]."""
    x: AxisBinding = msgspec.field(default_factory=lambda: AxisBinding("lefty", invert=True))
    y: AxisBinding = msgspec.field(default_factory=lambda: AxisBinding("leftx", invert=True))
    z: AxisBinding = msgspec.field(default_factory=lambda: AxisBinding("righty", invert=True))
    gripper: AxisBinding = msgspec.field(default_factory=lambda: AxisBinding("righttrigger", "lefttrigger"))
    buttons: Annotated[PadButtons, msgspec.Meta(description="control for each request")] = PadButtons()

    def __post_init__(self) -> None:
        if self.version != PROFILE_VERSION:
            raise ProfileError(
                f"The pad profile has version {self.version}, this program reads {PROFILE_VERSION}; "
                "update the program or make a new profile."
            )
        if self.guid and not _GUID.fullmatch(self.guid):
            raise ProfileError(f"The device GUID {self.guid!r} is not 32 hexadecimal digits.")
        _check_range("dead zone", self.dead_zone, 0.0, 0.9)
        _check_range("expo", self.expo, 0.0, 1.0)
        _check_range("release delay", self.release_delay_s, 0.1, 5.0)
        for entry in DRIVEN:
            _check_range(f"speed of {entry}", self.axis(entry).speed, 0.05, 1.0)
        _check_controls(self)

    def axis(self, entry: str) -> AxisBinding:
        """Return what drives ``entry``, one of ``DRIVEN``."""
        binding: AxisBinding = getattr(self, entry)
        return binding

    def uses(self) -> dict[str, str]:
        """Return use (as text) → name of its control, for every use that has one."""
        named = {f"{entry} +": self.axis(entry).positive for entry in DRIVEN}
        named |= {f"{entry} −": self.axis(entry).negative for entry in DRIVEN}
        named |= {use.replace("_", " "): getattr(self.buttons, use) for use in PadButtons.__struct_fields__}
        return {use: control for use, control in named.items() if control}


def _check_range(what: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise ProfileError(f"The {what} is {value:g}; it has to be between {low:g} and {high:g}.")


def _check_controls(profile: PadProfile) -> None:
    """Refuse unknown controls, and a control with two uses."""
    taken: dict[str, str] = {}
    for use, name in profile.uses().items():
        try:
            # axis3 and trigger3 are the same control under two names.
            physical = parse_control(name).physical_name
        except UnknownControlError as error:
            raise ProfileError(f"The control for “{use}” is unknown. {error}") from error
        if physical in taken:
            raise ProfileError(
                f"{control_label(name)} is bound to both “{taken[physical]}” and “{use}”; unbind one of them."
            )
        taken[physical] = use
    for entry in DRIVEN:
        if profile.axis(entry).negative and not profile.axis(entry).positive:
            raise ProfileError(f"“{entry} −” has a control but “{entry} +” has none; bind both, or only “{entry} +”.")


def encode_profile(profile: PadProfile) -> str:
    """Return ``profile`` as JSON, indented for people."""
    return msgspec.json.format(msgspec.json.encode(profile), indent=2).decode()


def decode_profile(text: str | bytes) -> PadProfile:
    """Return the profile written in ``text`` (JSON), or raise ``ProfileError``."""
    try:
        stored = msgspec.json.decode(text)
        return msgspec.convert(_with_room_for_newer_uses(stored), PadProfile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"The pad profile cannot be read: {error}") from error


def _with_room_for_newer_uses(stored: object) -> object:
    """Leave a newer use without a control where an older profile binds its default control to something else.

    Otherwise a profile that was saved before the use existed would be refused for a control with two uses.
    """
    match stored:
        case {"buttons": dict(buttons), **others}:
            axes = [control for axis in others.values() if isinstance(axis, dict) for control in axis.values()]
            free = {use: "" for use, control in _NEWER_USES.items() if control in (*buttons.values(), *axes)}
            return {**others, "buttons": {**free, **buttons}}
    return stored


def profile_path(folder: Path, guid: str) -> Path:
    """Return where the profile of the device ``guid`` lies in ``folder``; for an empty one, that of the default."""
    # The GUID becomes a file name, so it must not contain a path.
    if guid and not _GUID.fullmatch(guid):
        raise ProfileError(f"The device GUID {guid!r} is not 32 hexadecimal digits.")
    return folder / f"{guid or _DEFAULT_STEM}.json"


def save_profile(folder: Path, profile: PadProfile) -> Path:
    """Write ``profile`` into ``folder`` whole or not at all and return its path; raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = profile_path(folder, profile.guid)
    # Beside the target, where the rename is atomic: the worker may read the profile at any moment.
    handle, scratch_name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=".tmp", dir=folder)
    scratch = Path(scratch_name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(encode_profile(profile))
            file.flush()
            # Before the rename: after a power cut the new name would otherwise lead to an empty file.
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return path


def load_profile(folder: Path, guid: str) -> PadProfile:
    """Return the profile of the device ``guid``: its own, else the folder's default, else the built-in default.

    Raises ``ProfileError`` naming the file when one is there that cannot be used.
    """
    # A damaged file is an error and not skipped: a person would wonder why the bindings are gone.
    for stem_guid in (guid, ""):
        path = profile_path(folder, stem_guid)
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ProfileError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
        try:
            profile = decode_profile(text)
        except ProfileError as error:
            raise ProfileError(f"{path}: {error} Correct or delete the file.") from error
        # The default profile takes this pad's id, so that it is saved as this pad's own.
        return msgspec.structs.replace(profile, guid=guid)
    return PadProfile(guid=guid)
