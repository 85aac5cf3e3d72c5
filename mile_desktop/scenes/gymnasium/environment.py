"""An environment of gymnasium as a scene: time limit, success, frames, snapshots and a state that can be drawn."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.errors import UserError
from mile_desktop.scenes.catalogue import SceneInfo
from mile_desktop.scenes.gymnasium.drawn_state import drawn_by_state
from mile_desktop.scenes.gymnasium.inner import InnerEnv, KeptState, probed
from mile_desktop.scenes.gymnasium.replayed_state import drawn_by_replay
from mile_desktop.scenes.gymnasium.spaces import NumberedActions
from mile_desktop.scenes.scene_code import SceneModuleError
from mile_desktop.scenes.scene_file import load_gymnasium_description
from mile_desktop.scenes.snapshots import Snapshots

_LARGEST_SEED = 2**31


class NoSnapshotsError(UserError, RuntimeError):
    """The environment cannot go back; says why."""


@dataclass(frozen=True, slots=True, eq=False)
class _Snapshot:
    inner: KeptState | None
    """None: the episode is repeated up to here."""
    actions: int
    """Steps that led here."""
    frames: tuple[Float32Array, ...]
    total: float


class GymnasiumEnv(gymnasium.Env[Float32Array, Any]):
    """Any registered environment, with its spaces as this program has them; implements ``SupervisedEnv``.

    Action: float32[a] in [−1, 1], scaled to the environment's bounds, or the number of a discrete action. Observation:
    float32[frames · n], the newest frames, oldest first. Reward: the environment's.

    An episode ends when the environment terminates it, when the success rule says so, or after ``max_steps``; the
    environment's own time limit is switched off. ``info`` has ``success`` and ``step``, and what the environment
    reports.

    Going back restores a saved state where that was found to continue exactly, else the episode is repeated from its
    seed where that is exact, else it is refused (``NoSnapshotsError``).

    Raises
    ------
    SceneDescriptionError
        The description is wrong, or the environment cannot be made or does not fit it.
    """

    def __init__(self, info: SceneInfo, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": info.rate_hz}
        self.description = load_gymnasium_description(info.folder)
        self.max_steps = self.description.max_steps
        self._inner = inner = InnerEnv(self.description, render_mode)
        self._discrete = isinstance(inner.actions, NumberedActions)
        self.action_space = (
            gymnasium.spaces.Discrete(inner.actions.size)
            if self._discrete
            else gymnasium.spaces.Box(-1.0, 1.0, (inner.actions.size,), np.float32)
        )
        self._frame_count = self.description.observation.frames
        self._low = np.tile(inner.observations.low, self._frame_count)
        self._high = np.tile(inner.observations.high, self._frame_count)
        self.observation_space = gymnasium.spaces.Box(self._low, self._high)
        # Last, because it resets the environment and takes steps in it.
        self.probe = probed(inner)
        self._frames: deque[Float32Array] = deque(maxlen=self._frame_count)
        self._seed = 0
        self._actions: list[Float32Array | int] = []
        self._total = 0.0
        self._snapshots = Snapshots[_Snapshot]()
        self._next_token = 0

    @property
    def observation_labels(self) -> tuple[str, ...]:
        """Name of every entry of the observation, oldest frame first."""
        if self._frame_count == 1:
            return self._inner.labels
        ages = [f"t-{age}" if age else "t" for age in reversed(range(self._frame_count))]
        return tuple(f"{label} @ {age}" for age in ages for label in self._inner.labels)

    @property
    def action_labels(self) -> tuple[str, ...]:
        """Short name of every entry of the action, or of every action."""
        return self.description.labels

    def render(self) -> Any:  # noqa: ANN401 - as gymnasium's own
        """Return the environment's own picture, uint8[height, width, 3]; None without a render mode."""
        return None if self.render_mode is None else self._inner.env.render()

    @property
    def can_rewind(self) -> bool:
        """Whether going back is exact."""
        return self.probe.saves_state or self.probe.repeats

    @property
    def problems(self) -> tuple[str, ...]:
        """What this scene cannot do, as sentences for people."""
        found = []
        if not self.can_rewind:
            found.append(
                f"{self.description.title} cannot be rewound or rolled forward: the same seed and actions lead to "
                "another episode each time."
            )
        if self._inner.observations.left_out:
            left_out = ", ".join(self._inner.observations.left_out)
            found.append(f"{self.description.title}: the policy does not see {left_out}; it gets numbers only.")
        return tuple(found)

    # ── gymnasium ────────────────────────────────────────────────────────────────────────────────────────────────

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32Array, dict[str, Any]]:
        """Begin an episode. Releases all snapshots."""
        super().reset(seed=seed, options=options)
        self._snapshots.clear()
        # a seed in any case: without it the episode could not be repeated
        self._seed = int(self.np_random.integers(_LARGEST_SEED)) if seed is None else seed
        self._begin()
        return self._observation(), {"success": False, "step": 0}

    def _begin(self) -> None:
        frame = self._inner.reset(self._seed)
        # A policy sees the same number of frames from the first step on.
        self._frames.extend([frame] * self._frame_count)
        self._actions.clear()
        self._total = 0.0

    def step(self, action: Float32Array | int) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        """Take one control step.

        Raises ``ValueError`` where the action has another shape or is not finite; nothing moves then.
        """
        taken = self._checked(action)
        frame, reward, terminated, ended, info = self._inner.step(taken)
        self._actions.append(taken)
        self._frames.append(frame)
        self._total += reward
        # Counted here, because a rewind takes steps back, which the wrapper of gymnasium would not notice.
        late = len(self._actions) >= self.max_steps
        success = self._succeeds(info, over=terminated or ended or late)
        # Meta-World's episodes go on after a success; here the next steps would be recorded as if they were needed.
        if self.description.success.info and success:
            terminated = True
        # Both names of success: ours, and the one that Stable-Baselines3 and others look for.
        reported = {**info, "success": success, "is_success": success, "step": len(self._actions)}
        return self._observation(), reward, terminated, (ended or late) and not terminated, reported

    def _checked(self, action: Float32Array | int) -> Float32Array | int:
        if self._discrete:
            if not self.action_space.contains(action):
                raise ValueError(f"action: found {action!r}, expected 0 to {self._inner.actions.size - 1}")
            return int(action)
        values = np.array(action, np.float32)
        if values.shape != (self._inner.actions.size,) or not np.isfinite(values).all():
            raise ValueError(f"action: found {action!r}, expected {self._inner.actions.size} finite values")
        return values

    def _succeeds(self, info: dict[str, Any], *, over: bool) -> bool:
        rule = self.description.success
        if rule.return_at_least is not None:
            return over and self._total >= rule.return_at_least
        return any(self._flag(info, key) for key in rule.info if key in info)

    def _flag(self, info: dict[str, Any], key: str) -> bool:
        value = np.asarray(info[key])
        # A text would count as true, so that every episode would be a success.
        if value.dtype.kind not in "biuf":
            raise SceneModuleError(
                f"{self._inner.source}: step: found {info[key]!r} for info[{key!r}], expected True or False"
            )
        return bool(value.all())

    def _observation(self) -> Float32Array:
        # bounded, because environments leave their own bounds by rounding, or because the bounds are a guess
        bounded: Float32Array = np.clip(np.concatenate(self._frames), self._low, self._high)
        return bounded

    # ── supervision ──────────────────────────────────────────────────────────────────────────────────────────────

    def scene_state(self) -> Float32Array:
        """Return float32[k]: enough to draw the scene, or to find it in the recording, see ``replayed_state``."""
        if self.probe.draws_state:
            return drawn_by_state(self._inner)
        return drawn_by_replay(self._seed, len(self._actions))

    def view_state(self) -> Float32Array:
        """Return what the running scene is drawn from; with the actions where it is drawn by repeating them."""
        if self.probe.draws_state:
            return drawn_by_state(self._inner)
        return drawn_by_replay(self._seed, len(self._actions), self._actions)

    def end_effector(self) -> Float32Array:
        """Return zeros, float32[3]: nothing is known about where an environment's hand is."""
        return np.zeros(3, np.float32)

    def rebase(self) -> None:
        """Do nothing: the environment alone knows where its commands lead."""

    def snapshot(self) -> int:
        """Keep the state of the episode and return its token."""
        if not self.can_rewind:
            raise NoSnapshotsError(self.problems[0])
        kept = self._inner.capture() if self.probe.saves_state else None
        self._next_token += 1
        self._snapshots[self._next_token] = _Snapshot(kept, len(self._actions), tuple(self._frames), self._total)
        return self._next_token

    def restore(self, token: int) -> Float32Array:
        """Go back to a snapshot and return the observation there."""
        kept = self._snapshots[token]
        if kept.inner is not None:
            self._inner.restore(kept.inner)
        else:
            self._inner.reset(self._seed)
            for action in self._actions[: kept.actions]:
                self._inner.step(action)
        # After the repetition above, which reads the actions up to the snapshot.
        del self._actions[kept.actions :]
        self._frames.extend(kept.frames)
        self._total = kept.total
        return self._observation()

    def release(self, token: int) -> None:
        """Forget a snapshot."""
        self._snapshots.take(token)

    def close(self) -> None:
        """Free the simulator; may be called twice."""
        self._snapshots.clear()
        self._inner.close()
