"""A scripted clumsy hand at the keyboard tries to insert the peg; how often it succeeds, and how long it takes.

    python -m benchmarks.clumsy_hand [--starts 50] [--json FILE]

The hand is no expert. It presses whole keys (down or up, nothing between), sees everything 0.3 s late, judges each
distance with an error of its own that stays for the whole try, lets go only when it sees that it has arrived, and
holds Space all the time. It drives as a person at the Main camera does, through the program's own keys, directions,
ramp and slow key. Four ways to drive are compared: with and without the ramp, with and without the slow key.
"""

import argparse
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from mile_desktop.arrays import Float64Array
from mile_desktop.operators.hand_response import SLOW, Hand, HandResponse
from mile_desktop.scenes.manipulation import ManipulationEnv
from mile_desktop.ui.supervise.model import OPEN, Key, KeyState
from mile_desktop.ui.viewport.orbit import Orbit

SCENE = "peg-insertion"
RATE_HZ = 20
REACTION_S = 0.3
EYE_M = 0.0015
"""Standard deviation of the error with which a distance is judged, m; drawn once for each axis of each try."""
PATIENCE_S = 60.0
"""The hand gives up after this time."""
_FRAME = 13
_HANDLE, _AXIS, _HOLE = slice(5, 8), slice(8, 10), slice(10, 13)
_SLOW_FROM_M = 0.08
"""The hand holds the slow key from this distance on."""
_TAP_FROM_M = 0.025
"""Nearer than this it taps: it presses for ``_TAP_STEPS``, then waits until it sees where that has led."""
_TAP_STEPS, _WAIT_STEPS = 3, 7
_NOTHING_M = 0.012
"""Fingers that are closer together hold nothing, m."""
_CLOSING_STEPS = 14
"""The hand waits so long for the fingers to close: half a second, and its reaction."""


@dataclass(frozen=True)
class Way:
    """One way to drive."""

    name: str
    ramp: bool
    slow: bool


WAYS = (
    Way("ramp and slow key", ramp=True, slow=True),
    Way("ramp only", ramp=True, slow=False),
    Way("slow key only", ramp=False, slow=True),
    Way("neither", ramp=False, slow=False),
)


