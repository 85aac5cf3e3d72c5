"""What can be wrong with a channel."""

from mile_desktop.errors import UserError


class ChannelError(UserError, RuntimeError):
    """A message or a frame could not be passed on."""


class ChannelFullError(ChannelError):
    """The other side has not taken messages for so long that the queue towards it is full."""


class ChannelClosedError(ChannelError):
    """The other side has ended or the channel was closed."""


class UnreadableMessageError(ChannelError):
    """The other side sent bytes that are none of the agreed messages."""


class SharedMemoryError(ChannelError):
    """A shared memory block is not what its reader or writer expects, or a value does not fit into it."""
