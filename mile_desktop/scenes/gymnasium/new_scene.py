"""Makes a scene of a registered environment: looks at it once and writes the ``scene.toml`` that works."""

import difflib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import msgspec
import numpy as np

from mile_desktop.paths import DOCUMENTS, own_scenes
from mile_desktop.scenes.catalogue import broken_scenes, scene_info, scenes
from mile_desktop.scenes.description import FILE_NAME, Choice, SceneDescriptionError
from mile_desktop.scenes.gymnasium.description import (
    MOST_STEPS,
    ActionEntry,
    GymnasiumSceneDescription,
    Push,
    SuccessRule,
)
from mile_desktop.scenes.gymnasium.environment import GymnasiumEnv
from mile_desktop.scenes.gymnasium.inner import InnerEnv
from mile_desktop.scenes.gymnasium.spaces import ContinuousActions, NumberedActions
from mile_desktop.scenes.template import NewSceneError, check_name

SUCCESS_KEYS = ("is_success", "success", "succeed")
"""How packages call success in ``info``: gymnasium-robotics and Stable-Baselines3, Meta-World, gym_hil."""
_LOOK_STEPS = 20
_RATES_HZ = (5.0, 30.0)
"""Slower or faster than this, a person cannot drive."""
_AXES: tuple[Push, ...] = ("right", "away", "up", "close")
_LONGEST_LABEL = 8
_PUSHES = {
    2: ("left", "right"),
    3: ("left", "rest", "right"),
    4: ("left", "down", "right", "up"),
    5: ("rest", "left", "right", "up", "down"),
}
"""Number of actions → the push for each, in the order of CartPole, MountainCar and FrozenLake."""
_RETURNS = {"Pendulum-v1": -300.0, "MountainCar-v0": -199.0}
"""Returns that count as success where the registration has no threshold, or one that is a mean over many episodes."""
_KNOWN_PUSHES = {"LunarLander-v3": ("rest", "left", "up", "right")}
_DRIVES: Mapping[str, tuple[Push, ...]] = {"Pendulum-v1": ("left",)}
"""Pushes where the usual ones (``_AXES``) are the wrong way: a positive torque tips the pendulum to the left."""


@dataclass(frozen=True, slots=True)
class NewScene:
    """A scene that was made."""

    name: str
    folder: Path
    notes: tuple[str, ...]
    """What the person should know or may want to change, as sentences."""


def new_gymnasium_scene(env_id: str, *, name: str = "", kwargs: Mapping[str, object] | None = None) -> NewScene:
    """Make a scene of the environment ``env_id`` in the user's folder of scenes.

    Parameters
    ----------
    env_id
        As in ``gymnasium.make``; ``module:id`` imports the module first.
    name
        Name of the scene; by default from the id.
    kwargs
        Keyword arguments of the environment.

    Raises
    ------
    NewSceneError
        There is no such environment, it cannot be a scene, the name is taken or not possible, or the folder cannot be
        written. Nothing is left behind.
    """
    name = name or _free_name(env_id)
    check_name(name)
    try:
        description = _described(env_id, dict(kwargs or {}))
    except SceneDescriptionError as error:
        raise NewSceneError(f"{env_id or 'An empty id'} cannot be a scene. {_reason(env_id, error)}") from error
    folder = own_scenes() / name.replace("-", "_")
    try:
        folder.mkdir(parents=True)
        (folder / FILE_NAME).write_text(scene_text(description), encoding="utf-8")
        notes = _notes(name, description)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise NewSceneError(
            f"{folder}: found {error.strerror or error}, expected a folder that can be written"
        ) from error
    except SceneDescriptionError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise NewSceneError(f"{env_id} cannot be a scene. {error}") from error
    return NewScene(name, folder, notes)


