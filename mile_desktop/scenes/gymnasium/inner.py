"""The environment inside a gymnasium scene: made by its id, run with every failure as one sentence, and probed."""

import importlib.util
import inspect
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.description import FILE_NAME
from mile_desktop.scenes.gymnasium.attributes import Attributes, Kept
from mile_desktop.scenes.gymnasium.description import GymnasiumSceneDescription
from mile_desktop.scenes.gymnasium.mujoco_state import KeptPhysics, MujocoState, find_physics
from mile_desktop.scenes.gymnasium.spaces import Actions, FlatObservations, NumberedActions, SpaceError, read_actions
from mile_desktop.scenes.scene_code import CALL_S, START_S, SceneCode, SceneModuleError, checked_number
from mile_desktop.silence_stderr import quiet_streams

_MODULES = {"metaworld": ("metaworld", "mujoco"), "panda-gym": ("panda_gym", "pybullet")}
"""Extra of this program → the modules that it installs."""

Outcome = tuple[Float32Array, float, bool, bool, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class KeptState:
    """A saved state of the environment."""

    attributes: Kept
    physics: KeptPhysics | None


class InnerEnv:
    """An environment made from a description: actions in, rows of numbers out.

    What its code raises, prints or never returns becomes a ``SceneModuleError`` that names the environment's file, line
    and method. Used by one thread.

    Raises
    ------
    SceneDescriptionError
        The environment cannot be made, or its spaces do not fit the description.
    """

    def __init__(
        self, description: GymnasiumSceneDescription, render_mode: str | None = None, *, check_sizes: bool = True
    ) -> None:
        self.description = description
        self.path = description.folder / FILE_NAME
        self._render_mode = render_mode
        self.always_new = False
        """Make the environment again for every episode, where only then the same seed leads to the same episode."""
        self.env: Any = _make(description, self.path, render_mode)
        self.source = _source(self.env)
        self.actions: Actions
        try:
            self.actions = read_actions(self.env.action_space)
            self.observations = FlatObservations(self.env.observation_space)
        except SpaceError as error:
            raise SceneModuleError(f"{self.path}: {description.id}: {error}") from error
        if check_sizes:
            self._check_sizes()
        self.attributes: Attributes | None = None
        self.physics: MujocoState | None = None

    def _check_sizes(self) -> None:
        description, size = self.description, self.actions.size
        discrete = isinstance(self.actions, NumberedActions)
        key, entries = ("choices", description.choices) if discrete else ("actions", description.actions)
        if len(entries) != size:
            raise SceneModuleError(
                f"{self.path}: {key}: found {len(entries)}, expected {size}, one for each "
                f"{'action' if discrete else 'entry of the action'} of {description.id}"
            )
        names = description.observation.names
        if names and len(names) != len(self.observations.labels):
            raise SceneModuleError(
                f"{self.path}: observation.names: found {len(names)}, expected {len(self.observations.labels)}: "
                f"{', '.join(self.observations.labels[:12])} …"
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of every entry of one frame."""
        return self.description.observation.names or self.observations.labels

    def reset(self, seed: int) -> Float32Array:
        """Begin the episode that ``seed`` stands for and return its first frame, float32[n]."""
        if self.always_new:
            self.close()
            self.env = _make(self.description, self.path, self._render_mode)
            self.attributes = None
        with SceneCode(self.source, "reset", START_S):
            observation, _ = self.env.reset(seed=seed)
        if self.attributes is None:
            # now, and not before: many environments create their attributes in their first reset
            self.attributes = Attributes(self.env)
            self.attributes.lay_out()
        self.physics = find_physics(self.env.unwrapped)  # again: some environments load a model for each episode
        return self._row(observation, "reset")

    def step(self, action: Float32Array | int) -> Outcome:
        """Take one step; ``action``: float32[a] in [−1, 1], or the number of a discrete action."""
        with SceneCode(self.source, "step", CALL_S):
            taken = self.to_environment(action)
            observation, reward, terminated, truncated, info = self.env.step(taken)
            over, late = bool(terminated), bool(truncated)
        # Checked here, where the scene can be named: later the same value would look like an error of the program.
        if not isinstance(info, dict):
            raise SceneModuleError(f"{self.source}: step: found {info!r} as info, expected a dictionary")
        row = self._row(observation, "step")
        return row, checked_number(self.source, "step: reward", reward), over, late, info

    def to_environment(self, action: Float32Array | int) -> object:
        """Return ``action`` as the environment takes it."""
        if isinstance(self.actions, NumberedActions):
            return self.actions.to_environment(int(action))
        return self.actions.to_environment(np.asarray(action, np.float32))

    def _row(self, observation: object, method: str) -> Float32Array:
        try:
            row = self.observations.row(observation)
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
            raise SceneModuleError(
                f"{self.source}: {method}: found an observation that its observation_space does not have ({error}), "
                f"expected one of {' '.join(str(self.env.observation_space).split())}"
            ) from error
        wrong = np.flatnonzero(~np.isfinite(row))
        if wrong.size:
            raise SceneModuleError(
                f"{self.source}: {method}: found {row[wrong[0]]} for {self.labels[wrong[0]]!r}, "
                "expected a finite number"
            )
        return row

    def capture(self) -> KeptState:
        """Save the state; it need not be enough to continue, see ``probe``."""
        attributes = self.attributes.capture() if self.attributes else []
        return KeptState(attributes, self.physics.capture() if self.physics else None)

    def restore(self, kept: KeptState) -> None:
        """Go back to a saved state."""
        if self.attributes:
            self.attributes.restore(kept.attributes)
        if self.physics and kept.physics:
            self.physics.restore(kept.physics)

    def close(self) -> None:
        """Free the simulator."""
        with SceneCode(self.source, "close"):
            self.env.close()


def _make(description: GymnasiumSceneDescription, path: Path, render_mode: str | None) -> Any:  # noqa: ANN401
    _check_extra(description, path)
    bullet = "pybullet" in _MODULES.get(description.extra, ()) or description.id.startswith("panda_gym:")
    kwargs = {"render_mode": render_mode, **description.kwargs}
    with (
        quiet_streams() if bullet else nullcontext(),
        SceneCode(path, f"gymnasium.make({description.id!r})", START_S),
        warnings.catch_warnings(),
    ):
        # An outdated version, or bounds that are wide, are no reason to stop here: `scenes --check` reports them.
        warnings.simplefilter("ignore")
        return gymnasium.make(
            description.id,
            max_episode_steps=-1,  # none: the scene counts its steps, so that a person's rescue is not cut off
            disable_env_checker=True,
            **kwargs,
        )


def _check_extra(description: GymnasiumSceneDescription, path: Path) -> None:
    extra = description.extra
    missing = [name for name in _MODULES.get(extra, ()) if importlib.util.find_spec(name) is None]
    if missing:
        raise SceneModuleError(
            f"{path}: found no package {' and no '.join(missing)}, which {description.id} needs; install it with "
            f"`pip install 'mile-desktop[{extra}]'` and load the scene again"
        )


def _source(env: gymnasium.Env[Any, Any]) -> Path:
    """Return the file of the environment's class, which error messages name."""
    try:
        return Path(inspect.getfile(type(env.unwrapped)))
    except (TypeError, OSError):
        return Path(f"<{type(env.unwrapped).__module__}>")  # made in a console


# ── what the environment can do ──────────────────────────────────────────────────────────────────────────────────

_STEPS = 20
"""Steps that are repeated to see whether they come out the same."""
_SEEDS = (101, 102)

Repeat = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found out by trying."""

    saves_state: bool
    """A saved state continues exactly."""
    repeats: bool
    """The same seed and actions lead to exactly the same episode."""
    always_new: bool
    """… but only in an environment that is made for it. Box2D keeps traces of earlier episodes, for example."""
    draws_state: bool
    """The numbers among the attributes, or the physics' poses, are all that changes: they are enough to draw."""


def probe(inner: InnerEnv) -> Probe:
    """Try what the environment can do, in some 200 steps; it must be reset afterwards.

    A saved state counts only if the steps after it repeat *to the bit*: a rewind that is nearly right would record a
    person's correction beside observations that never occurred.
    """
    saves = all(_saves(inner, seed) for seed in _SEEDS)
    repeats = all(_repeats(inner, seed) for seed in _SEEDS)
    # The most expensive way comes last: a new environment for every episode can take seconds.
    if not saves and not repeats:
        inner.always_new = True
        repeats = all(_repeats(inner, seed) for seed in _SEEDS)
        inner.always_new = repeats
    draws = inner.physics is not None or _draws(inner)
    return Probe(saves_state=saves, repeats=repeats, always_new=inner.always_new, draws_state=draws)


def _actions(inner: InnerEnv, seed: int, count: int) -> list[Float32Array | int]:
    rng = np.random.default_rng(seed)
    if isinstance(inner.actions, NumberedActions):
        return [int(number) for number in rng.integers(inner.actions.size, size=count)]
    return list(rng.uniform(-1.0, 1.0, (count, inner.actions.size)).astype(np.float32))


def _path(inner: InnerEnv, actions: list[Float32Array | int]) -> list[tuple[bytes, float, bool]]:
    """Take ``actions`` until the episode ends; return everything that came out."""
    found = []
    for action in actions:
        row, reward, terminated, _, _ = inner.step(action)
        found.append((row.tobytes(), reward, terminated))
        if terminated:
            break
    return found


def _saves(inner: InnerEnv, seed: int) -> bool:
    actions = _actions(inner, seed, _STEPS)
    inner.reset(seed)
    if _path(inner, actions[: _STEPS // 4])[-1][2]:
        return True  # over before there was anything to save
    kept = inner.capture()
    first = _path(inner, actions)
    inner.restore(kept)
    return _path(inner, actions) == first


def _repeats(inner: InnerEnv, seed: int) -> bool:
    actions = _actions(inner, seed, _STEPS)
    start = inner.reset(seed).tobytes()
    first = _path(inner, actions)
    return inner.reset(seed).tobytes() == start and _path(inner, actions) == first


def _draws(inner: InnerEnv) -> bool:
    """Say whether a state of one episode, set in another one, continues the same way and is all that differs."""
    if inner.attributes is None:
        return False
    actions = _actions(inner, _SEEDS[0], _STEPS)
    captured = []
    for seed in _SEEDS:
        inner.reset(seed)
        _path(inner, actions[:3])
        captured.append(inner.capture())
    last = captured[1]
    first_path = _path(inner, actions)
    inner.reset(_SEEDS[0] + 7)
    # A reset of another seed comes before, so that nothing of the first run can be left in the environment by chance.
    inner.restore(last)
    return _path(inner, actions) == first_path and not inner.attributes.undrawn(captured[0].attributes, last.attributes)


_probes: dict[tuple[str, str], Probe] = {}
"""Environment and its arguments → what was found out in this process."""


def probed(inner: InnerEnv) -> Probe:
    """Return ``probe``, which is done once in a process, and make ``inner`` follow it."""
    key = inner.description.id, repr(inner.description.kwargs)
    if key not in _probes:
        _probes[key] = probe(inner)
    inner.always_new = _probes[key].always_new
    return _probes[key]
