"""Proof that both sides of a clear-text connection on this machine belong to the same account.

Loopback is open to every account of a machine. Without keys, a robot's side takes only clients that know the secret in
a file which only its own account can read. The secret itself is never sent: another program may listen at the port.
"""

import hmac
import os
import secrets
from pathlib import Path

from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.keys import window_keys_folder

_SIZE = 32
_NAME = "loopback.secret"


def loopback_secret(folder: Path | None = None) -> bytes:
    """Return this account's secret, made with mode 0600 if it is missing.

    Raises
    ------
    RobotError
        The file cannot be read or made, others may read it, or it is damaged; says what to do.
    """
    folder = folder or window_keys_folder()
    path = folder / _NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Then read in every case: if both sides made one at the same moment, the file decides.
        _make(path)
        secret = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise RobotError(
            f"{path} cannot be used ({error.strerror or error}); check the folder's permissions."
        ) from error
    # Checked after the read. A secret that others could read proves nothing.
    if os.name == "posix" and mode & 0o077:
        raise RobotError(f"{path} can be read by other accounts; delete it and start robot and window again.")
    if len(secret) != _SIZE:
        raise RobotError(f"{path} is damaged; delete it and start robot and window again.")
    return secret


def _make(path: Path) -> None:
    """Make the file unless it exists; whole or not at all, because robot and window may start at the same moment."""
    if path.exists():
        return
    draft = path.with_name(f"{_NAME}.{secrets.token_hex(8)}")
    # The mode is given to ``open``: a chmod afterwards would leave a moment in which others can read it.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_bytes(_SIZE))
    finally:
        os.close(handle)
    try:
        # A link fails if the name exists, and a rename would replace it.
        os.link(draft, path)
    except FileExistsError:
        pass  # the other side was faster; its secret counts
    finally:
        draft.unlink()


def proof(secret: bytes, client: bytes) -> bytes:
    """Return what a client shows the robot's side in place of the secret, 32 bytes; empty without a secret."""
    return hmac.digest(secret, client, "sha256") if secret else b""


def proves(secret: bytes, client: bytes, shown: bytes) -> bool:
    """Whether ``shown`` is the proof of ``client``; always without a secret, where keys have checked the client."""
    # Compares in constant time, so that the time of the answer tells nothing about the secret.
    return not secret or hmac.compare_digest(proof(secret, client), shown)
