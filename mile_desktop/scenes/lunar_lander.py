"""Gymnasium's LunarLander-v3 as a scene: discrete engines, a state that can be drawn, and rewinding by replaying."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.engine import load_box2d
from mile_desktop.scenes.snapshots import Snapshots

# Before the import below, which would otherwise bring Box2D in with its warnings.
load_box2d()
from gymnasium.envs.box2d import lunar_lander as box2d  # noqa: E402

METRES_A_UNIT = 0.05
"""A unit of the physics as it is drawn: the sky is one metre wide."""
_UPRIGHT = 0.17
"""A lander that stands on level ground is tilted by less than this, rad (10°)."""
_RENDER_FPS = 20.0
"""Control steps a second in the program; the physics' own 50 are too fast for a thumb."""
CHUNKS = 11
"""Corners of the terrain."""
STATE_SIZE = 12 + CHUNKS
"""Three poses (x, z, angle), two contacts, the firing engine, and the heights of the terrain's corners."""

_WIDTH = box2d.VIEWPORT_W / box2d.SCALE
_LABELS = (
    "x (half widths of the sky)",
    "height above the pad (half heights of the sky)",
    "x speed (half widths in 2 s)",
    "z speed (half heights in 0.89 s)",
    "tilt to the left (rad)",
    "turning to the left (2.5 rad/s)",
    "left leg on the ground",
    "right leg on the ground",
)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    actions: bytes
    """The actions taken since the start, one byte each."""
    rng: Mapping[str, Any]


