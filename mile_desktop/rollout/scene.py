"""The scene as the rollout loop drives it."""

from typing import Any, Protocol, Self

import gymnasium
import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.environment import SceneEnv, make_scene, supervised
from mile_desktop.scenes.gymnasium.environment import GymnasiumEnv
from mile_desktop.scenes.shift import Shift
from mile_desktop.scenes.shifted import ShiftedEnv

StepResult = tuple[Float32Array, float, bool, bool, dict[str, Any]]


class DrivenScene(Protocol):
    """A gymnasium environment in step and seed, plus what supervision needs; owned by one thread."""

    @property
    def action_size(self) -> int:
        """Entries of an action."""
        ...

    @property
    def discrete(self) -> bool:
        """Actions are one-hot: one of ``action_size`` choices."""
        ...

    def reset(self, *, seed: int) -> tuple[Float32Array, dict[str, Any]]:
        """Begin the episode that ``seed`` stands for."""
        ...

    def step(self, action: Float32Array) -> StepResult:
        """Take one control step; ``info["success"]`` says whether the task is done."""
        ...

    def scene_state(self) -> Float32Array:
        """Return float32[k], enough to draw the scene."""
        ...

    def view_state(self) -> Float32Array:
        """Return float32[k] from which a running viewer draws; may be more than ``scene_state``, which is recorded."""
        ...

    def rebase(self) -> None:
        """Go on from the measured pose: control changes hands."""
        ...

    @property
    def rewinds_exactly(self) -> bool:
        """Whether ``restore`` leads back to the same state to the last bit."""
        ...

    def snapshot(self) -> int:
        """Keep the whole state in memory and return its token; ``reset`` releases all of them."""
        ...

    def restore(self, token: int) -> Float32Array:
        """Go back to a snapshot, which stays valid, and return the observation there."""
        ...

    def release(self, token: int) -> None:
        """Forget a snapshot."""
        ...

    def close(self) -> None:
        """Free the simulator."""
        ...


class GymScene:
    """One of our gymnasium environments as a ``DrivenScene``, time limit included.

    Here, and nowhere else, a one-hot action becomes the number that a discrete environment takes.
    """

    def __init__(self, env: SceneEnv) -> None:
        self._env = env
        # gymnasium's wrappers hide our own methods, so the unwrapped environment is kept for what they do not know.
        self._inner = supervised(env)
        unwrapped = env.unwrapped
        # A shifted scene is an environment of its own around the one that a viewer may have to know.
        unwrapped = unwrapped.inner.unwrapped if isinstance(unwrapped, ShiftedEnv) else unwrapped
        self._gymnasium = unwrapped if isinstance(unwrapped, GymnasiumEnv) else None
        space = env.action_space
        self._choices = int(space.n) if isinstance(space, gymnasium.spaces.Discrete) else 0
        self.action_size = self._choices or int(np.prod(space.shape or (0,)))

    @classmethod
    def make(cls, name: str, shift: Shift | None = None) -> Self:
        """Make the scene called ``name``, under ``shift``; raises what ``make_scene`` raises."""
        return cls(make_scene(name, shift))

    @property
    def discrete(self) -> bool:
        """Actions are one-hot."""
        return self._choices > 0

    @property
    def observation_labels(self) -> tuple[str, ...]:
        """Name and unit of every entry of an observation."""
        return self._inner.observation_labels

    @property
    def observation_size(self) -> int:
        """Entries of an observation."""
        return len(self._inner.observation_labels)

    def reset(self, *, seed: int) -> tuple[Float32Array, dict[str, Any]]:
        """Begin the episode that ``seed`` stands for."""
        # Through the wrappers, which count the steps for the time limit.
        return self._env.reset(seed=seed)

    def step(self, action: Float32Array) -> StepResult:
        """Take one control step."""
        taken: Any = int(action.argmax()) if self._choices else action
        observation, reward, terminated, truncated, info = self._env.step(taken)
        return observation, float(reward), terminated, truncated, info

    def scene_state(self) -> Float32Array:
        """Return float32[k], enough to draw the scene."""
        return self._inner.scene_state()

    def view_state(self) -> Float32Array:
        """Return what a running viewer draws from."""
        return self._gymnasium.view_state() if self._gymnasium else self._inner.scene_state()

    @property
    def can_rewind(self) -> bool:
        """Whether going back is exact."""
        return self._gymnasium is None or self._gymnasium.can_rewind

    @property
    def problems(self) -> tuple[str, ...]:
        """What the scene cannot do, as sentences for people."""
        # Scenes of users need not have it.
        found: tuple[str, ...] = getattr(self._inner, "problems", ())
        return found

    @property
    def rewinds_exactly(self) -> bool:
        """Whether ``restore`` leads back to the same state to the last bit; other gymnasium scenes cannot go back."""
        return bool(getattr(self._inner, "rewinds_exactly", True))

    def rebase(self) -> None:
        """Go on from the measured pose."""
        self._inner.rebase()

    def snapshot(self) -> int:
        """Keep the whole state in memory and return its token."""
        return self._inner.snapshot()

    def restore(self, token: int) -> Float32Array:
        """Go back to a snapshot and return the observation there."""
        return self._inner.restore(token)

    def release(self, token: int) -> None:
        """Forget a snapshot."""
        self._inner.release(token)

    def end_effector(self) -> Float32Array:
        """Return the measured end-effector position, float32[3], m."""
        return self._inner.end_effector()

    def close(self) -> None:
        """Free the simulator."""
        self._env.close()
