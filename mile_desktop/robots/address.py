"""Addresses of robots and of their cameras, as people write them; nothing is opened."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from mile_desktop.robots.driver import RobotError

SCHEME = "robot"


def checked_address(text: str) -> str:
    """Return ``tcp://host:port`` as people write it, with or without ``tcp://``; raises ``RobotError``."""
    address = text.strip()
    # ``urlsplit`` takes "host:5870" for a scheme and a path.
    if "://" not in address:
        address = f"tcp://{address}"
    try:
        parts = urlsplit(address)
        # The port is read here, because a wrong one raises only when it is read.
        port = parts.port
    except ValueError:
        parts, port = urlsplit("tcp://"), None
    if parts.scheme != "tcp" or not parts.hostname or not port or parts.path not in {"", "/"}:
        raise RobotError(f"{text!r} is not an address of a robot; expected tcp://HOST:PORT, e.g. tcp://127.0.0.1:5870.")
    # ``urlsplit`` removes the brackets of an IPv6 address, which ZeroMQ needs.
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"tcp://{host}:{port}"


def with_port(address: str, port: int) -> str:
    """Return the address with another port."""
    return f"{address.rsplit(':', 1)[0]}:{port}"


def is_loopback(host: str) -> bool:
    """Whether ``host`` (a name, an IP address, or a whole ``tcp://`` address) is this machine."""
    if "://" in host:
        host = urlsplit(host).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class CameraEndpoint:
    """A camera of a robot, as an address: ``robot://host:port/camera?key=…``."""

    address: str
    """The robot's, ``tcp://host:port``."""
    camera: str
    key: str = ""
    """The robot's public key."""

    @property
    def url(self) -> str:
        """The address of the camera."""
        query = f"?{urlencode({'key': self.key})}" if self.key else ""
        return f"{SCHEME}://{self.address.removeprefix('tcp://')}/{quote(self.camera, safe='')}{query}"

    @classmethod
    def of(cls, url: str) -> "CameraEndpoint":
        """Return the endpoint that ``url`` names; raises ``RobotError`` if it names none."""
        parts = urlsplit(url)
        camera = unquote(parts.path.strip("/"))
        if parts.scheme != SCHEME or not camera:
            raise RobotError(f"{url!r} names no camera of a robot; expected {SCHEME}://HOST:PORT/CAMERA.")
        key = parse_qs(parts.query).get("key", [""])[0]
        return cls(checked_address(f"tcp://{parts.netloc}"), camera, key)
