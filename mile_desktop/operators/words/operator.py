"""The operator that drives what was typed: one segment after the other, in the control tick."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.operator import OperatorContext, OperatorReading
from mile_desktop.operators.stick_response import turn_to_view
from mile_desktop.operators.words.segment import GRIPPER, MAX_SEGMENTS, SPEEDS, WORDS, Segment

_COMMAND = 0.5
"""Size of the action at normal speed: half of the full speed, because no hand corrects a typed movement."""
_SLOWEST, _FASTEST = 0.125, 1.0
_GRIPPER_S = 0.6
"""Long enough for the full travel of every shipped gripper."""
_CONTACT_TICKS = 5
_CONTACT_SHARE = 0.25
"""A contact: over this many ticks the hand made less than this share of the commanded way."""
_PATIENCE = 1.6
"""A measured move ends after this multiple of its nominal time: the hand is at a limit or an obstacle."""
_AXES = {
    "forward": (1.0, 0.0, 0.0), "back": (-1.0, 0.0, 0.0), "left": (0.0, 1.0, 0.0), "right": (0.0, -1.0, 0.0),
    "up": (0.0, 0.0, 1.0), "down": (0.0, 0.0, -1.0),
}  # fmt: skip
"""Direction → (x, y, z) as the robot sees it: x away from its base, y to its left."""


_SECONDS_A_METRE = 10.0
"""Where nothing is measured in metres: 1 cm, and so half of “a bit”, stands for a tenth of a second."""
_HAND = "end effector"
_FROM_HAND = f" - {_HAND}"
_CARRIED_M = 0.04
"""Nearer to the hand than this a thing is carried: in seven recorded episodes a grasped peg was at most 3 cm away."""


class DrivenBody:
    """What the operator has to know of the robot that words drive.

    Parameters
    ----------
    rate_hz
        Control steps a second.
    max_speed
        m/s along each axis at full command.
    labels
        Of the observation's entries; those of its newest frame may end with `` @ t``.
    pushes
        Of discrete actions: the push that selects each, such as ``left``; none where actions are continuous.
    """

    def __init__(self, rate_hz: float, max_speed: float, labels: Sequence[str], pushes: Sequence[str] = ()) -> None:
        self.pushes = tuple(pushes)
        self.rate_hz = rate_hz
        self.max_speed = max_speed
        self.labels = tuple(labels)
        self._rows = _vectors(labels)

    @property
    def measures_hand(self) -> bool:
        """Whether the end effector's position is measured."""
        return _HAND in self._rows

    def measures(self, target: str) -> bool:
        """Whether the way to ``target`` is measured."""
        return self._way_to(target) is not None

    def position(self, observation: Float32Array) -> Float32Array | None:
        """Return the end effector's position, float32[3] in m; None where it is not measured."""
        rows = self._rows.get(_HAND)
        return None if rows is None else observation[rows]

    def towards(self, target: str, observation: Float32Array) -> Float32Array | None:
        """Return the way to ``target``, float32[3] in m, of the hand or of what it carries; None: not measured.

        A scene may measure a target from the thing that goes there, such as “hole - peg tip”. While the hand does not
        carry that thing, the way to it is added: otherwise the hand would move beside the line from the thing to the
        target, and away from both.
        """
        found = self._way_to(target)
        if found is None:
            return None
        name, rows = found
        way = observation[rows]
        thing = next((rows for other, rows in self._rows.items() if other.endswith(_FROM_HAND)), None)
        if name.endswith(_FROM_HAND) or thing is None:
            return way
        to_thing = observation[thing]
        return way if float(np.linalg.norm(to_thing)) < _CARRIED_M else way + to_thing

    def _way_to(self, target: str) -> tuple[str, list[int]] | None:
        return next(((name, rows) for name, rows in self._rows.items() if name.startswith(f"{target} - ")), None)


