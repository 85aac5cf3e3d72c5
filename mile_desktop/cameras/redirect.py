"""Redirects of an HTTP camera: followed on the same host only, because a camera may not choose what else is opened."""

import base64
import http.client
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from mile_desktop.cameras.address import Address, AddressKind, redacted_address
from mile_desktop.cameras.errors import CameraLostError

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def redirect_of(address: Address, timeout_s: float) -> Address | None:
    """Ask the camera once; return the address on the same host that it redirects to, None where it does not.

    Raises
    ------
    CameraLostError
        It redirects to another host.
    """
    parts = urlsplit(address.location)
    secure = parts.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        connection.request("GET", urlunsplit(("", "", parts.path or "/", parts.query, "")), headers=_login(address))
        answer = connection.getresponse()
        location = answer.getheader("Location") if answer.status in _REDIRECTS else None
    except (OSError, http.client.HTTPException, ValueError):
        return None  # why it cannot be opened is known from the first attempt
    finally:
        connection.close()
    if not location:
        return None
    target = urlsplit(urljoin(address.location, location))
    schemes = {"https"} if secure else {"http", "https"}
    if target.hostname != parts.hostname or target.scheme not in schemes:
        raise CameraLostError(
            f"{address.shown} redirects to {redacted_address(target.geturl())}, which is another place; it is not "
            "followed. Type that address if you trust it."
        )
    login = parts.netloc.rpartition("@")[0]
    netloc = f"{login}@{target.netloc}" if login and "@" not in target.netloc else target.netloc
    return Address(AddressKind.HTTP, urlunsplit((target.scheme, netloc, target.path, target.query, "")))


def _login(address: Address) -> dict[str, str]:
    parts = urlsplit(address.location)
    if not parts.username:
        return {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode("ascii")}
