"""Which driving keys are down and what that means, without Qt."""

from dataclasses import dataclass, field
from enum import StrEnum

from mile_desktop.rollout.messages import WindowInput
from mile_desktop.ui.supervise.view_directions import drive
from mile_desktop.ui.viewport.orbit import Orbit


class Key(StrEnum):
    """Keys that are levels: they count as long as they are held."""

    TAKEOVER = "takeover"
    AWAY = "away"
    NEAR = "near"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    REWIND = "rewind"


OPEN, KEEP, CLOSE = -1.0, 0.0, 1.0
"""Gripper commands: the entry is a speed, so none keeps the grip."""
_MEANT = 0.1
"""Smaller gripper commands are a policy's noise."""


@dataclass
class KeyState:
    """The keys that are down; owned by the window's thread."""

    down: set[Key] = field(default_factory=set)
    gripper: float = KEEP
    """Commanded gripper in [−1, 1]; kept between takeovers so that taking over never drops what is held."""

    def press(self, key: Key) -> bool:
        """Note that ``key`` went down; return whether that is news."""
        if key in self.down:
            return False
        self.down.add(key)
        return True

    def release(self, key: Key) -> bool:
        """Note that ``key`` came up; return whether that is news."""
        if key not in self.down:
            return False
        self.down.discard(key)
        return True

    def release_all(self) -> bool:
        """Let everything go; return whether anything was down."""
        had_any = bool(self.down)
        self.down.clear()
        return had_any

    def toggle_gripper(self) -> None:
        """Close an open gripper, open a closed one."""
        self.gripper = OPEN if self.gripper > 0 else CLOSE

    def follow_gripper(self, commanded: float) -> None:
        """Adopt the gripper command that is being executed while the policy drives."""
        if Key.TAKEOVER not in self.down and abs(commanded) > _MEANT:
            self.gripper = CLOSE if commanded > 0 else OPEN

    def as_input(self, orbit: Orbit) -> WindowInput:
        """Return what the keys ask for, directions as seen from ``orbit``."""
        right = self._axis(Key.RIGHT, Key.LEFT)
        away = self._axis(Key.AWAY, Key.NEAR)
        action = drive(right, away, self._axis(Key.UP, Key.DOWN), self.gripper, orbit)
        takeover = Key.TAKEOVER in self.down
        return WindowInput(source="keyboard", takeover=takeover, action=action, rewind=Key.REWIND in self.down)

    def _axis(self, positive: Key, negative: Key) -> float:
        return float(positive in self.down) - float(negative in self.down)
