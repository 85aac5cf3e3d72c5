"""Makes a new scene for the user: a copy of the template in the user's folder of scenes."""

import re
import shutil
from pathlib import Path

from mile_desktop.errors import UserError
from mile_desktop.paths import RESOURCES, own_scenes
from mile_desktop.scenes.catalogue import broken_scenes, scenes

TEMPLATE = RESOURCES / "scene_template"

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class NewSceneError(UserError, ValueError):
    """A scene cannot be made under that name or in that folder."""


def check_name(name: str) -> None:
    """Raise ``NewSceneError`` unless a scene can be begun under ``name``."""
    if _NAME.fullmatch(name) is None:
        raise NewSceneError(f"found the name {name!r}, expected lower-case words with hyphens, such as open-jar")
    taken = {info.name for info in scenes()} | {broken.name for broken in broken_scenes()}
    # The folder counts, too: without a description it is no scene, but its files must not be overwritten.
    if (own_scenes() / name.replace("-", "_")).exists() or name in taken:
        raise NewSceneError(f"There is a scene {name!r} already; choose another name.")


def new_scene(name: str) -> Path:
    """Make a scene called ``name`` and return its folder.

    Raises
    ------
    NewSceneError
        The name is taken or is no name of a scene, or the folder cannot be written.
    """
    check_name(name)
    folder = own_scenes() / name.replace("-", "_")
    words = {"TITLE": name.replace("-", " ").capitalize(), "ENV": name.title().replace("-", "")}
    try:
        # The template is itself a scene that runs. Only title and id are replaced, so that it runs under the new name
        # at once.
        shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (folder / "scene.toml", folder / "scene.py"):
            text = path.read_text(encoding="utf-8")
            path.write_text(re.sub(r"\b(TITLE|ENV)\b", lambda found: words[found[0]], text), encoding="utf-8")
    except OSError as error:
        raise NewSceneError(
            f"{folder}: found {error.strerror or error}, expected a folder that can be written"
        ) from error
    return folder
