"""What a gamepad's controls can be bound to, and which bindings exclude each other; no Qt."""

from dataclasses import dataclass

import msgspec

from mile_desktop.operators.controls import ControlKind, parse_control
from mile_desktop.operators.profile import AxisBinding, PadProfile


@dataclass(frozen=True, slots=True)
class Slot:
    """A function that a control can be bound to."""

    key: str
    """``x+``, ``gripper-`` for driving, the field of ``PadButtons`` for the rest."""
    title: str
    prompt: str
    """What the person has to press while the page listens."""

    @property
    def drives(self) -> str:
        """The entry of the action it drives; empty for a request."""
        return self.key[:-1] if self.key[-1] in "+-" else ""

    @property
    def is_second(self) -> bool:
        """Whether it is the negative direction, which a stick bound to the positive one covers, too."""
        return self.key.endswith("-")


DRIVING_SLOTS: tuple[Slot, ...] = (
    Slot("x+", "Move away", "push a stick away from you"),
    Slot("x-", "Move nearer", "press what moves nearer"),
    Slot("y+", "Move left", "push a stick to the left"),
    Slot("y-", "Move right", "press what moves right"),
    Slot("z+", "Move up", "push a stick away from you"),
    Slot("z-", "Move down", "press what moves down"),
    Slot("gripper+", "Close the gripper", "press what closes"),
    Slot("gripper-", "Open the gripper", "press what opens"),
)
REQUEST_SLOTS: tuple[Slot, ...] = (
    Slot("takeover", "Take over", "press what takes over"),
    Slot("rewind", "Rewind; slow while driving", "press what rewinds"),
    Slot("success", "Mark success", "press a button"),
    Slot("partial", "Mark partial success", "press a button"),
    Slot("failure", "Mark failure", "press a button"),
    Slot("discard", "Discard (twice)", "press a button"),
    Slot("hold", "Hold, or resume", "press a button"),
    Slot("stop", "Stop", "press a button"),
    Slot("start", "Start, or reset", "press a button"),
    Slot("next_camera", "Next camera", "press a button"),
    Slot("previous_camera", "Previous camera", "press a button"),
    Slot("mark_call", "Mark the last call", "press a button"),
)
SLOTS = DRIVING_SLOTS + REQUEST_SLOTS
_AXES = frozenset({ControlKind.SDL_AXIS, ControlKind.AXIS})


def control_in(profile: PadProfile, slot: Slot) -> str:
    """Return the name of the control bound to ``slot``, or an empty string."""
    if slot.drives:
        axis = profile.axis(slot.drives)
        return axis.negative if slot.is_second else axis.positive
    control: str = getattr(profile.buttons, slot.key)
    return control


def covered_by_stick(profile: PadProfile, slot: Slot) -> bool:
    """Whether ``slot`` needs no control of its own, because one stick axis drives both directions."""
    if not slot.is_second:
        return False
    axis = profile.axis(slot.drives)
    return bool(axis.positive) and not axis.negative and _is_two_sided(axis.positive)


def bind_control(profile: PadProfile, slot: Slot, control: str) -> tuple[PadProfile, tuple[Slot, ...]]:
    """Bind ``control`` to ``slot`` (empty: unbind) and unbind it from every other slot.

    Returns
    -------
    The new profile and the slots that lost their control.

    Raises
    ------
    ProfileError
        If the result is invalid, e.g. a second direction without the first.
    """
    lost: list[Slot] = []
    # One control with two functions would do both at once, for example stop and mark success.
    for other in SLOTS:
        held = control_in(profile, other)
        if control and other != slot and held and _place(held) == _place(control):
            profile = _put(profile, other, "")
            lost.append(other)
    return _put(profile, slot, control), tuple(lost)


def _put(profile: PadProfile, slot: Slot, control: str) -> PadProfile:
    if not slot.drives:
        return msgspec.structs.replace(profile, buttons=msgspec.structs.replace(profile.buttons, **{slot.key: control}))
    axis = profile.axis(slot.drives)
    return msgspec.structs.replace(profile, **{slot.drives: _put_axis(axis, slot, control)})


def _put_axis(axis: AxisBinding, slot: Slot, control: str) -> AxisBinding:
    if slot.is_second:
        return msgspec.structs.replace(axis, negative=control)
    # The second direction has no meaning without the first, or if a stick covers both.
    alone = not control or _is_two_sided(control)
    return msgspec.structs.replace(axis, positive=control, negative="" if alone else axis.negative)


def _place(control: str) -> str:
    # One physical control may be written in several ways, as an axis or as a trigger.
    return parse_control(control).physical_name


def _is_two_sided(control: str) -> bool:
    """Whether the control rests in the middle: a stick axis, not a trigger or a button."""
    return parse_control(control).kind in _AXES and not control.endswith("trigger")
