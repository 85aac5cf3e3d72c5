"""Where the files that ship with the program lie, in a checkout and in an installed wheel."""

from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "_data"
_ROOT = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent

RESOURCES = _ROOT / "resources"
"""Theme, icons, sounds, bundled policies, intervention models and demonstrations."""

SIM_SCENES = _ROOT / "sim_scenes"
"""One folder a scene: description and models."""


def bundled_models(scene: str) -> Path:
    """Return the folder of the policies and intervention model bundled for ``scene``."""
    return RESOURCES / "models" / scene


def bundled_demonstrations(scene: str) -> Path:
    """Return the folder of the demonstrations (Parquet episodes) the bundled policy of ``scene`` came from."""
    return RESOURCES / "demonstrations" / scene


def default_workspace() -> Path:
    """Return the workspace that is used where none is named, in the user's data folder."""
    return platformdirs.user_data_path("mile-desktop") / "workspace"


def pad_profiles() -> Path:
    """Return the folder of the user's gamepad profiles: they belong to the pads on this desk, not to a workspace."""
    return platformdirs.user_config_path("mile-desktop") / "pads"


def log_folder() -> Path:
    """Return the folder of the program's logs."""
    return platformdirs.user_log_path("mile-desktop")
