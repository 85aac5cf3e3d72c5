"""Errors of channels between processes."""

from mile_desktop.errors import UserError


class ChannelError(UserError, RuntimeError):
    """A message or a frame could not be sent or received."""


class ChannelFullError(ChannelError):
    """The other side has not read messages for so long that its queue is full."""


class ChannelClosedError(ChannelError):
    """The other side has ended or the channel was closed."""


class UnreadableMessageError(ChannelError):
    """The other side sent bytes that are not one of the agreed messages."""


class SharedMemoryError(ChannelError):
    """A shared memory block has another content than its reader or writer expects, or a value does not fit into it."""
