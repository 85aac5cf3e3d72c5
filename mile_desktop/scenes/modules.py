"""The module of a scene: loaded by its path, checked, and loaded again when the file has changed."""

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.catalogue import MODULE_NAME, SceneInfo, scene_info
from mile_desktop.scenes.flat import DrawState
from mile_desktop.scenes.gymnasium.experts import described_expert
from mile_desktop.scenes.scene_code import START_S, SceneCode, SceneModuleError
from mile_desktop.scenes.task import Expert, Measurement, Task

_PREFIX = "mile_desktop_scene_"


@dataclass(frozen=True, slots=True)
class SceneModule:
    """The definitions in a scene's ``scene.py``."""

    task: type[Task] | None
    """``TASK``, of scenes of kind ``panda``."""
    make_env: Callable[..., Any] | None
    """``make_env()``, of scenes of kind ``own``."""
    expert: Expert | None
    """``EXPERT``; None if the module has none."""
    flaws: Mapping[str, Expert]
    """``FLAWS``: name → a version of the expert whose failure can be seen in advance."""
    picture: DrawState | None
    """``PICTURE``: draws a flat scene of kind ``own``; None if it is not drawn."""


_loaded: dict[Path, tuple[int, SceneModule]] = {}
"""Path → time of its last change (ns) and the definitions at that time."""


def load_module(scene: str) -> SceneModule:
    """Return the definitions of the module of ``scene``.

    Raises
    ------
    UnknownSceneError
        There is no such scene.
    SceneModuleError
        The module cannot be imported, or lacks something that a scene needs.
    """
    info = scene_info(scene)
    path = info.folder / MODULE_NAME
    if info.kind == "gymnasium" and not path.exists():
        return SceneModule(None, None, described_expert(info.folder), {}, None)
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise SceneModuleError(f"{path}: found no readable module ({error.strerror}), expected one") from error
    known = _loaded.get(path)
    # Loaded again after a change, so that a person who writes a scene need not restart the program.
    if known is None or known[0] != changed:
        _loaded[path] = known = changed, _checked(path, info, _execute(path, _PREFIX + info.folder.name))
    return known[1]


def _execute(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SceneModuleError(f"{path}: found no Python module, expected one")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        with SceneCode(path, "", START_S):
            spec.loader.exec_module(module)
    except SceneModuleError:
        # A half-loaded module must not stay under its name.
        del sys.modules[name]
        raise
    return module


def _checked(path: Path, info: SceneInfo, module: ModuleType) -> SceneModule:
    task, make_env = getattr(module, "TASK", None), getattr(module, "make_env", None)
    if info.kind == "panda":
        _check_task(path, task)
    elif info.kind == "own" and not callable(make_env):
        raise SceneModuleError(f"{path}: found no function make_env, expected one that makes the environment")
    expert, flaws = getattr(module, "EXPERT", None), getattr(module, "FLAWS", {})
    if expert is None and info.kind == "gymnasium":
        expert = described_expert(info.folder)
    if expert is not None and not callable(expert):
        raise SceneModuleError(f"{path}: EXPERT: found {expert!r}, expected a function from observation to action")
    if not isinstance(flaws, Mapping) or not all(callable(flaw) for flaw in flaws.values()):
        raise SceneModuleError(f"{path}: FLAWS: found {flaws!r}, expected names and functions like EXPERT")
    picture = getattr(module, "PICTURE", None)
    if picture is not None and not callable(picture):
        raise SceneModuleError(f"{path}: PICTURE: found {picture!r}, expected a function from scene state to Picture")
    # An error in an expert would otherwise look like an error of the program.
    guarded = None if expert is None else _guarded(path, "EXPERT", expert)
    flawed = {name: _guarded(path, f"FLAWS[{name!r}]", flaw) for name, flaw in flaws.items()}
    return SceneModule(task, make_env, guarded, flawed, picture)


def _guarded(path: Path, name: str, expert: Expert) -> Expert:
    """Return ``expert``, raising ``SceneModuleError`` with file and line where it fails."""

    def act(observation: Float32Array) -> Float32Array:
        with SceneCode(path, name):
            return expert(observation)

    return act


def _check_task(path: Path, task: object) -> None:
    if not isinstance(task, type) or not issubclass(task, Task):
        raise SceneModuleError(f"{path}: TASK: found {task!r}, expected a subclass of mile_desktop.scenes.task.Task")
    missing = ", ".join(sorted(task.__abstractmethods__))
    if missing:
        raise SceneModuleError(f"{path}: TASK: found no {missing} in {task.__name__}, expected both methods")
    entries = getattr(task, "measurements", ())
    if not entries or not all(isinstance(entry, Measurement) for entry in entries):
        raise SceneModuleError(f"{path}: TASK: measurements: found {entries!r}, expected a tuple of Measurement")
