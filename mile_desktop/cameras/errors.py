"""Errors of cameras."""

from mile_desktop.errors import UserError


class CameraError(UserError, RuntimeError):
    """A camera cannot be used as requested; the message says what to do and holds no password."""


class CameraAddressError(CameraError):
    """The typed text is no address of a camera."""


class CameraLostError(CameraError):
    """The camera cannot be reached, or has stopped sending; trying again may help."""


class CameraEndedError(CameraError):
    """A video or a folder of pictures has been played once, to its end."""


class VideoError(CameraError):
    """A recorded video cannot be written or read."""
