"""The expert that ``scene.toml`` names: a function of the environment's own package, in its own units."""

import importlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.gymnasium.inner import InnerEnv
from mile_desktop.scenes.gymnasium.spaces import Actions, SpaceError
from mile_desktop.scenes.scene_code import START_S, SceneCode, SceneModuleError
from mile_desktop.scenes.scene_file import load_gymnasium_description
from mile_desktop.scenes.task import Expert

_METHODS = ("get_action", "predict", "act")
"""Names under which policies of Meta-World, Stable-Baselines3 and others give an action."""

NativeExpert = Callable[[object], object]


def described_expert(folder: Path) -> Expert | None:
    """Return the expert of the scene in ``folder``; None where its description names none.

    It is called with the newest frame as the environment gives it (float64[n], flattened) and returns an action as the
    environment takes it, which is then scaled.

    Raises
    ------
    SceneDescriptionError
        The description is wrong, the environment cannot be made, or there is no such expert.
    """
    description = load_gymnasium_description(folder)
    if not description.expert:
        return None
    inner = InnerEnv(description)  # for its spaces, and for the error if its package is missing
    try:
        actions, path, frame = inner.actions, inner.path, len(inner.labels)
    finally:
        inner.close()
    native = _load(description.expert, path)
    return _scaled(native, actions, frame, path)


def _load(name: str, path: Path) -> NativeExpert:
    module_name, _, attribute = name.partition(":")
    with SceneCode(path, f"expert {name!r}", START_S):
        found: object = getattr(importlib.import_module(module_name), attribute)
        if isinstance(found, type):
            found = found()
    # Before ``callable``: modules of torch can be called, too, but their method gives an action in the right form.
    for method in _METHODS:
        if callable(act := getattr(found, method, None)):
            return cast("NativeExpert", act)
    if not callable(found):
        raise SceneModuleError(f"{path}: expert: found {found!r}, expected a function from observation to action")
    return cast("NativeExpert", found)


def _scaled(native: NativeExpert, actions: Actions, frame: int, path: Path) -> Expert:
    """Return ``native`` with observations and actions of this program."""

    def act(observation: Float32Array) -> Float32Array:
        with SceneCode(path, "expert"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Meta-World's policies warn that the environment limits their actions
            action = native(observation[-frame:].astype(np.float64))
            if isinstance(action, tuple):
                action = action[0]  # Stable-Baselines3 returns the state of a recurrent policy, too
            try:
                return actions.from_environment(action)
            except SpaceError as error:
                raise SceneModuleError(f"{path}: expert: {error}") from error

    return act
