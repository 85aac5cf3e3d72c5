"""Messages between window and robot over the network: msgspec structs in msgpack, after a magic and a version byte.

The window sends a complete *intent* in every control step: the requested mode of the robot, with the action if it is to
move. A newer intent replaces the older one. So a lost, repeated or late intent has no lasting effect, and the intents
are the heartbeat at the same time. The robot answers each with its *state*.

Motion needs a *permit*: a number that grows only when a person arms the robot, resumes motion or leaves a stop. When
the robot's side stops motion without a command, it revokes all permits up to the newest it has seen. It moves again
only under a newer permit.

Class names of messages and names of their fields are part of the protocol: they never change within a version.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.errors import UserError
from mile_desktop.robots.description import MAX_ACTIONS, MAX_ENTRIES, RobotDescription, Text
from mile_desktop.robots.modes import Mode

VERSION = 2
"""2: a client on loopback proves its account, and any client may stop. Another version is refused in one sentence."""
MAGIC = b"MILE"
MAX_MESSAGE_BYTES = 256 * 1024
"""Upper limit for messages of both sides; a larger one ends its connection."""

Token = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Floats = Annotated[bytes, msgspec.Meta(max_length=4 * MAX_ENTRIES)]
"""Little-endian float32."""
# Fixed, because the two machines may have another byte order.
_STORED = np.dtype("<f4")


class ProtocolError(UserError):
    """The bytes are no message of this protocol; the text says why."""


class VersionError(ProtocolError):
    """A message of another version of the protocol."""

    def __init__(self, found: int) -> None:
        super().__init__(f"the other side speaks version {found} of the robot protocol, this side version {VERSION}")
        self.found = found


class Role(StrEnum):
    """What a client may do."""

    DRIVE = "drive"
    WATCH = "watch"


class RequestedMode(StrEnum):
    """What the driving window asks of the robot now; the field ``want`` of ``Intent``."""

    REST = "rest"
    """Disarmed."""
    HOLD = "hold"
    MOVE = "move"
    STOP = "stop"


class Reason(StrEnum):
    """Why a client is turned away."""

    VERSION = "version"
    SESSION = "session"
    """The robot does not know this session, or no longer; the client has to say hello again."""
    BUSY = "busy"
    """Too many clients."""
    STRANGER = "stranger"
    """In clear text: the client belongs to another account."""


class _Message(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Base of everything on the wire."""


# ── window → robot ─────────────────────────────────────────────────────────────────────────────────────────────────


class Hello(_Message, frozen=True, kw_only=True):
    """First message of a client, repeated until ``Welcome`` arrives."""

    client: Token
    """Chosen by the client; a client that returns with the same token continues its session."""
    name: Annotated[str, msgspec.Meta(max_length=80)]
    """Name shown to people: who drives."""
    role: Role
    permit: Count
    """Permits up to this one are void."""
    proof: Annotated[bytes, msgspec.Meta(max_length=64)] = b""
    """HMAC-SHA256 of ``client`` under the account's secret; only in clear text on loopback."""


class Intent(_Message, frozen=True, kw_only=True):
    """The complete request of the driving window; sent in every control step."""

    session: Token
    seq: Count
    """Counts up from 1; an intent that is not newer than the newest is refused."""
    sent_at: float
    """Sender's monotonic clock, s."""
    due_at: float | None = None
    """The same moment on the robot's clock; None until the sender knows that clock."""
    want: RequestedMode
    permit: Count
    action: Annotated[bytes, msgspec.Meta(max_length=4 * MAX_ACTIONS)] | None = None
    """float32[a] where ``want`` is ``move``."""
    reset: Count = 0
    """Number of the newest requested start pose, see ``State.reset_done``; handled while the robot holds."""
    seed: Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)] = 0
    """Which start pose that is."""


class StateRequest(_Message, frozen=True, kw_only=True, tag="Look"):
    """A watching client is alive and asks for states. On the wire this message is called ``Look``."""

    session: Token
    seq: Count
    sent_at: float


class Goodbye(_Message, frozen=True, kw_only=True):
    """The client leaves; a driver's robot is disarmed."""

    session: Token


# ── robot → window ─────────────────────────────────────────────────────────────────────────────────────────────────


