"""The cameras of this machine: which are there, under which lasting name, and why one cannot be used.

``/dev/video0`` is only an order: after a replug or a restart it may be another camera. Linux also keeps links that name
the camera itself (``/dev/v4l/by-id``) or its socket (``/dev/v4l/by-path``). Nothing here needs OpenCV, so that the
window can use it. On other systems no camera is listed and every address stays as it was typed.
"""

import errno
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from struct import unpack_from

import msgspec

from mile_desktop.cameras.address import AddressKind, parse_address
from mile_desktop.cameras.errors import CameraAddressError
from mile_desktop.cameras.settings import CameraSettings

_QUERY_CAPABILITIES = 0x80685600
"""VIDIOC_QUERYCAP of the Linux interface for cameras (V4L2), with its answer of 104 bytes."""
_ANSWER_BYTES, _DEVICE_CAPABILITIES_AT = 104, 88
_CAPTURES = 0x00000001 | 0x00001000
"""The node gives pictures, in one plane or in several. A modern webcam has a second node that gives only data."""
_DEVICE = "video"


@dataclass(frozen=True, slots=True)
class AttachedCamera:
    """A node under ``/dev`` that belongs to a camera."""

    file: Path
    name: str
    """What the camera calls itself."""
    address: str
    """The most lasting path of it."""
    problem: str = ""
    """Why it cannot be used, in a sentence; empty if it can."""

    @property
    def identity(self) -> str:
        """Name and lasting path: another camera at the same number has another identity."""
        return f"{self.name} ({Path(self.address).name})"


def captures_pictures(file: Path) -> bool:
    """Ask the driver whether a node gives pictures; raises ``OSError`` where it cannot be asked."""
    import fcntl  # noqa: PLC0415 - not on Windows

    handle = os.open(file, os.O_RDWR | os.O_NONBLOCK)
    try:
        answer = bytearray(_ANSWER_BYTES)
        fcntl.ioctl(handle, _QUERY_CAPABILITIES, answer)
    finally:
        os.close(handle)
    # Those of the node and not of the whole device, which has pictures at its other node.
    return bool(unpack_from("<I", answer, _DEVICE_CAPABILITIES_AT)[0] & _CAPTURES)


class CameraList:
    """Looks for cameras; holds no state.

    Parameters
    ----------
    root
        The file system's root.
    ask
        Returns whether a node gives pictures; raises ``OSError``.
    """

    def __init__(self, root: Path = Path("/"), ask: Callable[[Path], bool] = captures_pictures) -> None:
        self._root = root
        self._ask = ask

    def nodes(self) -> tuple[AttachedCamera, ...]:
        """Return every camera node, in the order of the numbers, also those that cannot be used."""
        files = [file for file in (self._root / "dev").glob(f"{_DEVICE}*") if file.name[len(_DEVICE) :].isdigit()]
        files.sort(key=lambda file: int(file.name[len(_DEVICE) :]))
        names = {file: self._name(file) for file in files}
        problems = {file: self._problem(file, names[file]) for file in files}
        by_id, by_path = self._links("by-id"), self._links("by-path")
        # Cameras of one model without serial numbers share one link, which names any of them.
        cameras = [file for file in files if not problems[file]]
        alike = Counter(names[file] for file in cameras)
        linked = Counter(names[file] for file in cameras if file in by_id)
        found = []
        for file in files:
            trusted = file in by_id and linked[names[file]] == alike[names[file]]
            link = by_id[file] if trusted else by_path.get(file, Path("/") / file.relative_to(self._root))
            found.append(AttachedCamera(file, names[file], str(link), problems[file]))
        return tuple(found)

    def usable(self) -> tuple[AttachedCamera, ...]:
        """Return the nodes that give pictures, and those that might if this account were allowed to read them."""
        return tuple(node for node in self.nodes() if not node.problem or self._is_forbidden(node.file))

    def at(self, address: str) -> AttachedCamera | None:
        """Return the node that a camera's address leads to; None where there is none, or it is no local camera."""
        file = self._file(address)
        return next((node for node in self.nodes() if node.file == file), None) if file is not None else None

    def problem(self, address: str) -> str:
        """Return why the camera at ``address`` cannot be opened, in a sentence; empty if nothing is known."""
        file = self._file(address)
        if file is None:
            return ""
        if not file.exists():
            there = ", ".join(f"{node.name} ({node.file})" for node in self.usable())
            shown = f"/dev/{_DEVICE}{address}" if address.isdigit() else address
            return f"There is no device {shown}; is the camera plugged in? " + (
                f"These cameras are there: {there}." if there else "No camera is plugged in."
            )
        node = self.at(address)
        return node.problem if node is not None else ""

    def _file(self, address: str) -> Path | None:
        if address.isdigit():
            return self._root / "dev" / f"{_DEVICE}{address}"
        if not address.startswith("/dev/"):
            return None
        return (self._root / address.removeprefix("/")).resolve()

    def _links(self, kind: str) -> dict[Path, Path]:
        """Return node → link in ``/dev/v4l/<kind>``."""
        folder = self._root / "dev" / "v4l" / kind
        links = sorted(folder.iterdir()) if folder.is_dir() else []
        return {link.resolve(): Path("/") / link.relative_to(self._root) for link in links}

    def _name(self, file: Path) -> str:
        try:
            return (self._root / "sys/class/video4linux" / file.name / "name").read_text("utf-8").strip() or file.name
        except (OSError, UnicodeDecodeError):
            return file.name

    def _problem(self, file: Path, name: str) -> str:
        if self._is_forbidden(file):
            return (
                f"{name} ({file}) may not be read by your account. Add your account to the group video "
                "(sudo usermod -aG video $USER), then log in again."
            )
        try:
            gives_pictures = self._ask(file)
        except OSError as error:
            if error.errno == errno.EBUSY:
                return f"{name} ({file}) is in use by another program; close that program."
            return f"{file} is not a camera ({error.strerror or error}); choose another device."
        return "" if gives_pictures else f"{name} ({file}) gives no pictures, only data; choose its other device."

    def _is_forbidden(self, file: Path) -> bool:
        return not os.access(file, os.R_OK | os.W_OK)


def attached_cameras() -> CameraList:
    """Return the list of this machine; an empty one where the system has no such files."""
    return CameraList() if sys.platform == "linux" else CameraList(Path(os.devnull))


def identified(settings: CameraSettings, cameras: CameraList) -> CameraSettings:
    """Return ``settings`` with the lasting path of a local camera and what is there now; others as they are."""
    node = cameras.at(settings.address) if _is_device(settings.address) else None
    if node is None or node.problem:
        return settings
    return msgspec.structs.replace(settings, address=node.address, device=node.identity)


def other_devices(remembered: Iterable[CameraSettings], cameras: CameraList) -> dict[str, AttachedCamera]:
    """Return name of a camera → the device at its address, where that is another than the one that was added."""
    found = {}
    for settings in remembered:
        node = cameras.at(settings.address) if settings.device and _is_device(settings.address) else None
        if node is not None and node.identity != settings.device:
            found[settings.name] = node
    return found


def said_about(others: dict[str, AttachedCamera], remembered: Iterable[CameraSettings]) -> str:
    """Return the sentences for people about cameras that are not those that were added."""
    before = {settings.name: settings.device for settings in remembered}
    changes = [f"Camera {name} was {before[name]}; now there is {node.identity}." for name, node in others.items()]
    return " ".join([*changes, "Check the picture before you use it."]) if changes else ""


def _is_device(address: str) -> bool:
    try:
        return parse_address(address).kind is AddressKind.DEVICE
    except CameraAddressError:
        return False  # a file that is not there, for example
