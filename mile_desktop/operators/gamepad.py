"""Takeover with a gamepad, which is read inside the control tick."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from mile_desktop.operators.bound_pad import BoundPad, PadReading
from mile_desktop.operators.operator import OperatorContext, OperatorReading
from mile_desktop.operators.pad_device import NO_PAD, IgnoredDevice, PadDevice, PadGoneError, RawPadState
from mile_desktop.operators.profile import PadProfile, ProfileError, load_profile
from mile_desktop.operators.sdl import PadsUnavailableError, buttons_down, pads_changed, plugged_in, start_sdl
from mile_desktop.operators.stick_response import fit_action

_log = logging.getLogger(__name__)

NO_GAMEPAD = "No gamepad"

STALE_S = 0.5
"""After a longer pause between two polls, earlier presses are dropped, because they come too late; a stop is kept."""


class Gamepad:
    """All connected pads as one operator: the pad that was touched last drives; a driving pad is not replaced.

    One object for each process, because SDL has one event queue for each process. Created, polled and closed by one
    thread, that of the rollout loop. Nothing here blocks, except that opening a new pad takes some milliseconds. Pads
    may come and go: a pad that is lost while it drives is reported as not connected, and after it returns its takeover
    button must be released once before it drives again. If SDL cannot start, there are no pads and ``problem`` says
    why.

    Parameters
    ----------
    profiles
        Folder of pad profiles (``operators.profile``); None: built-in defaults.
    clock
        Monotonic seconds.
    """

    def __init__(self, profiles: Path | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._profiles = profiles
        self._clock = clock
        self._chosen_profiles: dict[str, PadProfile] = {}
        self._profile_problems: dict[str, str] = {}
        self._view_yaw_deg = 0.0
        self._pads: dict[int, BoundPad] = {}
        self._ignored: dict[int, IgnoredDevice] = {}
        """Instance id → device that is not driven with."""
        self._active: BoundPad | None = None
        self._driving = False
        self._lost_name = self._left_out_name = ""
        self._discard_armed = False
        # The first poll is then no long pause.
        self._polled_at = clock()
        self._unavailable = ""
        try:
            start_sdl()
        except PadsUnavailableError as error:
            self._unavailable = str(error)
            _log.warning("%s", error)
            return
        # SDL reports pads that are there from the start only as events; they may have been cleared by ``start_sdl``.
        self._follow_pads()

    @property
    def kind(self) -> str:
        """Recorded with the episode."""
        return "gamepad"

    @property
    def device(self) -> str:
        """Name of the active pad, or what is missing; in the tick in which a driving pad is lost, its name."""
        if self._lost_name:
            return self._lost_name
        if self._active is None:
            return self._unavailable or NO_GAMEPAD
        return self._active.device.name if self._active.can_drive else self.problem

    @property
    def instruction(self) -> str:
        """How to take over and hand back, for example ``hold RB``; empty without a usable pad."""
        return self._active.instruction if self._active else ""

    @property
    def problem(self) -> str:
        """Problem of the active pad in one sentence; empty if there is none."""
        if self._active is None:
            return self._unavailable
        return self._profile_problems.get(self._active.device.guid, "") or self._active.problem

    @property
    def discard_armed(self) -> bool:
        """Whether the discard button was pressed once and a second press discards."""
        return self._discard_armed

    @property
    def profile(self) -> PadProfile | None:
        """The profile in use, None without a pad."""
        return self._active.profile if self._active else None

    def reset(self, seed: int) -> None:  # noqa: ARG002 - people need no seed
        """Begin a new episode: a toggled takeover ends."""
        for pad in self._pads.values():
            pad.begin_episode()

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Read every pad without blocking."""
        # The events first: they may say that a pad is gone, and its positions are no longer valid then.
        presses = self._take_events()
        lost = bool(self._lost_name)
        now = self._clock()
        readings = self._read_pads(presses, now)
        self._choose(readings)
        reading = readings.get(self._active.device.instance_id) if self._active else None
        self._driving = reading is not None and reading.takeover and not lost
        self._discard_armed = any(each.discard_armed for each in readings.values())
        return OperatorReading(
            takeover=self._driving,
            action=fit_action(reading.command if reading else (), len(context.proposal)),
            requests=tuple(dict.fromkeys(request for each in readings.values() for request in each.requests)),
            rewind=any(each.rewind for each in readings.values()),
            connected=reading is not None and not lost,
            discard_armed=self._discard_armed,
        )

    def _read_pads(self, presses: dict[int, Counter[str]], now: float) -> dict[int, PadReading]:
        stale = now - self._polled_at > STALE_S
        self._polled_at = now
        readings = {}
        for instance, pad in self._pads.items():
            counts = presses.get(instance, Counter())
            if stale:
                # An old stop is still right. An old start or success would act on a situation that the person has not
                # seen.
                stop = pad.profile.buttons.stop
                counts = Counter({stop: counts[stop]}) if stop in counts else Counter()
            readings[instance] = pad.read(counts, now, view_yaw_deg=self._view_yaw_deg)
        return readings

    def _take_events(self) -> dict[int, Counter[str]]:
        """Update the list of pads; return, for each pad, how often each button was pressed."""
        presses: dict[int, Counter[str]] = {}
        self._lost_name, self._left_out_name = self._left_out_name, ""
        if self._unavailable:
            return presses
        if pads_changed():
            self._follow_pads()
        for event in buttons_down():
            presses.setdefault(event.instance_id, Counter())[event.control] += 1
        return presses

    def _follow_pads(self) -> None:
        there = plugged_in()
        for instance in self._pads.keys() - there.keys():
            self._unplug(instance)
        for instance in self._ignored.keys() - there.keys():
            del self._ignored[instance]
        for instance, index in there.items():
            if instance not in self._pads and instance not in self._ignored:
                self._plug_in(index)

    def _plug_in(self, device_index: int) -> None:
        try:
            device = PadDevice(device_index)
        except PadGoneError:
            # Not an error: it was gone again before it could be opened, and SDL reports that next.
            _log.warning("A gamepad was plugged in but could not be opened", exc_info=True)
            return
        profile = self._profile_for(device.guid)
        if not _is_wanted(profile, looks_like_one=device.is_gamepad):
            _log.info("%s (%s) is not used as a gamepad", device.name, device.counts)
            # Closed, so that its events do not fill the queue.
            device.close()
            self._ignored[device.instance_id] = IgnoredDevice(device.name, device.guid)
            return
        pad = BoundPad(device, profile)
        self._pads[device.instance_id] = pad
        # The first pad is active at once, so that the window can name it before it is touched.
        self._active = self._active or pad
        _log.info("Gamepad plugged in: %s (%s)", device.name, device.counts)

    def _unplug(self, instance: int) -> None:
        pad = self._pads.pop(instance)
        _log.info("Gamepad unplugged: %s", pad.device.name)
        # Also for a device that is gone: SDL keeps its memory until then.
        pad.device.close()
        if pad is self._active:
            # Only if it was driving: the loop holds the robot then, and names this pad.
            self._lost_name = pad.device.name if self._driving else ""
            self._active = next(iter(self._pads.values()), None)

    def _profile_for(self, guid: str) -> PadProfile:
        self._profile_problems.pop(guid, None)
        # A profile that the window has sent is newer than the file.
        if guid in self._chosen_profiles:
            return self._chosen_profiles[guid]
        if self._profiles is None:
            return PadProfile(guid=guid)
        try:
            return load_profile(self._profiles, guid)
        except ProfileError as error:
            self._profile_problems[guid] = f"{error} The default profile is used."
            return PadProfile(guid=guid)

    def _choose(self, readings: dict[int, PadReading]) -> None:
        """Make the pad that was touched last the active one, unless another one is driving."""
        # A second person who touches a pad must not take the control away.
        if self._driving and self._active and readings[self._active.device.instance_id].takeover:
            return
        for instance, reading in readings.items():
            if reading.touched:
                self._active = self._pads[instance]

    def set_profile(self, profile: PadProfile) -> None:
        """Use ``profile`` from now on for the pads of its GUID; without a GUID, for the active pad."""
        guid = profile.guid or (self._active.device.guid if self._active else "")
        self._chosen_profiles[guid] = profile
        self._profile_problems.pop(guid, None)
        self._follow_choice(guid, profile)
        for instance, pad in self._pads.items():
            if pad.device.guid == guid:
                # A new object: takeover state that belongs to the old bindings would be wrong.
                self._pads[instance] = BoundPad(pad.device, profile)
                self._active = self._pads[instance] if pad is self._active else self._active

    def _follow_choice(self, guid: str, profile: PadProfile) -> None:
        """Stop to drive with devices that a person has left out, and use those that they want."""
        for instance, pad in list(self._pads.items()):
            if pad.device.guid == guid and profile.use == "no":
                self._ignored[instance] = IgnoredDevice(pad.device.name, guid)
                # As if the cable were pulled. If it was driving, the next poll reports that it is gone, and the robot
                # holds; otherwise another pad would take its place and hand back to the policy.
                self._unplug(instance)
                self._left_out_name = self._lost_name
        wanted = [instance for instance, device in self._ignored.items() if device.guid == guid]
        if wanted and profile.use != "no":
            for instance in wanted:
                del self._ignored[instance]
            self._follow_pads()  # opens them again

    @property
    def ignored(self) -> tuple[IgnoredDevice, ...]:
        """Connected devices that are not driven with."""
        return tuple(self._ignored.values())

    def set_view_yaw(self, yaw_deg: float) -> None:
        """Turn pushes so that left is left as seen: heading of the line of sight, 0 along +x (see ``turn_to_view``)."""
        self._view_yaw_deg = yaw_deg

    def raw_state(self) -> RawPadState:
        """Return every axis and button of the active pad."""
        return self._active.device.raw() if self._active else NO_PAD

    def rumble(self, strength: float = 0.6, duration_ms: int = 200) -> bool:
        """Shake the active pad; False if it cannot or if there is none."""
        return self._active is not None and self._active.device.rumble(strength, duration_ms)

    def close(self) -> None:
        """Release the pads."""
        for pad in self._pads.values():
            pad.device.close()
        self._pads.clear()
        self._active = None


def _is_wanted(profile: PadProfile, *, looks_like_one: bool) -> bool:
    return profile.use == "yes" or (profile.use == "auto" and looks_like_one)
