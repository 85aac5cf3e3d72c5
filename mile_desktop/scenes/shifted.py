"""A scene under a shift: the same task with other physics, late actions and wrong sensors."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

import gymnasium
import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.scenes.shift import Shift

_AGE = " @ t"
"""Before the age of a stacked frame in the labels of an observation."""

Action = Float32Array | int


@runtime_checkable
class ShiftablePhysics(Protocol):
    """An environment whose physics a shift can change."""

    def shift_physics(self, *, friction: float, mass: float, gains: float) -> None:
        """Multiply friction, mass and the robot's speed by these factors from the next episode on."""
        ...


class _Frames:
    """Which entries of an observation are measured, and how old they are."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        ages = [_age(label) for label in labels]
        count = max(ages) + 1
        names = [label.partition(_AGE)[0] for label in labels]
        # A unit in the label says that the entry is measured; a contact flag has none. Where no label has one, as in
        # scenes of other programs, every entry is measured.
        measured = [name.endswith(")") for name in names]
        measured = measured if any(measured) else [True] * len(labels)
        self.rows = [np.array([at for at, age in enumerate(ages) if age == number and measured[at]], np.intp)
                     for number in range(count)]  # fmt: skip
        """Entries of each frame, the newest frame first."""
        self.entries = len(self.rows[0])


def _age(label: str) -> int:
    _, found, age = label.partition(_AGE)
    return int(age.removeprefix("-") or 0) if found else 0


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """What a snapshot of the inner scene lacks."""

    waiting: tuple[Action, ...]
    errors: tuple[Float64Array, ...]
    rng: Mapping[str, Any]


class ShiftedEnv(gymnasium.Env[Float32Array, Float32Array]):
    """``inner`` under ``shift``; implements ``SupervisedEnv``. Owned by one thread.

    An environment of its own and no gymnasium wrapper: ``unwrapped`` of a wrapper would reach the inner scene, and its
    snapshots would lack the actions that wait and the errors of the frames.

    Success, reward and the state that is drawn are the true ones. Only what policy and operator measure is wrong.
    """

    def __init__(self, inner: gymnasium.Env[Float32Array, Float32Array], shift: Shift) -> None:
        self.inner = inner
        self.shift = shift
        self.shift_seed: int | None = None
        """Draws the shift's values in place of the episode's seed: the same start under several robots."""
        self.render_mode = inner.render_mode
        self.metadata = inner.metadata
        self.observation_space = inner.observation_space
        self.action_space = inner.action_space
        # As in ``supervised``; typed loosely, because gymnasium's environments do not know our methods.
        self._own: Any = inner.unwrapped
        self._frames = _Frames(self.observation_labels)
        self._drawn = shift.draw(0)
        self._bias = np.zeros(self._frames.entries)
        self._rng = np.random.default_rng(0)
        self._waiting: deque[Action] = deque()
        self._errors: deque[Float64Array] = deque(maxlen=len(self._frames.rows))
        self._moments: dict[int, _Moment] = {}

    @property
    def observation_labels(self) -> tuple[str, ...]:
        """Name and unit of every entry of the observation."""
        return tuple(self._own.observation_labels)

    @property
    def action_labels(self) -> tuple[str, ...]:
        """Short name of every entry of the action."""
        return tuple(self._own.action_labels)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32Array, dict[str, Any]]:
        """Begin an episode: ``seed`` decides its start and what is drawn from the shift's ranges."""
        super().reset(seed=seed)
        number = int(self.np_random.integers(2**31)) if seed is None else seed
        robot = number if self.shift_seed is None else self.shift_seed
        self._drawn = self.shift.draw(robot)
        self._bias = self.shift.draw_bias(robot, self._frames.entries)
        self._rng = np.random.default_rng([number, 2])
        if isinstance(self._own, ShiftablePhysics):
            drawn = self._drawn
            # Before the reset, in which the bodies come to rest under the new physics.
            self._own.shift_physics(friction=drawn.friction, mass=drawn.mass, gains=drawn.gains)
        self._moments.clear()
        observation, info = self.inner.reset(seed=seed, options=options)
        self._waiting = deque([self._resting()] * self._drawn.delay_steps)
        # One error for all frames, because the first observation repeats one measurement.
        self._errors.extend([self._error()] * len(self._frames.rows))
        return self._measured(observation), info

    def step(self, action: Float32Array) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        """Take one control step with the action that was asked for ``delay_steps`` steps ago."""
        self._waiting.append(self._moving(action))
        # The type of gymnasium's class; a discrete scene takes a number.
        taken = cast("Float32Array", self._waiting.popleft())
        observation, reward, terminated, truncated, info = self.inner.step(taken)
        self._errors.append(self._error())
        return self._measured(observation), float(reward), terminated, truncated, info

    def _resting(self) -> Action:
        space = self.action_space
        if isinstance(space, gymnasium.spaces.Discrete):
            return int(space.start)
        return np.zeros(space.shape or (1,), np.float32)

    def _moving(self, action: Action) -> Action:
        """Return ``action`` without the entries that the dead band holds back."""
        if isinstance(action, int | np.integer):
            return int(action)
        # A copy, because it waits and the caller may change its array meanwhile.
        moving = np.array(action, np.float32)
        moving[np.abs(moving) < self._drawn.dead_band] = 0.0
        return moving

    def _error(self) -> Float64Array:
        # Drawn in every step, also without noise, so that a rewound episode goes on with the same numbers.
        return self._bias + self._drawn.noise * self._rng.standard_normal(self._frames.entries)

    def _measured(self, observation: Float32Array) -> Float32Array:
        """Return ``observation`` with the error of each frame: a measurement keeps its error while it grows older."""
        measured = np.array(observation, np.float32)
        for rows, error in zip(self._frames.rows, reversed(self._errors), strict=True):
            measured[rows] += error.astype(np.float32)
        space = self.observation_space
        if isinstance(space, gymnasium.spaces.Box):
            np.clip(measured, space.low, space.high, out=measured)
        return measured

    def render(self) -> Any:  # noqa: ANN401 - as gymnasium's own
        """Return the inner scene's picture."""
        return self.inner.render()

    def scene_state(self) -> Float32Array:
        """Return the true state, float32[k], enough to draw the scene."""
        return cast("Float32Array", self._own.scene_state())

    def end_effector(self) -> Float32Array:
        """Return the true position of the end effector, float32[3], m."""
        return cast("Float32Array", self._own.end_effector())

    def rebase(self) -> None:
        """Start further motion from the measured pose; actions that wait are still carried out, as by a late robot."""
        self._own.rebase()

    def snapshot(self) -> int:
        """Save the complete state of the episode and return its token."""
        token = int(self._own.snapshot())
        self._moments[token] = _Moment(tuple(self._waiting), tuple(self._errors), self._rng.bit_generator.state)
        return token

    def restore(self, token: int) -> Float32Array:
        """Go back to a snapshot and return the observation there; raises as the inner scene does."""
        observation = self._own.restore(token)
        kept = self._moments[token]
        self._waiting = deque(kept.waiting)
        self._errors.extend(kept.errors)
        self._rng.bit_generator.state = kept.rng
        return self._measured(observation)

    def release(self, token: int) -> None:
        """Forget a snapshot."""
        self._own.release(token)
        self._moments.pop(token, None)

    def close(self) -> None:
        """Free the simulator; may be called twice."""
        self._moments.clear()
        self.inner.close()
