"""Opens the source that an address names."""

from collections.abc import Callable
from pathlib import Path

from mile_desktop.cameras.address import Address, AddressKind, parse_address
from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.cameras.source import FrameSource

OpenSource = Callable[[CameraSettings], FrameSource]


def open_source(settings: CameraSettings) -> FrameSource:
    """Open the camera; may wait for some seconds for a network.

    Raises
    ------
    CameraAddressError
        If the address cannot be understood, or needs a library that is not installed.
    CameraLostError
        If there is no camera at present.
    """
    address = parse_address(settings.address)
    return _OPENERS[address.kind](address, settings)


def _stream(address: Address, settings: CameraSettings) -> FrameSource:
    from mile_desktop.cameras.stream import StreamSource  # noqa: PLC0415 (FFmpeg is loaded where it is used)

    return StreamSource(address, loop=settings.loop)


def _device(address: Address, settings: CameraSettings) -> FrameSource:
    from mile_desktop.cameras.device import DeviceSource  # noqa: PLC0415

    return DeviceSource(address, settings)


def _folder(address: Address, settings: CameraSettings) -> FrameSource:
    from mile_desktop.cameras.pictures import FolderSource  # noqa: PLC0415

    return FolderSource(Path(address.location), rate_hz=settings.rate_hz, loop=settings.loop)


def _robot(address: Address, _: CameraSettings) -> FrameSource:
    from mile_desktop.cameras.robot_camera import RobotCameraSource  # noqa: PLC0415

    return RobotCameraSource(address.location)


_OPENERS: dict[AddressKind, Callable[[Address, CameraSettings], FrameSource]] = {
    AddressKind.DEVICE: _device,
    AddressKind.GSTREAMER: _device,
    AddressKind.RTSP: _stream,
    AddressKind.HTTP: _stream,
    AddressKind.FILE: _stream,
    AddressKind.FOLDER: _folder,
    AddressKind.ROBOT: _robot,
}
