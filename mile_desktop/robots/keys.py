"""CURVE keys: who may talk to a robot over a network, and how each side knows the other.

Each side has a pair of keys in files of pyzmq's format. The robot's side keeps its own pair and, in ``windows/``, the
public key of every allowed window. A window keeps its pair with the user's settings; the user enters the robot's
public key together with its address.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import zmq.auth

from mile_desktop.robots.driver import RobotError

ROBOT = "robot"
WINDOW = "window"
WINDOWS = "windows"
_KEY = re.compile(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One side's keys, Z85."""

    public: bytes
    secret: bytes


def window_keys_folder() -> Path:
    """Return where this user's window keeps its pair."""
    return Path(platformdirs.user_config_dir("mile-desktop", appauthor=False)) / "robot-keys"


def make_keys(folder: Path, name: str) -> KeyPair:
    """Return the pair called ``name`` in ``folder``, creating it if it is missing; never replaces one."""
    # Never replaced: every window that knows the old public key would be shut out.
    if not (folder / f"{name}.key_secret").exists():
        folder.mkdir(parents=True, exist_ok=True)
        # The folder first, so that the secret is never readable for others, not even for a moment.
        folder.chmod(0o700)
        zmq.auth.create_certificates(folder, name)
        (folder / f"{name}.key_secret").chmod(0o600)
    return load_keys(folder, name)


def load_keys(folder: Path, name: str) -> KeyPair:
    """Return the pair called ``name``; raises ``RobotError`` if there is none."""
    path = folder / f"{name}.key_secret"
    try:
        public, secret = zmq.auth.load_certificate(path)
    except (OSError, ValueError) as error:
        raise RobotError(
            f"{path} is not a readable pair of keys ({error}); make one with `mile-desktop robot-keys`."
        ) from (error)
    if secret is None:
        raise RobotError(f"{path} holds no secret key; make a pair with `mile-desktop robot-keys`.")
    return KeyPair(public, secret)


def checked_key(text: str) -> bytes:
    """Return the public key in ``text``, as a person pastes it; raises ``RobotError`` if it is none."""
    key = text.strip()
    if not _KEY.fullmatch(key):
        raise RobotError(
            f"{key!r} is not a public key; expected the 40 characters that `mile-desktop robot-keys` shows."
        )
    return key.encode("ascii")


def allow_window(folder: Path, name: str, public_key: str) -> Path:
    """Allow the window with ``public_key`` at the robot whose keys are in ``folder``; return the new file."""
    if not _NAME.fullmatch(name):
        raise RobotError(f"{name!r} cannot be a window's name; use letters, digits, dots, dashes and underscores.")
    key = checked_key(public_key).decode("ascii")
    path = folder / WINDOWS / f"{name}.key"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'metadata\ncurve\n    public-key = "{key}"\n', "utf-8")
    return path


class KnownWindows:
    """Says whether a window is allowed; the folder is read each time, so that nothing has to be restarted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / WINDOWS

    def callback(self, _domain: str, key: bytes) -> bool:
        """Return whether the window with this public key (Z85) is known; pyzmq asks."""
        # Called for each new connection only, so that reading the folder costs nothing that matters.
        return key in {public for path in sorted(self._folder.glob("*.key")) if (public := _public(path))}


def _public(path: Path) -> bytes | None:
    try:
        public, _ = zmq.auth.load_certificate(path)
    except (OSError, ValueError):
        return None  # a file that is just being written, or is no key, allows no window
    return public
