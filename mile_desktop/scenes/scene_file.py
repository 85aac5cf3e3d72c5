"""Reads ``scene.toml`` of whichever kind a scene is; imports no simulator."""

from pathlib import Path

import msgspec

from mile_desktop.scenes.description import (
    OwnSceneDescription,
    SceneDescription,
    SceneDescriptionError,
    converted,
    load_description,
    read_table,
)
from mile_desktop.scenes.gymnasium.description import GymnasiumSceneDescription
from mile_desktop.scenes.words_description import WordsDescription

AnyDescription = SceneDescription | OwnSceneDescription | GymnasiumSceneDescription


def read_head(folder: Path) -> AnyDescription:
    """Read ``scene.toml`` in ``folder``, of whichever kind it is. Raises what ``load_description`` raises."""
    match read_table(folder).get("kind", "panda"):
        case "own":
            return converted(folder, read_table(folder), OwnSceneDescription)
        case "gymnasium":
            return load_gymnasium_description(folder)
        case "panda":
            return load_description(folder)
        case other:
            raise SceneDescriptionError(
                f"{folder / 'scene.toml'}: kind: found {other!r}, expected 'panda', 'gymnasium' or 'own'"
            )


def load_gymnasium_description(folder: Path) -> GymnasiumSceneDescription:
    """Read ``scene.toml`` in ``folder``, of a scene of kind ``gymnasium``; raises ``SceneDescriptionError``."""
    description = converted(folder, read_table(folder), GymnasiumSceneDescription)
    return msgspec.structs.replace(description, folder=folder)


def read_words(folder: Path) -> WordsDescription:
    """Return the names and phrases of the scene in ``folder`` for commands in words; empty where it has none."""
    head = read_head(folder)
    return WordsDescription() if isinstance(head, GymnasiumSceneDescription) else head.words
