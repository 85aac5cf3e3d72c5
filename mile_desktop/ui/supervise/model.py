"""Rules of the Supervise page without Qt: which buttons work in which phase, and what the driving keys ask for."""

import math
from dataclasses import dataclass, field
from enum import StrEnum

from mile_desktop.rollout.messages import WindowInput
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.viewport.orbit import Orbit

# ── episode buttons ──────────────────────────────────────────────────────────────────────────────────────────────────


class EpisodeAction(StrEnum):
    """What a button under the view asks for."""

    START = "start"
    RESET = "reset"
    HOLD = "hold"
    RESUME = "resume"
    STOP = "stop"
    SUCCESS = "success"
    PARTIAL = "partial"
    FAILURE = "failure"
    DISCARD = "discard"


OUTCOMES = (EpisodeAction.SUCCESS, EpisodeAction.PARTIAL, EpisodeAction.FAILURE, EpisodeAction.DISCARD)
"""Buttons that end an episode and say how it went."""
_IN_EPISODE = frozenset({EpisodeAction.STOP, *OUTCOMES})

# The worker decides by ``rollout/phases.py``; this copy only greys out buttons. A test compares the two tables.
ENABLED_ACTIONS: dict[Phase, frozenset[EpisodeAction]] = {
    Phase.IDLE: frozenset({EpisodeAction.START, EpisodeAction.STOP}),
    Phase.AUTONOMOUS: _IN_EPISODE | {EpisodeAction.HOLD},
    Phase.TAKEOVER: _IN_EPISODE | {EpisodeAction.HOLD},
    Phase.HOLD: _IN_EPISODE | {EpisodeAction.RESUME},
    Phase.STOPPED: frozenset({EpisodeAction.RESET}),
    Phase.RESETTING: frozenset({EpisodeAction.STOP}),
}


def enabled_actions(phase: Phase | None) -> frozenset[EpisodeAction]:
    """Return the actions that work in ``phase``; none works before a session is loaded (``None``)."""
    return frozenset() if phase is None else ENABLED_ACTIONS[phase]


# ── driving ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Key(StrEnum):
    """Driving keys; each counts as long as it is held."""

    TAKEOVER = "takeover"
    AWAY = "away"
    NEAR = "near"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    REWIND = "rewind"
    SLOW = "slow"


OPEN, KEEP, CLOSE = -1.0, 0.0, 1.0
"""Gripper commands. The entry is a speed, so 0 keeps the present opening."""
GRIPPER_NOISE = 0.1
"""A policy's gripper command that is smaller than this is noise and not an order to open or close."""


@dataclass
class KeyState:
    """The keys that are down; owned by the window's thread."""

    down: set[Key] = field(default_factory=set)
    gripper: float = KEEP
    """Commanded gripper in [−1, 1]; kept between takeovers, so that a takeover never drops the object in the grip."""
    speed: float = 1.0
    """Share of full speed that the person has chosen."""

    def press(self, key: Key) -> bool:
        """Note that ``key`` went down; return whether this is a change."""
        if key in self.down:
            return False
        self.down.add(key)
        return True

    def release(self, key: Key) -> bool:
        """Note that ``key`` came up; return whether this is a change."""
        if key not in self.down:
            return False
        self.down.discard(key)
        return True

    def release_all(self) -> bool:
        """Release every key; return whether any was down."""
        had_any = bool(self.down)
        self.down.clear()
        return had_any

    def toggle_gripper(self) -> None:
        """Close an open gripper, open a closed one."""
        self.gripper = OPEN if self.gripper > 0 else CLOSE

    def follow_gripper(self, commanded: float) -> None:
        """Adopt the gripper command that is executed while the policy drives."""
        if Key.TAKEOVER not in self.down and abs(commanded) > GRIPPER_NOISE:
            self.gripper = CLOSE if commanded > 0 else OPEN

    def as_input(self, orbit: Orbit) -> WindowInput:
        """Return what the keys ask for, with directions as seen from ``orbit``."""
        right = self._axis(Key.RIGHT, Key.LEFT)
        away = self._axis(Key.AWAY, Key.NEAR)
        action = drive_action(right, away, self._axis(Key.UP, Key.DOWN), self.gripper, orbit)
        takeover = Key.TAKEOVER in self.down
        return WindowInput(
            source="keyboard",
            takeover=takeover,
            action=action,
            rewind=Key.REWIND in self.down,
            slow=Key.SLOW in self.down,
            speed=self.speed,
        )

    def _axis(self, positive: Key, negative: Key) -> float:
        return float(positive in self.down) - float(negative in self.down)


def world_from_view(right: float, away: float, yaw_deg: float) -> tuple[float, float]:
    """Return (dx, dy) in [−1, 1] of a push ``right`` and ``away`` as seen by a camera at ``yaw_deg``, see ``orbit``."""
    yaw = math.radians(yaw_deg)
    dx = right * math.cos(yaw) - away * math.sin(yaw)
    dy = right * math.sin(yaw) + away * math.cos(yaw)
    # A diagonal push of two keys has length √2 and can leave the box [−1, 1]² after turning. Dividing by the larger
    # entry keeps its direction; clipping each entry would bend it.
    largest = max(1.0, abs(dx), abs(dy))
    return dx / largest, dy / largest


def drive_action(
    right: float, away: float, up: float, gripper: float, orbit: Orbit
) -> tuple[float, float, float, float]:
    """Return the action (dx, dy, dz, gripper) of a push as seen from ``orbit``; all in [−1, 1]."""
    dx, dy = world_from_view(right, away, orbit.yaw_deg)
    return dx, dy, max(-1.0, min(1.0, up)), gripper
