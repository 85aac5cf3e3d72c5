"""The operator that drives what was typed: one segment after the other, in the control tick."""

import math
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.operator import OperatorContext, OperatorReading
from mile_desktop.operators.stick_response import turn_to_view
from mile_desktop.operators.words.segment import GRIPPER, SPEEDS, Segment

KIND = "words"
"""Recorded with the steps that words drove."""

_COMMAND = 0.5
"""Size of the action at normal speed: half of the full speed, because nobody corrects a typed movement while it runs."""
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
_NEWEST = re.compile(r"( @ t)?$")


@dataclass(frozen=True, slots=True)
class DrivenBody:
    """What the operator has to know of the scene that words drive."""

    rate_hz: float
    max_speed: float
    """m/s along each axis at full command; 0 where it is not known, so that only seconds can be driven."""
    labels: tuple[str, ...]
    """Of the observation's entries."""

    def position(self, observation: Float32Array) -> Float32Array | None:
        """Return the measured end-effector position, float32[3] in m; None where the scene does not measure it."""
        return self._vector("end effector", observation)

    def towards(self, target: str, observation: Float32Array) -> Float32Array | None:
        """Return the way to ``target``, float32[3] in m; None where the scene does not measure it."""
        names = {label.split(" - ")[0] + " - " + label.split(" - ")[1].rsplit(" ", 2)[0]
                 for label in self.labels if " - " in label and label.startswith(f"{target} - ")}  # fmt: skip
        for name in sorted(names):
            if (found := self._vector(name, observation)) is not None:
                return found
        return None

    def _vector(self, name: str, observation: Float32Array) -> Float32Array | None:
        index = {label: number for number, label in enumerate(self.labels)}
        for suffix in (" @ t", ""):
            rows = [index.get(f"{name} {axis} (m){suffix}") for axis in "xyz"]
            if None not in rows:
                return observation[[row for row in rows if row is not None]]
        return None


class WordsOperator:
    """Takes over while there are segments to drive, and hands back after the last one.

    ``drive``, ``cancel`` and ``poll`` are called by the same thread, the rollout loop's.
    """

    kind = KIND
    device = "Words"
    instruction = "type /"

    def __init__(self, body: DrivenBody) -> None:
        self._body = body
        self._waiting: deque[Segment] = deque()
        self._running: _Run | None = None
        self._yaw_deg = 0.0
        self._speed = _COMMAND
        self._text = self._meaning = ""

    def problem(self, segments: Sequence[Segment], observation: Float32Array) -> str:
        """Return why ``segments`` cannot be driven in this scene, as a sentence; empty if they can."""
        for each in segments:
            if each.unit == "m" and not self._body.max_speed:
                return f"This scene does not say how fast it moves, so “{each.text()}” needs seconds: {each.direction} 1 s."
            if each.direction == "towards" and self._body.towards(each.target, observation) is None:
                return f"This scene does not measure where “{each.target}” is; give a direction instead."
            if each.until_touch and self._body.position(observation) is None:
                return "This scene does not measure the hand, so it cannot feel a contact; give a distance instead."
        return ""

    def drive(self, segments: Sequence[Segment], *, text: str, meaning: str, view_yaw_deg: float) -> None:
        """Drive ``segments`` from the next tick on, in place of what is still waiting.

        Parameters
        ----------
        text, meaning
            What was typed, and what it was understood as; recorded with the steps.
        view_yaw_deg
            Heading of the view, for segments in the camera's frame; see ``turn_to_view``.
        """
        self.cancel()
        self._waiting.extend(segments)
        self._yaw_deg = view_yaw_deg
        self._text, self._meaning = text, meaning

    def cancel(self) -> None:
        """Forget what is still to be driven."""
        self._waiting.clear()
        self._running = None

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
        while self.driving:
            if self._running is None:
                self._running = self._begin(self._waiting.popleft(), context)
            if self._running is not None and self._running.goes_on(self._body.position(context.observation)):
                used = min(size, len(self._running.action))
                action[:used] = self._running.action[:used]
                return OperatorReading(takeover=True, action=action, text=self._text, meaning=self._meaning)
            self._running = None
        return OperatorReading(takeover=False, action=action)

    def close(self) -> None:
        """Release nothing."""

    def _begin(self, segment: Segment, context: OperatorContext) -> "_Run | None":
        if segment.direction in SPEEDS:
            self._speed = min(max(self._speed * SPEEDS[segment.direction], _SLOWEST), _FASTEST)
            return None
        if segment.direction in GRIPPER:
            opening = 1.0 if segment.direction == "open" else -1.0
            return _Run((0.0, 0.0, 0.0, opening), round(_GRIPPER_S * self._body.rate_hz))
        way = self._way(segment, context.observation)
        if way is None:
            return None
        action = tuple(self._speed * each for each in way)
        if segment.unit == "s":
            return _Run(action, max(1, round(segment.amount * self._body.rate_hz)))
        a_tick = self._speed * self._body.max_speed / self._body.rate_hz
        ticks = max(1, round(segment.amount / a_tick))
        measured = self._body.position(context.observation) is not None
        return _Run(
            action,
            math.ceil(ticks * _PATIENCE) + _CONTACT_TICKS if measured else ticks,
            distance=segment.amount if measured else math.inf,
            a_tick=a_tick,
            until_touch=segment.until_touch,
        )

    def _way(self, segment: Segment, observation: Float32Array) -> tuple[float, float, float] | None:
        """Return the unit direction as the robot sees it."""
        if segment.direction == "towards":
            found = self._body.towards(segment.target, observation)
            length = float(np.linalg.norm(found)) if found is not None else 0.0
            if found is None or length < 1e-3:
                return None  # it is there already
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
            self.began, self.recent = position, deque(maxlen=_CONTACT_TICKS + 1)
        if float(np.linalg.norm(position - self.began)) >= self.distance - 0.5 * self.a_tick:
            return False
        self.recent.append(position)
        if not self.until_touch or len(self.recent) <= _CONTACT_TICKS:
            return True
        made = float(np.linalg.norm(self.recent[-1] - self.recent[0]))
        return made > _CONTACT_SHARE * _CONTACT_TICKS * self.a_tick
