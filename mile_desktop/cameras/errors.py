"""What can be wrong with a camera."""

from mile_desktop.errors import UserError


class CameraError(UserError, RuntimeError):
    """A camera cannot be used as it was asked for; the message says what to do and holds no password."""


class CameraAddressError(CameraError):
    """What was typed is no address of a camera."""


class CameraLostError(CameraError):
    """The camera cannot be reached, or has stopped sending; trying again may help."""


class CameraEndedError(CameraError):
    """A video or a folder of pictures that is played once has come to its end."""


class VideoError(CameraError):
    """A recorded video cannot be written or read."""