class Welcome(_Message, frozen=True, kw_only=True):
    """Answers ``Hello``."""

    session: Token
    boot: Token
    """Differs after each start of the robot's side."""
    role: Role
    """What the client may do; a second driver may only watch."""
    driver: Annotated[str, msgspec.Meta(max_length=80)]
    """Name of the client that drives; empty while no client does."""
    description: RobotDescription
    frames_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    """Where camera frames come from; 0 for nowhere."""


class Refused(_Message, frozen=True, kw_only=True):
    """The client was not understood or not accepted."""

    reason: Reason
    text: Text


class State(_Message, frozen=True, kw_only=True):
    """State of the robot; answers every ``Intent`` and ``StateRequest``, and is sent regularly while it is armed."""

    seq: Count
    boot: Token
    mode: Mode
    why: Text
    """Why it is in this mode; empty where no reason is known."""
    revoked: Count
    """Permits up to this one are void."""
    applied: Count
    """Number of the newest intent that was handled."""
    acted: Count
    """Number of the newest intent whose action was carried out."""
    executed: Floats
    """float32[a], the action as it was carried out."""
    measured_at: float
    """Robot's monotonic clock, s."""
    values: Floats
    """float32[m]."""
    scene_state: Floats = b""
    success: bool = False
    reset_done: Count = 0
    """Number of the newest start pose that was asked for and handled."""
    reset_problem: Text = ""
    """Why it was not reached; empty where it was."""
    driver: Annotated[str, msgspec.Meta(max_length=80)] = ""
    speed: float = 1.0
    """Share of full speed that is allowed now."""
    refused: Count = 0
    """Messages since the start that could not be read, or were late, repeated, too many or not allowed."""
    echo_seq: Count = 0
    """The message this one answers; 0: none."""
    echo_sent_at: float = 0.0
    """Its ``sent_at``."""
    received_at: float = 0.0
    """When that message arrived, robot's clock, s."""
    sent_at: float = 0.0
    """Robot's clock, s."""


FromWindow = Hello | Intent | StateRequest | Goodbye
FromRobot = Welcome | Refused | State

# Made once, because a decoder first compiles the types of all its messages.
_encoder = msgspec.msgpack.Encoder()
_from_window: msgspec.msgpack.Decoder[FromWindow] = msgspec.msgpack.Decoder(FromWindow)
_from_robot: msgspec.msgpack.Decoder[FromRobot] = msgspec.msgpack.Decoder(FromRobot)


def encode(message: FromWindow | FromRobot, *, version: int = VERSION) -> bytes:
    """Return the bytes that go over the wire."""
    return MAGIC + bytes((version,)) + _encoder.encode(message)


def decode_from_window(data: bytes) -> FromWindow:
    """Return a window's message; raises ``ProtocolError`` for other bytes, ``VersionError`` for another version."""
    try:
        return _from_window.decode(_body(data))
    # A deeply nested message raises RecursionError. It comes from the network and must not end the thread.
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ProtocolError(f"no message of a window ({error})") from error


def decode_from_robot(data: bytes) -> FromRobot:
    """Return the message of a robot; raises as ``decode_from_window``."""
    try:
        return _from_robot.decode(_body(data))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ProtocolError(f"no message of a robot ({error})") from error


def _body(data: bytes) -> memoryview:
    # Before any decoding, in the order of cost: size, magic, version.
    if len(data) > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"{len(data)} bytes, expected at most {MAX_MESSAGE_BYTES}")
    if data[: len(MAGIC)] != MAGIC or len(data) <= len(MAGIC):
        raise ProtocolError("the first bytes are not those of the robot protocol")
    if data[len(MAGIC)] != VERSION:
        raise VersionError(data[len(MAGIC)])
    return memoryview(data)[len(MAGIC) + 1 :]


def pack(values: Float32Array) -> bytes:
    """Return float32[n] as it is sent."""
    return values.astype(_STORED, copy=False).tobytes()


def unpack(data: bytes, size: int) -> Float32Array | None:
    """Return float32[size], or None where ``data`` is not that or not finite."""
    if len(data) != 4 * size:
        return None
    # ``astype`` copies: an array over the message's bytes is read-only and would keep the message alive.
    values = np.frombuffer(data, _STORED).astype(np.float32)
    return values if bool(np.isfinite(values).all()) else None
