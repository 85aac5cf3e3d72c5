"""Addresses of cameras as people type them, and their form without passwords."""

import re
from collections.abc import Callable, Sequence
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
        return redacted_address(self.location)

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
_MARK = "•••"
"""Stands for every part that is not shown."""
_URL_START = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/+|(?<![\w:/])//")
_URL = re.compile(rf"(?:{_URL_START.pattern}|[^\s'\"?=]+\?)[^\s'\"]*")
_WORD = re.compile(r"[^\s'\"]*")
_VALUE = re.compile(r"=[^&;#]+")
_PROPERTIES = re.compile(r"(?i)\b[a-z-]*(?:user|pw|pass|token|secret|key)[a-z-]*=(\"[^\"]*\"|'[^']*'|[^\s!]+)")
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
    """Return ``text``, an address or a message with addresses in it, without what may be a password.

    People write passwords in many ways, and cameras take them in many places. So this hides by place and not by name:
    everything before the last ``@`` of a line, and every value in a URL. In a pipeline, also properties whose names
    look like user names and passwords.
    """
    return _shown(text, _hidden_spans(text, whole=False))


def redacted_address(address: str) -> str:
    """Return ``address`` as ``redacted`` does; also values with blanks in them, because nothing follows an address."""
    return _shown(address, _hidden_spans(address, whole=True))


def spliced(edited: str, before: str) -> str:
    """Return ``edited`` with each hidden part of ``before`` in its place: editing a path keeps the password."""
    pieces = [before[start:end] for start, end in _hidden_spans(before, whole=True)]
    for piece in pieces:
        edited = edited.replace(_MARK, piece, 1)
    return edited


def _shown(text: str, spans: Sequence[tuple[int, int]]) -> str:
    shown, reached = [], 0
    for start, end in spans:
        shown += [text[reached:start], _MARK]
        reached = end
    return "".join([*shown, text[reached:]])


def _hidden_spans(text: str, *, whole: bool) -> list[tuple[int, int]]:
    """Return the parts of ``text`` that are not shown, in order; ``whole``: it is one address and nothing else."""
    spans: list[tuple[int, int]] = []
    start = 0
    for line in text.splitlines(keepends=True):
        spans += [(start + first, start + last) for first, last in _spans_of_line(line, whole=whole)]
        start += len(line)
    return spans


def _spans_of_line(line: str, *, whole: bool) -> list[tuple[int, int]]:
    credentials = _credentials(line)
    found = [] if credentials is None else [credentials]
    behind = 0 if credentials is None else credentials[1]
    if " ! " in line:
        found += [match.span(1) for match in _PROPERTIES.finditer(line, behind)]
    for start, end in _url_parts(line, behind, whole=whole):
        found += [(match.start() + 1, match.end()) for match in _VALUE.finditer(line, start, end)]
    merged: list[tuple[int, int]] = []
    for span in sorted(found):
        if not merged or span[0] >= merged[-1][1]:
            merged.append(span)
    return merged


def _url_parts(line: str, behind: int, *, whole: bool) -> list[tuple[int, int]]:
    """Return the URLs of ``line``; of the one with credentials, the part ``behind`` them."""
    if whole and " ! " not in line:
        is_url = behind or _URL_START.match(line) or _HOST_LIKE.match(line) or "?" in line
        return [(behind, len(line))] if is_url else []
    rest = _WORD.match(line, behind) if behind else None
    return [match.span() for match in (rest, *_URL.finditer(line, behind)) if match is not None]


def _credentials(line: str) -> tuple[int, int] | None:
    """Return where user name and password are: from ``//``, or from the word before the first ``:``, to the last ``@``.

    So ``@``, ``/`` and blanks in a password are covered, and addresses without a scheme.
    """
    end = line.rfind("@")
    url = _URL_START.search(line, 0, max(end, 0))
    if url is not None:
        between = line[url.end() : end]
        # an ``@`` in a path, without anything that could be a password before it
        return None if ":" not in between and "/" in between else (url.end(), end)
    colon = line.find(":", 0, max(end, 0))
    if colon < 0:
        return None
    return max(line.rfind(character, 0, colon) for character in " /'\"") + 1, end


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
        raise CameraAddressError(f"{redacted_address(typed)} has a space in it; write %20 where one belongs.")
    try:
        parts: SplitResult = urlsplit(typed)
        # The port is checked when it is read.
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise CameraAddressError(
            f"{redacted_address(typed)} is not a URL ({redacted(str(error))}); expected {EXAMPLES}."
        ) from None
    if not host:
        raise CameraAddressError(f"{redacted_address(typed)} names no host; expected {parts.scheme}://host/path.")


def _read_path(typed: str) -> Address:
    path = Path(typed).expanduser()
    try:
        if path.is_dir():
            return Address(AddressKind.FOLDER, str(path.absolute()))
        if path.exists():
            return Address(AddressKind.FILE, str(path.absolute()))
    except OSError as error:
        raise CameraAddressError(f"{redacted_address(typed)} cannot be read ({error.strerror}).") from None
    if _HOST_LIKE.match(typed):
        raise CameraAddressError(
            f"{redacted_address(typed)} is not a file; a network camera begins with rtsp:// or http://."
        )
    raise CameraAddressError(f"There is no file or folder {redacted_address(typed)}; expected {EXAMPLES}.")


_READERS: tuple[Callable[[str], Address | None], ...] = (
    _read_device,
    _read_pipeline,
    _read_url,
    _read_path,
)