def _reason(env_id: str, error: Exception) -> str:
    """Return why there is no such environment, and what to do."""
    module, _, bare = env_id.rpartition(":")
    match error.__cause__:
        case gymnasium.error.NamespaceNotFound():
            return (
                f"No installed package has registered environments called {bare.partition('/')[0]}/…: install the one "
                f"that has them, and write its module before the id (module:{bare})."
            )
        case gymnasium.error.UnregisteredEnv():
            namespace = bare.rpartition("/")[0]
            alike = [each for each in gymnasium.registry if each.rpartition("/")[0] == namespace]
            near = difflib.get_close_matches(bare, alike, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else "Check the id in the environment's documentation."
            return f"gymnasium has no environment {bare}. {hint}"
        case ModuleNotFoundError() if module:
            return f"The module {module} is not installed here; install the package that it belongs to."
        case gymnasium.error.DependencyNotInstalled() | ImportError() as missing:
            return f"It needs something that is not installed here: {missing}"
        case gymnasium.error.Error() if not re.search(r"-v\d+$", bare):
            return "An id has the form Name-v1, Namespace/Name-v1 or module:Name-v1."
    return re.sub(rf"^{FILE_NAME}: ", "", str(error))


def _free_name(env_id: str) -> str:
    """Return a name from ``module:Namespace/CamelCase-v1``: ``camel-case``, with the version if that is taken."""
    bare = env_id.rpartition(":")[2].rpartition("/")[2]
    stem, _, version = bare.partition("-v")
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", stem)
    base = "-".join(word.lower() for word in words).strip("-") or "environment"
    base = base if base[0].isalpha() else f"scene-{base}"
    taken = {info.name for info in scenes()} | {broken.name for broken in broken_scenes()}
    wanted = [
        base,
        f"{base}-v{version}" if version.isalnum() else base,
        *(f"{base}-{number}" for number in range(2, 99)),
    ]
    return next(each for each in wanted if each not in taken)


# ── looking at the environment ───────────────────────────────────────────────────────────────────────────────────


def _described(env_id: str, kwargs: dict[str, Any]) -> GymnasiumSceneDescription:
    any_entry = (ActionEntry(label="a"),)  # only until the spaces are known
    first = GymnasiumSceneDescription(
        kind="gymnasium", id=env_id, title=env_id, actions=any_entry, kwargs=_with_render_mode(env_id, kwargs)
    )
    inner = InnerEnv(first, check_sizes=False)
    try:
        spec = gymnasium.spec(env_id.rpartition(":")[2])
        metadata = inner.env.unwrapped.metadata
        fps = float(metadata.get("render_fps") or 20.0)
        return msgspec.structs.replace(
            first,
            title=spec.name,
            summary=f"The environment {spec.id} of {spec.namespace or 'gymnasium'}.",
            rate_hz=min(max(fps, _RATES_HZ[0]), _RATES_HZ[1]),
            max_steps=spec.max_episode_steps or MOST_STEPS,
            success=_success(inner, spec),
            drawn="rgb_array" in metadata.get("render_modes", ()),
            actions=_entries(inner.actions, _DRIVES.get(spec.id, _AXES))
            if isinstance(inner.actions, ContinuousActions)
            else (),
            choices=_choices(inner) if isinstance(inner.actions, NumberedActions) else (),
        )
    finally:
        inner.close()


def _with_render_mode(env_id: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return ``kwargs``; panda-gym has no mode without a picture."""
    needs_mode = env_id.startswith("panda_gym:") and "render_mode" not in kwargs
    return {**kwargs, "render_mode": "rgb_array"} if needs_mode else kwargs


def _success(inner: InnerEnv, spec: gymnasium.envs.registration.EnvSpec) -> SuccessRule:
    """Return the rule that ``info`` or the registration suggests; else a person marks success."""
    rng = np.random.default_rng(0)
    keys: set[str] = set()
    inner.reset(0)
    for _ in range(_LOOK_STEPS):
        action = (
            int(rng.integers(inner.actions.size))
            if isinstance(inner.actions, NumberedActions)
            else rng.uniform(-1.0, 1.0, inner.actions.size).astype(np.float32)
        )
        _, _, terminated, _, info = inner.step(action)
        keys.update(info)
        if terminated:
            break
    found = tuple(key for key in SUCCESS_KEYS if key in keys)
    if found:
        return SuccessRule(info=found)
    return SuccessRule(return_at_least=_RETURNS.get(spec.id, spec.reward_threshold))


def _entries(actions: ContinuousActions, drives: tuple[Push, ...]) -> tuple[ActionEntry, ...]:
    rest = actions.from_environment(np.zeros(actions.size))
    return tuple(
        ActionEntry(
            label=f"action {index}",
            drive=drives[index] if index < len(drives) else "none",
            rest=round(float(rest[index]), 6),
        )
        for index in range(actions.size)
    )


def _choices(inner: InnerEnv) -> tuple[Choice, ...]:
    count = inner.actions.size
    meanings = getattr(inner.env.unwrapped, "get_action_meanings", None)
    titles = [str(each).lower() for each in meanings()] if callable(meanings) else []
    if len(titles) != count:
        titles = [f"action {number}" for number in range(count)]
    pushes = _KNOWN_PUSHES.get(inner.env.spec.id, _PUSHES.get(count, _PUSHES[5]))
    return tuple(
        Choice(
            label=str(number) if title.startswith("action ") else f"{number} {title}"[:_LONGEST_LABEL],
            title=title,
            push=pushes[number] if number < len(pushes) else "none",  # type: ignore[arg-type]
        )
        for number, title in enumerate(titles)
    )


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def scene_text(description: GymnasiumSceneDescription) -> str:
    """Return ``description`` as the text of ``scene.toml``, with comments for the person who edits it."""
    rule = description.success
    lines = [
        f"# An environment of gymnasium as a scene. {DOCUMENTS / 'scenes.md'} explains every key.",
        'kind = "gymnasium"',
        f"id = {_toml(description.id)}",
        f"title = {_toml(description.title)}",
        f"summary = {_toml(description.summary)}",
        f"rate_hz = {description.rate_hz}  # control steps a second; slower is easier to drive",
        f"max_steps = {description.max_steps}",
        *(() if description.drawn else ("drawn = false  # it has no picture (rgb_array)",)),
    ]
    if description.kwargs:
        lines += ["", "[kwargs]", *(f"{json.dumps(key)} = {_toml(each)}" for key, each in description.kwargs.items())]
    lines += ["", '[success]  # info = ["key"], or return_at_least = number; neither: a person marks success']
    if rule.info:
        lines.append(f"info = {_toml(list(rule.info))}")
    if rule.return_at_least is not None:
        lines.append(f"return_at_least = {rule.return_at_least}")
    for entry in description.actions:
        lines += ["", "[[actions]]", f"label = {_toml(entry.label)}", f"drive = {_toml(entry.drive)}"]
        lines += ['mode = "level"  # or "rate": a push changes it, and letting go keeps it']
        lines += [f"rest = {entry.rest}"] if entry.rest else []
    for choice in description.choices:
        lines += ["", "[[choices]]", f"label = {_toml(choice.label)}", f"title = {_toml(choice.title)}"]
        lines += [f"push = {_toml(choice.push)}"]
    return "\n".join([*lines, ""])


def _toml(value: object) -> str:
    """Return a value of TOML; strings, numbers, booleans and lists are written as in JSON, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if value is None:
        raise NewSceneError("found null among the arguments, which TOML cannot write; leave the argument out")
    return json.dumps(value, ensure_ascii=False)


def _notes(name: str, description: GymnasiumSceneDescription) -> tuple[str, ...]:
    """Load the scene as it was written, and return what the person should know about it."""
    env = GymnasiumEnv(scene_info(name))
    notes = list(env.problems)
    env.close()
    if description.success == SuccessRule():
        notes.append("No success is known for this environment: a person marks it, or [success] says it.")
    if all(entry.drive == "none" for entry in description.actions[len(_AXES) :]) and len(description.actions) > 4:
        undriven = len(description.actions) - len(_AXES)
        notes.append(f"{undriven} of {len(description.actions)} entries of the action are driven by no stick or key.")
    if any(choice.push == "none" for choice in description.choices):
        notes.append("Not every action has a push: give the important ones left, right, up or down in [[choices]].")
    if not description.drawn:
        notes.append("This environment draws no picture.")
    return tuple(notes)
