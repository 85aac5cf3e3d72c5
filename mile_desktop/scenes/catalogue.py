"""All scenes in the program's and the user's folder; imports neither a simulator nor the scenes' modules."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mile_desktop import paths
from mile_desktop.errors import UserError
from mile_desktop.scenes.description import (
    FILE_NAME,
    CameraDescription,
    Choice,
    SceneDescriptionError,
)
from mile_desktop.scenes.gymnasium.description import ActionEntry, GymnasiumSceneDescription
from mile_desktop.scenes.scene_file import read_head

MODULE_NAME = "scene.py"
"""Beside the description: success, reward and expert."""

_FOLDER_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class SceneInfo:
    """Description of a scene for menus and command line, before it is loaded."""

    name: str
    """Command-line name, folder under ``sim_scenes/``: ``peg-insertion`` → ``peg_insertion``."""
    title: str
    env_id: str
    """Gymnasium id."""
    summary: str
    """One sentence: the robot's task."""
    action_labels: tuple[str, ...]
    rate_hz: float
    max_steps: int
    folder: Path
    """Folder of its description, models and module."""
    kind: Literal["panda", "own", "gymnasium"]
    """A Panda in PyBullet, an environment that the scene's module makes itself, or one of gymnasium."""
    choices: tuple[Choice, ...] = ()
    """Its discrete actions, in the order of ``action_labels``; none where actions are continuous."""
    cameras: tuple[CameraDescription, ...] = ()
    """Its viewpoints, the default one first."""
    entries: tuple[ActionEntry, ...] = ()
    """The entries of its action with what drives each, where ``scene.toml`` says it; none: x, y, z, gripper."""

    @property
    def resting(self) -> int | None:
        """Number of the discrete action that stands for "no push": the first one where none rests; None if continuous.

        A discrete environment has to be given some action in every step.
        """
        pushes = [choice.push for choice in self.choices]
        if not pushes:
            return None
        return pushes.index("rest") if "rest" in pushes else 0


@dataclass(frozen=True, slots=True)
class BrokenScene:
    """A scene that cannot be used."""

    name: str
    folder: Path
    error: str
    """One sentence: file, key, what was found and what was expected."""


class UnknownSceneError(UserError, ValueError):
    """There is no scene of that name."""


class BrokenSceneError(UnknownSceneError):
    """The scene exists, but its description contains an error."""


def scenes() -> tuple[SceneInfo, ...]:
    """Return every usable scene in menu order: bundled ones, then the user's."""
    return tuple(found for found in _found() if isinstance(found, SceneInfo))


def broken_scenes() -> tuple[BrokenScene, ...]:
    """Return every scene that cannot be used, with its error."""
    return tuple(found for found in _found() if isinstance(found, BrokenScene))


def scene_info(name: str) -> SceneInfo:
    """Return the scene called ``name``.

    Raises
    ------
    UnknownSceneError
        There is none; the message lists the scenes.
    BrokenSceneError
        Its description contains an error.
    """
    known = []
    for found in _found():
        if found.name != name:
            known.append(found.name)
        elif isinstance(found, BrokenScene):
            raise BrokenSceneError(found.error)
        else:
            return found
    raise UnknownSceneError(f"There is no scene {name!r}; the scenes are {', '.join(known)}.")


def _found() -> Iterator[SceneInfo | BrokenScene]:
    """Read every folder with a description. An edited file is read again."""
    taken: dict[str, str] = {}
    # The program's own first: a folder of the user cannot replace a bundled scene.
    for folder in (paths.SIM_SCENES, paths.own_scenes()):
        try:
            # A folder without a description is no scene: models and furniture lie there as well.
            candidates = sorted(path for path in folder.iterdir() if (path / FILE_NAME).exists())
        except FileNotFoundError:
            continue  # the user has no scenes
        except OSError as error:
            problem = f"{folder}: found {error.strerror or error}, expected a folder of scenes that can be read"
            yield BrokenScene(folder.name, folder, problem)
            continue
        here = [_look(path, taken) for path in candidates]
        yield from (found for _, found in sorted(here, key=lambda each: (each[0], each[1].name)))


def _look(folder: Path, taken: dict[str, str]) -> tuple[int, SceneInfo | BrokenScene]:
    """Return the place in the menu and the scene in ``folder``; ``taken``: name or id → the folder that has it."""
    name = folder.name.replace("_", "-")
    try:
        if _FOLDER_NAME.fullmatch(folder.name) is None:
            raise SceneDescriptionError(
                f"{folder}: found a folder called {folder.name!r}, expected lower-case letters, digits and _"
            )
        head = read_head(folder)
        if head.kind != "gymnasium" and not (folder / MODULE_NAME).is_file():
            raise SceneDescriptionError(f"{folder}: found no {MODULE_NAME}, expected one beside {FILE_NAME}")
        for key, value in (("the name", name), ("env_id", head.env_id)):
            if value in taken:
                raise SceneDescriptionError(
                    f"{folder / FILE_NAME}: {key}: found {value!r}, which {taken[value]} has already, expected another"
                )
        # Only after all checks: a broken scene keeps no name from another one.
        taken[name] = taken[head.env_id] = str(folder)
    except (SceneDescriptionError, OSError) as error:
        # Place 0: broken ones first, where they are noticed.
        return 0, BrokenScene(name, folder, str(error))
    info = SceneInfo(
        name=name,
        title=head.title,
        env_id=head.env_id,
        summary=head.summary,
        action_labels=head.labels,
        rate_hz=head.rate,
        max_steps=head.max_steps,
        folder=folder,
        kind=head.kind,
        choices=head.choices,
        cameras=head.cameras,
        entries=head.actions if isinstance(head, GymnasiumSceneDescription) else (),
    )
    return head.menu_place, info
