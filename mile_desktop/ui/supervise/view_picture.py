"""A picture of the view as a file, and where pictures and videos of the view are kept."""

from datetime import datetime
from pathlib import Path

from PySide6.QtWidgets import QWidget

from mile_desktop.errors import UserError

_FOLDER = "pictures"


class PictureError(UserError, OSError):
    """The picture could not be written; the message says where."""


def save_view_picture(view: QWidget, workspace: Path, scene: str, *, now: datetime) -> Path:
    """Save what ``view`` shows, with everything drawn over it, and return the file.

    It lies in the folder ``pictures`` of the workspace and is named by scene and time. Nothing is replaced.

    Raises
    ------
    PictureError
        The folder cannot be made, or the file cannot be written.
    """
    path = new_picture_path(workspace, scene, ".png", now=now)
    if not view.grab().save(str(path)):
        raise PictureError(f"The picture {path} could not be written. Is the disk full, or the folder read-only?")
    return path


def new_picture_path(workspace: Path, scene: str, ending: str, *, now: datetime) -> Path:
    """Make the folder for pictures and videos of the view, and return a name in it that is free.

    Raises
    ------
    PictureError
        The folder cannot be made.
    """
    folder = workspace / _FOLDER
    stem = f"{scene}-{now:%Y-%m-%d-%H-%M-%S}"
    try:
        folder.mkdir(exist_ok=True)
        # Two within one second get numbers.
        numbers = ("", *(f"-{number}" for number in range(2, 100)))
        return next(path for end in numbers if not (path := folder / f"{stem}{end}{ending}").exists())
    except (OSError, StopIteration) as error:
        raise PictureError(
            f"Nothing can be saved in {folder} ({error}). Choose a folder that can be written."
        ) from error
