"""One connected pad with one profile: reads positions, returns takeover, command and requests."""

from collections.abc import Mapping
from dataclasses import dataclass

from mile_desktop.operators.controls import BUTTONS, Control, control_label, parse_control
from mile_desktop.operators.hand_response import SLOW
from mile_desktop.operators.operator import OperatorRequest
from mile_desktop.operators.pad_device import PadDevice
from mile_desktop.operators.profile import DRIVEN, AxisBinding, PadProfile
from mile_desktop.operators.stick_response import shape, turn_to_view
from mile_desktop.operators.takeover import TakeoverInput, TakeoverMode, takeover_instruction, takeover_machine

DISCARD_WINDOW_S = 1.5

_REQUESTS = {
    "stop": OperatorRequest.STOP,
    "start": OperatorRequest.START,
    "success": OperatorRequest.SUCCESS,
    "partial": OperatorRequest.PARTIAL,
    "failure": OperatorRequest.FAILURE,
    "hold": OperatorRequest.TOGGLE_HOLD,
    "next_camera": OperatorRequest.NEXT_CAMERA,
    "previous_camera": OperatorRequest.PREVIOUS_CAMERA,
    "mark_call": OperatorRequest.MARK_CALL,
}
"""Use of a button → request of one press; to discard takes two presses and is handled separately."""

_ESSENTIAL = frozenset({"takeover", *(f"{entry} {sign}" for entry in DRIVEN for sign in "+−")})
"""Uses without which a pad cannot take over, as ``PadProfile.uses`` names them."""

_UNASKED = {("mark call", PadProfile().buttons.mark_call), ("partial", PadProfile().buttons.partial)}
"""Uses and the controls that they have as long as no person binds them."""


@dataclass(frozen=True, slots=True)
class PadReading:
    """One tick of one pad."""

    takeover: bool
    command: tuple[float, float, float, float]
    """x, y, z, gripper in [−1, 1], in the robot's directions."""
    deflection: float
    """Largest driving command before the turn to the view, in [0, 1]."""
    requests: tuple[OperatorRequest, ...]
    rewind: bool
    touched: bool
    """Whether any control was used in this tick."""
    discard_armed: bool


@dataclass(frozen=True, slots=True)
class _Drive:
    """The controls of one driven entry of the action."""

    positive: Control
    negative: Control | None
    gain: float


