"""Tries everything that a scene must do and says what is wrong, by file, key and method."""

import re
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import gymnasium
import numpy as np
from gymnasium.utils.env_checker import check_env

from mile_desktop.arrays import Float32Array
from mile_desktop.errors import UserError
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.environment import SceneEnv, make_scene, supervised
from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.modules import load_module

MOST_STATE = 4096
"""Values of a scene state that the shared memory between worker and viewer can hold."""
_STEPS = 40
_EPISODES = 5
_GOOD_EXPERT = 0.8
"""An expert that fails more often teaches its failures to every simulated supervisor and bundled policy."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SHARE_OF_PERIOD = 0.5
"""The rest of a control period is for policy, intervention model and recording."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    """Short name."""
    problem: str
    """What is wrong, as a sentence; empty if all is well."""
    detail: str = ""
    """What was measured."""


class _CheckFailedError(UserError):
    """A check found something wrong; the message says what."""


def check_scene(name: str) -> Iterator[Finding]:
    """Yield the result of each check of the scene ``name``; the later ones are left out if it cannot be made.

    Raises
    ------
    UnknownSceneError
        There is no such scene, or its description is wrong.
    """
    scene_info(name)
    try:
        env = make_scene(name)
    except UserError as error:
        yield Finding("make", str(error))
        return
    yield Finding("make", "", f"{type(env.unwrapped).__name__}")
    checks: tuple[tuple[str, Callable[[str, SceneEnv], str]], ...] = (
        ("gymnasium", _gymnasium),
        ("labels", _labels),
        ("numbers", _numbers),
        ("seed", _seed),
        ("state", _state),
        ("rewind", _rewind),
        ("time", _time),
        ("expert", _expert),
    )
    try:
        for check, run in checks:
            yield _finding(check, lambda run=run: run(name, env))  # type: ignore[misc]
    finally:
        env.close()


def _finding(check: str, run: Callable[[], str]) -> Finding:
    try:
        return Finding(check, "", run())
    except UserError as error:
        return Finding(check, str(error))
    except Exception as error:  # noqa: BLE001 - whatever a scene raises is a finding
        return Finding(check, f"found {type(error).__name__} ({error}), expected none")


# ── the checks; each returns what it measured, or raises ─────────────────────────────────────────────────────────


def _gymnasium(_: str, env: SceneEnv) -> str:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            check_env(env.unwrapped, skip_render_check=True)
        except AssertionError as error:
            raise _CheckFailedError(f"gymnasium's checker: {error}") from error
    # gymnasium colours its warnings, also where nothing shows colours
    said = {" ".join(_COLOUR.sub("", str(each.message)).removeprefix("WARN: ").split()) for each in heard}
    return f"its checker warns: {'; '.join(sorted(said))}" if said else "its checker has no objection"


def _labels(name: str, env: SceneEnv) -> str:
    labels, (size,) = supervised(env).observation_labels, cast("tuple[int, ...]", env.observation_space.shape)
    if len(labels) != size:
        raise _CheckFailedError(f"observation_labels: found {len(labels)}, expected {size}, one for each entry")
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise _CheckFailedError(f"observation_labels: found {twice[0]!r} more than once, expected each once")
    info, count = scene_info(name), _action_size(env)
    if len(info.action_labels) != count:
        raise _CheckFailedError(f"scene.toml: found {len(info.action_labels)} actions, expected {count}")
    return f"{size} entries of the observation, {count} of the action"


def _numbers(_: str, env: SceneEnv) -> str:
    observation, _info = env.reset(seed=0)
    for step, action in enumerate(_actions(env, 0)):
        if observation.dtype != np.float32 or not np.isfinite(observation).all():
            raise _CheckFailedError(f"step {step}: found an observation that is not finite float32, expected one")
        observation, reward, terminated, truncated, info = env.step(action)
        if not isinstance(info.get("success"), (bool, np.bool_)):
            raise _CheckFailedError(f"step {step}: info['success']: found {info.get('success')!r}, expected a bool")
        if not np.isfinite(float(reward)):
            raise _CheckFailedError(f"step {step}: found the reward {reward}, expected a finite number")
        if terminated or truncated:
            break
    return f"{step + 1} random steps"


def _seed(_: str, env: SceneEnv) -> str:
    first, second, other = (env.reset(seed=seed)[0] for seed in (1, 1, 2))
    if not np.array_equal(first, second):
        raise _CheckFailedError("reset: found two starts for one seed, expected the same one")
    return "the same seed, the same start" + ("" if (first != other).any() else "; every seed has the same start")


def _state(_: str, env: SceneEnv) -> str:
    env.reset(seed=0)
    state = supervised(env).scene_state()
    if state.ndim != 1 or state.dtype != np.float32 or len(state) > MOST_STATE or not np.isfinite(state).all():
        raise _CheckFailedError(
            f"scene_state: found {state.dtype}{state.shape}, expected at most {MOST_STATE} finite values of float32"
        )
    return f"{len(state)} values"


def _rewind(_: str, env: SceneEnv) -> str:
    inner = supervised(env)
    env.reset(seed=3)
    actions = _actions(env, 3)
    # Some steps first: directly after a reset even a wrong snapshot restores what the reset made.
    if _path(env, actions[:5])[1]:
        return "the episode is over before there is anything to go back to"
    token = inner.snapshot()
    first = _path(env, actions[5:])[0]
    inner.restore(token)
    again = _path(env, actions[5:])[0]
    inner.release(token)
    for step, (one, other) in enumerate(zip(first, again, strict=False)):
        if not np.array_equal(one, other):
            off = float(np.abs(one - other).max())
            raise _CheckFailedError(f"restore: found a difference of {off:.2g} after {step + 1} steps, expected none")
    return f"{len(first)} steps repeated to the bit"


def _time(name: str, env: SceneEnv) -> str:
    period_s = 1.0 / scene_info(name).rate_hz
    env.reset(seed=0)
    spent = []
    for action in _actions(env, 1):
        began = time.perf_counter()
        _, _, terminated, truncated, _ = env.step(action)
        spent.append(time.perf_counter() - began)
        if terminated or truncated:
            env.reset(seed=0)
    # The median and not the largest: one step in which the machine was busy says nothing about the scene.
    median_s = float(np.median(spent))
    if median_s > _SHARE_OF_PERIOD * period_s:
        raise _CheckFailedError(
            f"step: found {1000 * median_s:.1f} ms, expected at most {500 * period_s:.0f} ms, half a control period; "
            "lower rate_hz or make the step faster"
        )
    return f"{1000 * median_s:.2f} ms a step of a period of {1000 * period_s:.0f} ms"


def _expert(name: str, env: SceneEnv) -> str:
    if load_module(name).expert is None:
        return "none: people demonstrate"
    expert, size = load_expert(name), _action_size(env)
    discrete = isinstance(env.action_space, gymnasium.spaces.Discrete)
    successes = 0
    for seed in range(1000, 1000 + _EPISODES):
        observation, _ = env.reset(seed=seed)
        over = False
        while not over:
            action = np.asarray(expert(observation))
            if action.shape != (size,) or not np.isfinite(action).all() or np.abs(action).max() > 1.0:
                raise _CheckFailedError(f"EXPERT: found {action!r}, expected {size} values in [−1, 1]")
            taken = int(action.argmax()) if discrete else action.astype(np.float32)
            observation, _, terminated, truncated, info = env.step(cast("Float32Array", taken))
            over = terminated or truncated
        successes += bool(info["success"])
    if successes < _GOOD_EXPERT * _EPISODES:
        raise _CheckFailedError(
            f"EXPERT: found {successes} of {_EPISODES} successes, expected {_GOOD_EXPERT:.0%} or more"
        )
    return f"{successes} of {_EPISODES} successes"


def _action_size(env: SceneEnv) -> int:
    """Return the entries of an action, or the number of discrete actions."""
    space: object = env.action_space
    return (
        int(space.n) if isinstance(space, gymnasium.spaces.Discrete) else int(np.prod(env.action_space.shape or (0,)))
    )


def _actions(env: SceneEnv, seed: int) -> list[Float32Array]:
    """Return random actions as the environment takes them."""
    rng = np.random.default_rng(seed)
    if isinstance(env.action_space, gymnasium.spaces.Discrete):
        return [cast("Float32Array", int(each)) for each in rng.integers(int(env.action_space.n), size=_STEPS)]
    return list(rng.uniform(-1.0, 1.0, (_STEPS, *(env.action_space.shape or ()))).astype(np.float32))


def _path(env: SceneEnv, actions: list[Float32Array]) -> tuple[list[Float32Array], bool]:
    """Take ``actions`` until the episode ends; return the observations and whether it has ended."""
    seen = []
    for action in actions:
        observation, _, terminated, truncated, _ = env.step(action)
        seen.append(observation)
        if terminated or truncated:
            return seen, True
    return seen, False