def _vectors(labels: Sequence[str]) -> dict[str, list[int]]:
    """Return name → rows of x, y and z, of everything measured in m in the newest frame."""
    rows = {label.removesuffix(" @ t"): number for number, label in enumerate(labels)}
    names = [label.removesuffix(" x (m)") for label in rows if label.endswith(" x (m)")]
    found = {name: [rows.get(f"{name} {axis} (m)") for axis in "xyz"] for name in names}
    return {name: [row for row in each if row is not None] for name, each in found.items() if None not in each}


def _push_problem(segments: Sequence[Segment], body: DrivenBody) -> str:
    """Return why choices of discrete actions cannot be made by ``segments``."""
    for each in segments:
        if each.direction not in {*body.pushes, *SPEEDS} or each.until_touch:
            known = ", ".join(sorted(_AXES.keys() & set(body.pushes)))
            return f"“{each.direction}” selects nothing in this scene; there are {known}, each for a time."
    return ""


def _pushed(segment: Segment, body: DrivenBody) -> "_Run":
    """Return the choice that a direction selects, held for the time that was named."""
    seconds = segment.amount if segment.unit == "s" else segment.amount * _SECONDS_A_METRE
    action = [0.0] * len(body.pushes)
    action[body.pushes.index(segment.direction)] = 1.0
    return _Run(tuple(action), max(1, round(seconds * body.rate_hz)))


