"""Addresses of cameras as people type them, and their form without passwords."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from mile_desktop.cameras.errors import CameraAddressError


class AddressKind(StrEnum):
    """Where the pictures of a camera come from."""

    DEVICE = "device"
    """A camera on this machine: a number, or a file under ``/dev``."""
    RTSP = "rtsp"
    HTTP = "http"
    """MJPEG, or another live stream that FFmpeg plays over HTTP."""
    FILE = "file"
    FOLDER = "folder"
    """Pictures in the order of their names."""
    GSTREAMER = "gstreamer"
    ROBOT = "robot"
    """A camera whose pictures a network robot sends."""


@dataclass(frozen=True, slots=True)
class Address:
    """A camera's address, understood."""

    kind: AddressKind
    location: str
    """Device number or path, URL, path or pipeline."""

    @property
    def shown(self) -> str:
        """The address without user name and password."""
        return redacted(self.location)

    @property
    def live(self) -> bool:
        """Whether pictures arrive at their own times; pictures of a file wait until they are read."""
        return self.kind not in {AddressKind.FILE, AddressKind.FOLDER}


EXAMPLES = (
    "0 or /dev/video0, rtsp://host/stream, http://host:8080/video, a video file, a folder of pictures, "
    "or gst: and a GStreamer pipeline"
)
_SCHEMES = {
    "rtsp": AddressKind.RTSP,
    "rtsps": AddressKind.RTSP,
    "http": AddressKind.HTTP,
    "https": AddressKind.HTTP,
    "robot": AddressKind.ROBOT,
}
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?P<rest>//.*)", re.DOTALL)
_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:[^/?#\s]*|[^/?#\s@]*:[^\s@]*)@")
"""User name and password; also a password with a slash, which no URL allows and people type all the same."""
_HIDDEN = "•••@"
_SECRETS = re.compile(r"(?i)([?&;](?:[a-z_]*(?:pass|pwd|token|secret|auth|key|user)[a-z_]*)=)[^&;#\s'\"]+")
_PROPERTIES = re.compile(r"(?i)\b([a-z-]*(?:user|pw|pass|token)[a-z-]*=)(\"[^\"]*\"|'[^']*'|[^\s!]+)")
# People forget the scheme. Without this, they would be told that a file is missing.
_HOST_LIKE = re.compile(r"(www\.|\d{1,3}(\.\d{1,3}){3}\b|[\w.-]+:\d{2,5}(/|$))")
_MAX_DEVICE = 255


def parse_address(text: str) -> Address:
    """Return the address in ``text``.

    Files and folders must exist; nothing is opened and no network is asked.

    Raises
    ------
    CameraAddressError
        One sentence: what was found, what was expected, what to do. Passwords are left out.
    """
    typed = text.strip()
    if not typed:
        raise CameraAddressError(f"A camera needs an address: {EXAMPLES}.")
    if "\n" in typed or "\0" in typed:
        raise CameraAddressError("A camera's address is one line; this has several.")
    # The last reader takes every text or raises, so there is always an answer.
    return next(address for read in _READERS if (address := read(typed)) is not None)


def redacted(text: str) -> str:
    """Return ``text`` with user names and passwords in URLs, their queries and pipelines made unreadable."""
    hidden = _CREDENTIALS.sub(rf"\g<scheme>{_HIDDEN}", text)
    hidden = _SECRETS.sub(r"\1•••", hidden)
    # Only in pipelines: in a URL, a word like "user" is usually part of the path.
    return _PROPERTIES.sub(r"\1•••", hidden) if " ! " in hidden else hidden


def spliced(edited: str, before: str) -> str:
    """Return ``edited`` with its hidden parts replaced from ``before``: editing a path keeps the password."""
    known = _CREDENTIALS.search(before)
    if known is None or _HIDDEN not in edited:
        return edited
    return edited.replace(_HIDDEN, known.group().removeprefix(known["scheme"]), 1)


def _read_device(typed: str) -> Address | None:
    if typed.lstrip("+-").isdigit():
        if not (typed.isdigit() and int(typed) <= _MAX_DEVICE):
            raise CameraAddressError(f"There is no camera number {typed}; the first one is 0.")
        return Address(AddressKind.DEVICE, str(int(typed)))
    if typed.startswith("/dev/"):
        return Address(AddressKind.DEVICE, typed)
    return None


def _read_pipeline(typed: str) -> Address | None:
    if not (typed.lower().startswith("gst:") or " ! " in typed):
        return None
    pipeline = typed[4:].strip() if typed.lower().startswith("gst:") else typed
    if "!" not in pipeline:
        raise CameraAddressError("A GStreamer pipeline consists of elements joined by “!”, and ends in appsink.")
    return Address(AddressKind.GSTREAMER, pipeline)


def _read_url(typed: str) -> Address | None:
    # Before the path: "http://…" is a valid relative file name, too.
    match = _SCHEME.fullmatch(typed)
    if match is None:
        return None
    scheme = match["scheme"].lower()
    if scheme == "file":
        return _read_path(unquote(match["rest"][2:]))
    if scheme not in _SCHEMES:
        raise CameraAddressError(f"Cameras cannot be reached by {scheme}://; expected {EXAMPLES}.")
    _check_url(typed)
    return Address(_SCHEMES[scheme], typed)


def _check_url(typed: str) -> None:
    if any(character.isspace() for character in typed):
        raise CameraAddressError(f"{redacted(typed)} has a space in it; write %20 where one belongs.")
    try:
        parts: SplitResult = urlsplit(typed)
        # The port is checked when it is read.
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise CameraAddressError(
            f"{redacted(typed)} is no URL ({redacted(str(error))}); expected {EXAMPLES}."
        ) from None
    if not host:
        raise CameraAddressError(f"{redacted(typed)} names no host; expected {parts.scheme}://host/path.")


def _read_path(typed: str) -> Address:
    path = Path(typed).expanduser()
    try:
        if path.is_dir():
            return Address(AddressKind.FOLDER, str(path.absolute()))
        if path.exists():
            return Address(AddressKind.FILE, str(path.absolute()))
    except OSError as error:
        raise CameraAddressError(f"{redacted(typed)} cannot be read ({error.strerror}).") from None
    if _HOST_LIKE.match(typed):
        raise CameraAddressError(f"{redacted(typed)} is no file; a network camera begins with rtsp:// or http://.")
    raise CameraAddressError(f"There is no file or folder {redacted(typed)}; expected {EXAMPLES}.")


_READERS: tuple[Callable[[str], Address | None], ...] = (
    _read_device,
    _read_pipeline,
    _read_url,
    _read_path,
)
