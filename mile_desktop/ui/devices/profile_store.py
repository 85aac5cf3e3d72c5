"""The profile that is edited: loaded by the pad's GUID, saved automatically, with undo."""

from collections import deque
from pathlib import Path
from typing import Literal

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.operators.profile import PadProfile, ProfileError, encode_profile, load_profile, save_profile
from mile_desktop.ui.devices.model import Slot, bind_control

_SAVE_DELAY_MS = 400
"""A dragged slider changes the profile many times a second; the file is written when it rests this long."""
_UNDO_STEPS = 100


class ProfileStore(QObject):
    """Holds the profile of the connected pad; emits every change at once and saves it a moment later."""

    changed = Signal(object)
    """The current ``PadProfile``."""
    message = Signal(str, str)
    """Level and one sentence for the message line."""

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._profile = PadProfile()
        self._undo: deque[PadProfile] = deque(maxlen=_UNDO_STEPS)
        self._touched: frozenset[str] = frozenset()
        self._unsaved = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SAVE_DELAY_MS)
        self._timer.timeout.connect(self.save)

    @property
    def profile(self) -> PadProfile:
        """The current profile."""
        return self._profile

    @property
    def can_undo(self) -> bool:
        """Whether there is a change since the pad was connected that can be undone."""
        return bool(self._undo)

    def open(self, guid: str, device: str) -> None:
        """Load the profile of a pad; a damaged file is kept and the defaults are used."""
        self.save()  # the old pad's changes first: its timer may still be running
        try:
            profile = load_profile(self._folder, guid)
        except ProfileError as error:
            # With the GUID, so that changes can be saved; the damaged file is only replaced by the first of them.
            profile = PadProfile(guid=guid)
            self.message.emit("warning", f"The default profile is used. {error}")
        profile = msgspec.structs.replace(profile, name=_own_name(profile, device))
        self._undo.clear()
        self._profile = profile
        self.changed.emit(profile)

    def change(self, **fields: object) -> None:
        """Set some fields of the profile; invalid values are rejected with a message."""
        try:
            self._take(msgspec.structs.replace(self._profile, **fields), by_slider=True)
        except ProfileError as error:
            self.message.emit("warning", str(error))
            # The slider must go back to the value that is in effect.
            self.changed.emit(self._profile)

    def change_axis(self, entry: str, **fields: object) -> None:
        """Set ``invert`` or ``speed`` of one entry of the action."""
        self.change(**{entry: msgspec.structs.replace(self._profile.axis(entry), **fields)})

    def bind(self, slot: Slot, control: str) -> None:
        """Bind a control, or unbind with an empty name; a message names the slots that lost their control."""
        try:
            profile, lost = bind_control(self._profile, slot, control)
        except ProfileError as error:
            self.message.emit("warning", str(error))
            return
        self._take(profile)
        if lost:
            titles = " and ".join(f"“{other.title}”" for other in lost)
            self.message.emit("info", f"{titles} had this control and {'is' if len(lost) == 1 else 'are'} unbound now.")

    def reset(self) -> None:
        """Restore the built-in defaults; this can be undone."""
        self._take(PadProfile(guid=self._profile.guid, name=self._profile.name, use=self._profile.use))

    def undo(self) -> None:
        """Undo the last change."""
        if self._undo:
            self._profile = self._undo.pop()
            # A drag that goes on after an undo is a change of its own.
            self._touched = frozenset()
            self._announce()

    def save(self) -> None:
        """Write the profile now, if it was changed and belongs to a pad."""
        self._timer.stop()
        if not (self._unsaved and self._profile.guid):
            return
        self._write(self._profile)
        # Also after an error: to repeat the message when the window closes would not help.
        self._unsaved = False

    def _write(self, profile: PadProfile) -> None:
        try:
            save_profile(self._folder, profile)
        except OSError as error:
            reason = error.strerror or str(error)
            self.message.emit(
                "warning", f"The profile is kept only until you close: {self._folder} is not writable ({reason})."
            )

    def set_use(self, guid: str, device: str, use: Literal["yes", "no"]) -> str:
        """Remember whether to drive with devices of ``guid``; return the profile as the rollout worker takes it."""
        # The connected pad's own changes first: they are in its profile, which is read below.
        self.save()
        try:
            profile = load_profile(self._folder, guid)
        except ProfileError:
            profile = PadProfile(guid=guid)  # ``open`` says what is wrong with the file
        profile = msgspec.structs.replace(profile, guid=guid, use=use, name=_own_name(profile, device))
        self._write(profile)
        if guid == self._profile.guid:
            self._profile = msgspec.structs.replace(self._profile, use=use)
        return encode_profile(profile)

    def encoded(self) -> str:
        """Return the profile as the rollout worker takes it (``SetPad``)."""
        return encode_profile(self._profile)

    def _take(self, profile: PadProfile, *, by_slider: bool = False) -> None:
        """Use ``profile``; all values of one slider drag are a single undo step."""
        # A drag is a series of changes of the same fields, each before the save timer of the last one has run out.
        touched = _differences(self._profile, profile)
        if not touched:
            return
        if not (by_slider and self._timer.isActive() and touched == self._touched):
            self._undo.append(self._profile)
        self._touched = touched
        self._profile = profile
        self._announce()

    def _announce(self) -> None:
        self._unsaved = True
        self._timer.start()
        self.changed.emit(self._profile)


def _differences(one: PadProfile, other: PadProfile) -> frozenset[str]:
    return frozenset(name for name in PadProfile.__struct_fields__ if getattr(one, name) != getattr(other, name))


def _own_name(profile: PadProfile, device: str) -> str:
    """Return the name of a profile; one that a person has not named yet is called like the device."""
    return device if profile.name == PadProfile().name and device else profile.name
