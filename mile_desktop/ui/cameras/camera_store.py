"""The remembered cameras, in a file that only its owner can read, because addresses may contain passwords."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from mile_desktop.cameras.settings import CameraSettings, file_stem
from mile_desktop.ui.viewport.tile_layout import Layout

FILE_NAME = "cameras.json"
_OWNER_ONLY = 0o600


class RememberedCameras(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the file."""

    cameras: tuple[CameraSettings, ...] = ()
    """In their order in the view."""
    layout: Layout = Layout.INSET
    main: str = ""
    """Name of the camera that is shown large; empty for the scene."""


class CameraStore(QObject):
    """Holds cameras and layout, emits changes and writes them at once; belongs to the window's thread.

    Reading and writing never raise: an error is one sentence, in ``problem`` after the start and in
    ``problem_occurred`` later. Cameras belong to this computer, not to a workspace.
    """

    changed = Signal(object)
    """The new ``RememberedCameras``."""
    problem_occurred = Signal(str)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._value, self.problem = _load(path)

    @property
    def value(self) -> RememberedCameras:
        """Cameras and layout now."""
        return self._value

    @property
    def cameras(self) -> tuple[CameraSettings, ...]:
        """The cameras in their order."""
        return self._value.cameras

    def set_cameras(self, cameras: Sequence[CameraSettings]) -> None:
        """Use these cameras; raise ``ValueError`` when two of them would write the same video file."""
        stems = [camera.stem for camera in cameras]
        for camera in cameras:
            if stems.count(camera.stem) > 1:
                raise ValueError(
                    f"A camera named {camera.name} exists already (its videos are named {camera.stem}.mp4). "
                    "Choose another name."
                )
        self._replace(msgspec.structs.replace(self._value, cameras=tuple(cameras)))

    def remember_view(self, layout: Layout, main: str) -> None:
        """Remember the layout and the large picture."""
        self._replace(msgspec.structs.replace(self._value, layout=layout, main=main))

    def _replace(self, value: RememberedCameras) -> None:
        if value == self._value:
            return
        self._value = value
        self._save()
        self.changed.emit(value)

    def _save(self) -> None:
        # Written beside the old file and renamed, so that a crash leaves one of the two whole. ``O_EXCL`` with the mode
        # keeps the file private from its first byte; ``chmod`` afterwards would leave a moment in which others read it.
        draft = self._path.with_name(self._path.name + ".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(self._value), indent=2))
            draft.replace(self._path)
        except OSError as error:
            reason = error.strerror or str(error)
            self.problem_occurred.emit(
                f"Cameras are kept only until you close: {self._path} cannot be written ({reason})."
            )


def _load(path: Path) -> tuple[RememberedCameras, str]:
    """Read the file; return its content and one sentence about what is wrong with it, or an empty string."""
    try:
        value = msgspec.json.decode(path.read_bytes(), type=RememberedCameras)
    except FileNotFoundError:
        return RememberedCameras(), ""
    except OSError as error:
        return RememberedCameras(), f"The list of cameras could not be read ({error.strerror})."
    except msgspec.MsgspecError:
        aside = path.with_name(path.name + ".damaged")
        try:
            path.replace(aside)
        except OSError:
            return RememberedCameras(), "The list of cameras was damaged and is empty now."
        return RememberedCameras(), f"The list of cameras was damaged; the old file is kept as {aside.name}."
    # A file edited by hand may name two cameras alike; they would write the same video.
    unique = {file_stem(camera.name): camera for camera in value.cameras}
    return msgspec.structs.replace(value, cameras=tuple(unique.values())), ""
