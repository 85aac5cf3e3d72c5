"""What all messages between processes have in common: msgspec structs, encoded as msgpack, never pickled.

Each pair of processes has its own ``messages`` module with two closed unions, one for each direction: bytes that are
none of them are refused by the decoder.
"""

import msgspec


class Message(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Base of everything that crosses a pipe; the class name is the tag, so it is unique within a union."""


class Shutdown(Message, frozen=True):
    """End the process. What it has open is finished first: the running episode is closed, the video is completed."""