class WordsOperator:
    """Takes over while there are segments to drive, and hands back after the last one.

    ``drive``, ``cancel`` and ``poll`` are called by the same thread, the rollout loop's.
    """

    kind = WORDS
    device = "Words"
    instruction = "type / and a command"

    def __init__(self) -> None:
        self._body: DrivenBody | None = None
        self._waiting: deque[Segment] = deque()
        self._running: _Run | None = None
        self._yaw_deg = 0.0
        self._speed = _COMMAND
        self._words = ""
        self._drove = False

    def begin_session(self, body: DrivenBody | None) -> None:
        """Drive ``body`` from now on; None: what is loaded cannot be driven by words."""
        self.cancel()
        self._body = body

    def problem(self, segments: Sequence[Segment]) -> str:
        """Return why ``segments`` cannot be driven here, as a sentence; empty if they can."""
        body = self._body
        if body is None:
            return "Words drive robot arms only, and this scene has none; take over by hand."
        if len(segments) > MAX_SEGMENTS or not all(each.within_limits() for each in segments):
            return "The command is outside the limits of words; nothing moves."
        if body.pushes:
            return _push_problem(segments, body)
        for each in segments:
            if each.direction == "towards" and not body.measures(each.target):
                return f"This scene does not measure where “{each.target}” is; give a direction instead."
            if each.until_touch and not body.measures_hand:
                return "This scene does not measure the hand, so a contact is not noticed; give a distance instead."
        return ""

    def drive(self, segments: Sequence[Segment], *, words: str, view_yaw_deg: float) -> None:
        """Drive ``segments``, which have no ``problem``, from the next tick on, in place of what is still waiting.

        Parameters
        ----------
        words
            What was typed and what it was understood as; recorded with the steps.
        view_yaw_deg
            Heading of the view, for segments in the camera's frame; see ``turn_to_view``.
        """
        self.cancel()
        self._waiting.extend(segments)
        self._yaw_deg = view_yaw_deg
        self._words = words

    def cancel(self) -> None:
        """Forget what is still to be driven."""
        self._waiting.clear()
        self._running = None
        self._drove = False

    @property
    def driving(self) -> bool:
        """Whether there is something to drive."""
        return self._running is not None or bool(self._waiting)

    def reset(self, seed: int) -> None:
        """Begin a new episode: words of the last one have no effect."""
        del seed
        self.cancel()
        self._speed = _COMMAND

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Return the action of the running segment."""
        size = len(context.proposal)
        action = np.zeros(size, np.float32)
        body = self._body
        if self._drove and not context.intervening:
            # The robot held, was rewound, or a hand took over. Words must not go on later from another place.
            self.cancel()
        # A loop, because a segment that has ended gives its tick to the next one. A tick without a takeover between two
        # segments would hand the control back to the policy.
        while body is not None and self.driving:
            if self._running is None:
                self._running = self._begin(self._waiting.popleft(), context, body)
            if self._running is not None and self._running.goes_on(body.position(context.observation)):
                # Scenes have three or more entries of an action; entries beyond those of words stay 0.
                used = min(size, len(self._running.action))
                action[:used] = self._running.action[:used]
                self._drove = True
                return OperatorReading(takeover=True, action=action, words=self._words)
            self._running = None
        self._drove = False
        return OperatorReading(takeover=False, action=action)

    def close(self) -> None:
        """Release nothing."""

    def _begin(self, segment: Segment, context: OperatorContext, body: DrivenBody) -> "_Run | None":
        if segment.direction in SPEEDS:
            # It takes no tick: the next segment begins in the same one.
            self._speed = min(max(self._speed * SPEEDS[segment.direction], _SLOWEST), _FASTEST)
            return None
        if body.pushes:
            return _pushed(segment, body)
        if segment.direction in GRIPPER:
            closing = 1.0 if segment.direction == "close" else -1.0
            return _Run((0.0, 0.0, 0.0, closing), round(_GRIPPER_S * body.rate_hz))
        way = self._way(segment, context.observation, body)
        if way is None:
            return None
        action = tuple(self._speed * each for each in way)
        if segment.unit == "s":
            return _Run(action, max(1, round(segment.amount * body.rate_hz)))
        a_tick = self._speed * body.max_speed / body.rate_hz
        ticks = max(1, round(segment.amount / a_tick))
        measured = body.measures_hand
        return _Run(
            action,
            math.ceil(ticks * _PATIENCE) + _CONTACT_TICKS if measured else ticks,
            distance=segment.amount if measured else math.inf,
            a_tick=a_tick,
            until_touch=segment.until_touch,
        )

    def _way(self, segment: Segment, observation: Float32Array, body: DrivenBody) -> tuple[float, float, float] | None:
        """Return the unit direction as the robot sees it; None where the target is reached already."""
        if segment.direction == "towards":
            found = body.towards(segment.target, observation)
            length = float(np.linalg.norm(found)) if found is not None else 0.0
            if found is None or length < 1e-3:
                return None
            x, y, z = (float(each) / length for each in found)
            return x, y, z
        x, y, z = _AXES[segment.direction]
        if segment.frame == "camera":
            x, y = turn_to_view(x, y, self._yaw_deg)
        return x, y, z


@dataclass(slots=True)
class _Run:
    """A segment while it is driven."""

    action: tuple[float, ...]
    ticks_left: int
    distance: float = math.inf
    """m to go from where it began."""
    a_tick: float = 0.0
    """m that a tick should make."""
    until_touch: bool = False
    began: Float32Array | None = None
    recent: deque[Float32Array] | None = None

    def goes_on(self, position: Float32Array | None) -> bool:
        """Count one tick; return whether the segment is driven in it."""
        self.ticks_left -= 1
        if self.ticks_left < 0:
            return False
        if position is None or math.isinf(self.distance):
            return True
        if self.began is None or self.recent is None:
            # In the first tick and not when the line was typed: the segments before this one have moved the hand.
            self.began, self.recent = position, deque(maxlen=_CONTACT_TICKS + 1)
        # Half a tick early, so that the end is the tick nearest to the distance.
        if float(np.linalg.norm(position - self.began)) >= self.distance - 0.5 * self.a_tick:
            return False
        self.recent.append(position)
        if not self.until_touch or len(self.recent) <= _CONTACT_TICKS:
            return True
        made = float(np.linalg.norm(self.recent[-1] - self.recent[0]))
        return made > _CONTACT_SHARE * _CONTACT_TICKS * self.a_tick
