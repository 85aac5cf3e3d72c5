"""Paths of bundled files (in a checkout and in an installed wheel) and of the user's folders."""

import os
from pathlib import Path
from typing import Literal

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "_data"
BundleKind = Literal["models", "demonstrations"]
# A wheel carries the files inside the package; in a checkout they lie beside it.
INSTALLED = _SHIPPED.is_dir()
"""Whether this is an installed package and not a checkout."""
_ROOT = _SHIPPED if INSTALLED else _PACKAGE.parent

RESOURCES = _ROOT / "resources"
"""Theme, icons, sounds, bundled policies, intervention models and demonstrations."""

ICON = RESOURCES / "theme" / "mile-desktop.svg"
"""The program's icon."""

DOCUMENTS = _ROOT / "docs"
"""The guides, one file each. Messages name a file in here: an installed program has no checkout beside it."""

SIM_SCENES = _ROOT / "sim_scenes"
"""The scenes that ship with the program, one folder each: description, models and a module."""

SCENES_VARIABLE = "MILE_DESKTOP_SCENES"
"""Environment variable with the folder of the user's own scenes."""


def own_scenes() -> Path:
    """Return the folder of the user's own scenes: that of ``MILE_DESKTOP_SCENES``, else one in their data folder."""
    chosen = os.environ.get(SCENES_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("mile-desktop") / "scenes"


def scene_folder(scene: str) -> Path:
    """Return the folder of ``scene`` (``peg-insertion`` → ``peg_insertion``); bundled scenes have priority."""
    name = scene.replace("-", "_")
    own = own_scenes() / name
    # Bundled scenes first: a folder of the user's with the same name must not change what recorded episodes refer to.
    return own if own.is_dir() and not (SIM_SCENES / name).is_dir() else SIM_SCENES / name


def bundled_models(scene: str) -> Path:
    """Return the folder of the policies and intervention model bundled with ``scene``; a user's scene holds its own."""
    return _bundled(scene, "models")


def bundled_demonstrations(scene: str) -> Path:
    """Return the folder of the demonstrations (Parquet episodes) of ``scene``'s bundled policy."""
    return _bundled(scene, "demonstrations")


def bundle_folder(scene: str, kind: BundleKind) -> Path:
    """Return where ``mile-desktop bundle`` writes that part of a scene's bundle.

    A user's scene holds its own. Those of the scenes that ship lie in the checkout; an installed package belongs to
    pip, so what a person makes for its scenes lies in their data folder.
    """
    folder = scene_folder(scene)
    if folder.parent != SIM_SCENES:
        return folder / kind
    made = platformdirs.user_data_path("mile-desktop") / "bundles"
    return (made if INSTALLED else RESOURCES) / kind / scene


def _bundled(scene: str, kind: BundleKind) -> Path:
    made = bundle_folder(scene, kind)
    if made.is_dir() or scene_folder(scene).parent != SIM_SCENES:
        return made
    return RESOURCES / kind / scene


def default_workspace() -> Path:
    """Return the default workspace, in the user's data folder."""
    return platformdirs.user_data_path("mile-desktop") / "workspace"


def pad_profiles() -> Path:
    """Return the folder of the user's gamepad profiles: they belong to this computer, not to a workspace."""
    return platformdirs.user_config_path("mile-desktop") / "pads"


def log_folder() -> Path:
    """Return the folder of the program's logs."""
    return platformdirs.user_log_path("mile-desktop")
