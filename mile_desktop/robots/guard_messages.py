"""What the control process of a robot asks the process that owns the driver, and the answers; msgpack over a pipe."""

from enum import StrEnum

import msgspec
import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.robots.driver import Measurement

MAX_CALL_BYTES = 1024 * 1024
"""Longer messages are refused; a measurement has at most 4,096 values and as many of scene state."""


class Method(StrEnum):
    """What may be asked: the driver's own methods, and what the control process says about itself."""

    CONNECT = "connect"
    READ_STATE = "read_state"
    ACT = "act"
    HOLD = "hold"
    STOP = "stop"
    RESET = "reset"
    CLOSE = "close"
    OPENED = "opened"
    """The sockets are open; ``port`` and ``text`` (the public key) are set. Not answered."""
    FAILED = "failed"
    """The sockets could not be opened; ``text`` says why. Not answered."""
    READY = "ready"
    """Windows may connect."""


class Call(msgspec.Struct, frozen=True):
    """A question to the owner of the driver; every one is answered, except ``OPENED`` and ``FAILED``."""

    method: Method
    action: bytes = b""
    """float32[a] for ``ACT``."""
    seed: int = 0
    port: int = 0
    text: str = ""


class Answer(msgspec.Struct, frozen=True):
    """Answers a call."""

    problem: str = ""
    """Why it failed; empty where it did not."""
    values: bytes = b""
    """float32 of ``shape``, for ``READ_STATE``."""
    shape: tuple[int, ...] = ()
    at: float = 0.0
    success: bool = False
    scene_state: bytes = b""


_encoder = msgspec.msgpack.Encoder()
_calls = msgspec.msgpack.Decoder(Call)
_answers = msgspec.msgpack.Decoder(Answer)


def encode(message: Call | Answer) -> bytes:
    """Return the bytes of a message."""
    return _encoder.encode(message)


def decode_call(data: bytes) -> Call:
    """Return a call; raises ``msgspec.MsgspecError`` for other bytes."""
    return _calls.decode(data)


def decode_answer(data: bytes) -> Answer:
    """Return an answer; raises ``msgspec.MsgspecError`` for other bytes."""
    return _answers.decode(data)


def measured(found: Measurement) -> Answer:
    """Return a measurement as an answer, its shape kept: the control process checks it."""
    values = np.asarray(found.values, np.float32)
    state = np.asarray(found.scene_state, np.float32).ravel()
    return Answer(
        values=values.tobytes(),
        shape=values.shape,
        at=float(found.at),
        success=bool(found.success),
        scene_state=state.tobytes(),
    )


def measurement(answer: Answer) -> Measurement:
    """Return the measurement of an answer."""
    values = floats(answer.values).reshape(answer.shape)
    return Measurement(values, answer.at, answer.success, floats(answer.scene_state))


def floats(data: bytes) -> Float32Array:
    """Return float32[n] of native byte order: both ends of the pipe are on one machine."""
    return np.frombuffer(data, np.float32).copy()