class DoublePress:
    """A button whose action cannot be undone: the first press arms it, a second within ``window_s`` confirms.

    Without a second press the first has no effect.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._armed_until: float | None = None

    def press(self, now: float) -> bool:
        """Take one press at monotonic time ``now`` (s); return whether it confirms."""
        confirmed = self.armed(now)
        # A third press arms again instead of confirming a second time.
        self._armed_until = None if confirmed else now + self._window_s
        return confirmed

    def armed(self, now: float) -> bool:
        """Say whether the next press would confirm."""
        return self._armed_until is not None and now <= self._armed_until

    def forget(self) -> None:
        """Forget the first press."""
        self._armed_until = None


class BoundPad:
    """Reads ``device`` with the bindings of ``profile``.

    Missing controls are found once, in the constructor. Without a button only its request is lost. Without a driving
    control or the takeover button this pad cannot take over (``can_drive``): a command with missing entries would be
    more dangerous than none.
    """

    def __init__(self, device: PadDevice, profile: PadProfile) -> None:
        self.device = device
        self.profile = profile
        # One machine for each pad: a button that is held on one pad must not take over with another.
        self._machine = takeover_machine(profile.mode, release_delay_s=profile.release_delay_s)
        self._discard = DoublePress(DISCARD_WINDOW_S)
        self._missing = {use: name for use, name in profile.uses().items() if not device.has(parse_control(name))}
        self._drives = tuple(self._drive(profile.axis(entry)) for entry in DRIVEN)
        self._buttons = {use: self._button(use) for use in profile.buttons.__struct_fields__}
        # As they are now: a trigger that is already pulled when the pad is plugged in is no press.
        self._was_pressed = {control: device.pressed(control) for control in self._level_controls()}

    def _drive(self, binding: AxisBinding) -> _Drive | None:
        if not binding.positive or {binding.positive, binding.negative} & set(self._missing.values()):
            return None
        negative = parse_control(binding.negative) if binding.negative else None
        return _Drive(parse_control(binding.positive), negative, -binding.speed if binding.invert else binding.speed)

    def _button(self, use: str) -> Control | None:
        name: str = getattr(self.profile.buttons, use)
        return parse_control(name) if name and name not in self._missing.values() else None

    def _level_controls(self) -> list[Control]:
        """Return the controls used as buttons for which SDL sends no press events: triggers and hats."""
        return [control for control in self._buttons.values() if control and control.kind not in BUTTONS]

    @property
    def can_drive(self) -> bool:
        """Whether this pad can take over."""
        button_there = self.profile.mode is TakeoverMode.STICK or self._buttons["takeover"] is not None
        # An entry that the person has left unbound on purpose is not missing.
        wanted = [entry for entry in DRIVEN if self.profile.axis(entry).positive]
        return button_there and bool(wanted) and all(self._drives[DRIVEN.index(entry)] for entry in wanted)

    @property
    def problem(self) -> str:
        """Problem of this pad with this profile, in one sentence; empty if there is none."""
        name = self.device.name
        # First: for an unknown pad a list of missing controls would be long and of no help.
        # A pad without the controls of the newer uses lacks nothing that a person has asked for.
        missing = {use: name for use, name in self._missing.items() if (use, name) not in _UNASKED}
        if missing and not self.device.known_to_sdl:
            return f"The layout of “{name}” is not known; bind its controls on the Devices page before taking over."
        if missing and self.can_drive:
            return f"“{name}” has no {self._lacking(missing)}; bind other controls on the Devices page."
        if missing:
            essential = {use: control for use, control in missing.items() if use in _ESSENTIAL}
            return (
                f"“{name}” cannot take over: it has {self.device.counts}, but no {self._lacking(essential)}; "
                "bind other controls on the Devices page."
            )
        if not self.can_drive:
            return f"Nothing on “{name}” is bound to taking over and driving; bind controls on the Devices page."
        return ""

    @staticmethod
    def _lacking(missing: Mapping[str, str]) -> str:
        return ", ".join(f"{control_label(control)} ({use})" for use, control in missing.items())

    @property
    def instruction(self) -> str:
        """How to take over, or how to hand back; empty if this pad cannot take over."""
        if not self.can_drive:
            return ""
        button = control_label(self.profile.buttons.takeover) if self.profile.buttons.takeover else ""
        return takeover_instruction(self.profile.mode, button, engaged=self._machine.engaged)

    def begin_episode(self) -> None:
        """Reset everything that belongs to one episode only."""
        self._machine.begin_episode()
        self._discard.forget()

    def read(self, presses: Mapping[str, int], now: float, *, view_yaw_deg: float) -> PadReading:
        """Read every control; ``presses``: how often each button went down since the last tick."""
        counts = {use: self._count(control, presses) for use, control in self._buttons.items() if control}
        driven = tuple(self._command(drive) for drive in self._drives)
        deflection = max(abs(command) for command in driven)
        # Called in every tick, also where the pad cannot drive: the machine must see each release.
        takeover = self._takes_over(counts.get("takeover", 0), deflection, now)
        x, y = turn_to_view(driven[0], driven[1], view_yaw_deg)
        # The button that rewinds is free while the person drives, and lies beside the finger that holds the takeover.
        second = self._held("rewind")
        gain = SLOW if takeover and second else 1.0
        return PadReading(
            takeover=takeover,
            command=(gain * x, gain * y, gain * driven[2], driven[3]),
            deflection=deflection,
            requests=self._requested(counts, now),
            rewind=second and not takeover,
            touched=bool(presses) or any(counts.values()) or deflection > 0.0,
            discard_armed=self._discard.armed(now),
        )

    def _count(self, control: Control, presses: Mapping[str, int]) -> int:
        if control.kind in BUTTONS:
            return presses.get(control.name, 0)
        pressed = self.device.pressed(control)
        rose = pressed and not self._was_pressed[control]
        self._was_pressed[control] = pressed
        return int(rose)

    def _command(self, drive: _Drive | None) -> float:
        if drive is None:
            return 0.0
        position = self.device.position(drive.positive)
        # Two triggers add up: both pressed together mean no motion.
        if drive.negative is not None:
            position -= self.device.position(drive.negative)
        return drive.gain * shape(position, dead_zone=self.profile.dead_zone, expo=self.profile.expo)

    def _takes_over(self, presses: int, deflection: float, now: float) -> bool:
        held = self._held("takeover")
        engaged = self._machine.update(TakeoverInput(held, presses, deflection), now)
        return engaged and self.can_drive

    def _held(self, use: str) -> bool:
        control = self._buttons[use]
        return control is not None and self.device.pressed(control)

    def _requested(self, counts: Mapping[str, int], now: float) -> tuple[OperatorRequest, ...]:
        requests = [request for use, request in _REQUESTS.items() if counts.get(use)]
        # Each press in turn, so that two presses within one tick confirm as well.
        confirmations = [self._discard.press(now) for _ in range(counts.get("discard", 0))]
        if any(confirmations):
            requests.append(OperatorRequest.DISCARD)
        return tuple(requests)