class LunarLanderEnv(gymnasium.Env[Float32Array, int]):
    """Land on both legs between the flags; implements ``SupervisedEnv``.

    Physics, observation and reward are those of ``LunarLander-v3`` without wind; one step is 1/50 s. Action: 0 engines
    off, 1 to the left (pushes and tilts to the left), 2 main engine, 3 to the right.

    Success: the lander is at rest (its physics sleeps) and upright, its middle is between the flags, and its hull never
    touched the ground. So it stands on both legs. Resting elsewhere, crashing and leaving the sky are failures. The
    episode is truncated after ``max_steps``.

    A snapshot is the list of actions taken so far, because Box2D cannot save its contacts. To go back, the same episode
    is played again up to that step. This repeats it exactly and takes about 0.1 ms a step.
    """

    def __init__(self, max_steps: int = 600, render_mode: str | None = None) -> None:
        self.max_steps = max_steps
        self.render_mode = render_mode
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": _RENDER_FPS}
        # The bare class: gymnasium's wrappers would add limits and checks of their own.
        self._lander: Any = box2d.LunarLander(render_mode=render_mode)
        space: Any = self._lander.observation_space
        self._bounds = space.low, space.high
        self.observation_space = space
        self.action_space = self._lander.action_space
        self._actions = bytearray()
        self._began: Mapping[str, Any] = {}
        self._snapshots = Snapshots[_Snapshot]()
        self._next_token = 0
        self._engine = 0

    @property
    def action_labels(self) -> tuple[str, ...]:
        """Short name of every action."""
        return "off", "left", "main", "right"

    def render(self) -> Any:  # noqa: ANN401 - as gymnasium's own
        """Return gymnasium's picture, uint8[height, width, 3]; None without a render mode."""
        return None if self.render_mode is None else self._lander.render()

    @property
    def observation_labels(self) -> tuple[str, ...]:
        """Name and unit of every entry of the observation."""
        return _LABELS

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32Array, dict[str, Any]]:
        """Begin an episode; terrain and first push come from ``seed``. Releases all snapshots."""
        super().reset(seed=seed, options=options)
        # They list actions of the episode before.
        self._snapshots.clear()
        self._began = self.np_random.bit_generator.state
        return self._begin(), {"success": False, "step": 0}

    def _begin(self) -> Float32Array:
        """Build the world as it was when the episode began."""
        # The same random numbers again, so that terrain and first push are the same.
        self.np_random.bit_generator.state = self._began
        self._lander.np_random = self.np_random
        self._actions.clear()
        self._engine = 0
        return self._bounded(self._lander.reset()[0])

    def step(self, action: int) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        """Fire an engine, or none, for one step.

        Raises ``ValueError`` when the action is none of 0 to 3; nothing moves then.
        """
        if not self.action_space.contains(action):
            raise ValueError(f"action: found {action!r}, expected 0 (off), 1 (left), 2 (main) or 3 (right)")
        observation, reward, terminated, _, _ = self._lander.step(int(action))
        self._actions.append(int(action))
        self._engine = int(action)
        success = terminated and self._has_landed()
        truncated = len(self._actions) >= self.max_steps and not terminated
        info = {"success": success, "is_success": success, "step": len(self._actions)}
        return self._bounded(observation), float(reward), bool(terminated), truncated, info

    def _has_landed(self) -> bool:
        hull = self._lander.lander
        between = self._lander.helipad_x1 <= hull.position.x <= self._lander.helipad_x2
        # The legs' contacts are not used: Box2D reports their end when a leg moves to the next piece of the ground.
        standing = not hull.awake and not self._lander.game_over and abs(hull.angle) < _UPRIGHT
        return bool(standing and between)

    def _bounded(self, observation: Float32Array) -> Float32Array:
        # gymnasium's own values can leave its bounds in a fall.
        low, high = self._bounds
        return np.clip(observation, low, high).astype(np.float32)

    def scene_state(self) -> Float32Array:
        """Return float32[``STATE_SIZE``]: enough to draw everything, terrain included.

        x, z (m) and angle (rad) of hull, left and right leg; whether each leg touches the ground; the engine that
        fires; the heights (m) of the terrain's corners from left to right.
        """
        bodies = (self._lander.lander, *self._lander.legs)
        poses = [value for body in bodies for value in (*_drawn(body.position), body.angle)]
        contacts = [float(leg.ground_contact) for leg in self._lander.legs]
        return np.array([*poses, *contacts, self._engine, *self._heights()], np.float32)

    def _heights(self) -> list[float]:
        polygons = self._lander.sky_polys
        corners = [polygon[0][1] for polygon in polygons] + [polygons[-1][1][1]]
        return [height * METRES_A_UNIT for height in corners]

    def end_effector(self) -> Float32Array:
        """Return the position of the hull as it is drawn, float32[3], m."""
        x, z = _drawn(self._lander.lander.position)
        return np.array([x, 0.0, z], np.float32)

    def rebase(self) -> None:
        """Do nothing: engines have no commanded pose."""

    def snapshot(self) -> int:
        """Save the actions taken so far and return a token."""
        self._next_token += 1
        self._snapshots[self._next_token] = _Snapshot(bytes(self._actions), self.np_random.bit_generator.state)
        return self._next_token

    def restore(self, token: int) -> Float32Array:
        """Play the episode again up to a snapshot and return the observation there."""
        # First, since an unknown token must not end the episode.
        kept = self._snapshots[token]
        observation = self._begin()
        for action in kept.actions:
            observation = self.step(action)[0]
        # The engines draw random numbers in every step. If their state differs, the physics differed, too.
        if self.np_random.bit_generator.state != kept.rng:
            raise RuntimeError("The replay of the lander differs from the episode; begin a new episode.")
        return observation

    def release(self, token: int) -> None:
        """Forget a snapshot."""
        self._snapshots.take(token)

    def close(self) -> None:
        """Free the physics; may be called twice."""
        self._snapshots.clear()
        self._lander.close()


def _drawn(position: Any) -> tuple[float, float]:  # noqa: ANN401 - Box2D has no types
    """Return where a point of the physics is drawn, m; x is 0 in the middle."""
    return (position.x - _WIDTH / 2) * METRES_A_UNIT, position.y * METRES_A_UNIT