class ClumsyHand:
    """Looks, and presses keys; one object for each try."""

    def __init__(self, rng: np.random.Generator, yaw_deg: float, *, slow: bool) -> None:
        self._seen: deque[Float64Array] = deque(maxlen=round(REACTION_S * RATE_HZ) + 1)
        self._error = rng.normal(0.0, EYE_M, 3)
        self._slow = slow
        yaw = np.radians(yaw_deg)
        self._right = np.array([np.cos(yaw), np.sin(yaw), 0.0])
        self._away = np.array([-np.sin(yaw), np.cos(yaw), 0.0])
        self._lifted = False
        self._closed_for = 0
        self._since_tap = 0
        self._arrived_for = 0
        self.keys = KeyState()
        self.keys.press(Key.TAKEOVER)
        self.keys.gripper = OPEN

    def look(self, frame: Float64Array) -> None:
        """See the present frame, and press or let go of keys for what was seen 0.3 s ago."""
        self._seen.append(frame)
        seen = self._seen[0].copy()
        # Misjudged distances are what the hand decides by, too: it goes down where it believes itself over the hole.
        for distance in (_HANDLE, _HOLE):
            seen[distance] += self._error
        opening, closed = float(seen[3]), self.keys.gripper > 0.0
        self._closed_for = self._closed_for + 1 if closed else 0
        if closed and self._closed_for > _CLOSING_STEPS and opening < _NOTHING_M:
            self.keys.toggle_gripper()  # it closed on nothing
        held = self._closed_for > _CLOSING_STEPS and opening > _NOTHING_M
        aim, tolerance = self._carry(seen) if held else self._reach(seen)
        self._press(aim, tolerance)

    def _reach(self, seen: Float64Array) -> tuple[Float64Array, float]:
        """Go over the handle with open fingers, then down, then close."""
        self._lifted = False
        handle = seen[_HANDLE]
        beside = float(np.hypot(handle[0], handle[1]))
        if self._closed_for:
            return np.zeros(3), 1.0  # wait for the fingers
        if beside < 0.008 and abs(handle[2]) < 0.01:
            if self._settled():
                self.keys.toggle_gripper()
            return np.zeros(3), 1.0
        self._arrived_for = 0
        hover = 0.0 if beside < 0.008 else 0.06
        return handle + np.array([0.0, 0.0, hover]), 0.004

    def _carry(self, seen: Float64Array) -> tuple[Float64Array, float]:
        """Lift, go over the hole, then down; lift again where the tip stands beside the hole."""
        hole = seen[_HOLE]
        beside = float(np.hypot(hole[0], hole[1]))
        if not self._lifted:
            self._lifted = hole[2] < -0.02 or beside < 0.03
            return np.array([0.0, 0.0, hole[2] + 0.04]), 0.006
        tilted = float(np.hypot(*seen[_AXIS])) > 0.2
        in_hole = hole[2] > 0.002 and beside < 0.012 and not tilted
        if in_hole or (beside < 0.0045 and self._settled()):
            return np.array([hole[0], hole[1], -0.06]), 0.003
        if beside >= 0.0045:
            self._arrived_for = 0
        return np.array([hole[0], hole[1], hole[2] + 0.03]), 0.003

    def _settled(self) -> bool:
        """Whether the hand has seen itself at its aim for a reaction time: what it sees is where it is."""
        self._arrived_for += 1
        return self._arrived_for > REACTION_S * RATE_HZ

    def _press(self, aim: Float64Array, tolerance: float) -> None:
        wanted = {
            (Key.RIGHT, Key.LEFT): float(aim @ self._right),
            (Key.AWAY, Key.NEAR): float(aim @ self._away),
            (Key.UP, Key.DOWN): float(aim[2]),
        }
        farthest = max(map(abs, wanted.values()))
        self._since_tap = self._since_tap + 1 if farthest < _TAP_FROM_M else 0
        waits = self._since_tap % (_TAP_STEPS + _WAIT_STEPS) >= _TAP_STEPS
        for (positive, negative), distance in wanted.items():
            self._set(positive, distance > tolerance and not waits)
            self._set(negative, distance < -tolerance and not waits)
        self._set(Key.SLOW, self._slow and farthest < _SLOW_FROM_M)

    def _set(self, key: Key, down: bool) -> None:
        if down:
            self.keys.press(key)
        else:
            self.keys.release(key)


@dataclass(frozen=True)
class Try:
    """One try."""

    success: bool
    seconds: float


def insert(env: ManipulationEnv, seed: int, way: Way, shape: Callable[[], HandResponse] = HandResponse) -> Try:
    """Let the hand try from the start that ``seed`` stands for; the time limit does not cut off a person."""
    camera = env.description.cameras[0]
    orbit = Orbit(camera.yaw_deg, camera.pitch_deg, camera.distance, camera.target)
    observation, _ = env.reset(seed=seed)
    hand, response = ClumsyHand(np.random.default_rng(seed), camera.yaw_deg, slow=way.slow), shape()
    for step in range(round(PATIENCE_S * RATE_HZ)):
        hand.look(observation[-_FRAME:].astype(np.float64))
        asked = hand.keys.as_input(orbit)
        x, y, z, gripper = asked.action
        gain = SLOW if asked.slow else 1.0
        push = (gain * x, gain * y, gain * z)
        if way.ramp:
            push = response.shape((x, y, z), Hand(asked.slow), step / RATE_HZ)
        observation, _, success, _, _ = env.step(np.array([*push, gripper], np.float32))
        if success:
            return Try(True, (step + 1) / RATE_HZ)
    return Try(False, PATIENCE_S)


def compare(starts: int) -> dict[str, dict[str, float]]:
    """Return, for each way to drive, the share of successes and the median time of those."""
    env = ManipulationEnv(SCENE)
    report = {}
    for way in WAYS:
        tries = [insert(env, seed, way) for seed in range(starts)]
        done = [each.seconds for each in tries if each.success]
        report[way.name] = {"success": len(done) / starts, "median_s": median(done) if done else float("nan")}
        print(f"{way.name:20} {len(done)}/{starts}  median {report[way.name]['median_s']:.1f} s", flush=True)
    env.close()
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=50, metavar="N", help="from seeds 0 … N−1 (default 50)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there")
    arguments = parser.parse_args()
    report = compare(arguments.starts)
    if arguments.json:
        arguments.json.write_text(json.dumps({"starts": arguments.starts, "ways": report}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
