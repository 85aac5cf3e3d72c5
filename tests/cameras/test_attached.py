"""Which cameras are plugged in, in a file system that is made for the test."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mile_desktop.cameras.address import parse_address
from mile_desktop.cameras.attached import CameraList, identified, other_devices, said_about
from mile_desktop.cameras.device import DeviceSource
from mile_desktop.cameras.errors import CameraLostError
from mile_desktop.cameras.settings import CameraSettings


class Machine:
    """Files as Linux shows them; ``plug`` puts a camera at a number."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data_only: set[str] = set()
        self.failing: dict[str, int] = {}
        for folder in ("dev/v4l/by-id", "dev/v4l/by-path", "sys/class/video4linux"):
            (root / folder).mkdir(parents=True)

    def plug(self, number: int, name: str, *, serial: str = "", port: str = "") -> None:
        file = self.root / "dev" / f"video{number}"
        file.touch()
        shown = self.root / "sys/class/video4linux" / file.name
        shown.mkdir()
        (shown / "name").write_text(f"{name}\n", "utf-8")
        for folder, link in (("by-id", serial), ("by-path", port)):
            if link:
                (self.root / "dev/v4l" / folder / link).symlink_to(f"../../{file.name}")

    def unplug(self) -> None:
        for path in [*self.root.glob("dev/v4l/*/*"), *self.root.glob("dev/video*")]:
            path.unlink()
        for path in self.root.glob("sys/class/video4linux/*/name"):
            path.unlink()
            path.parent.rmdir()

    def ask(self, file: Path) -> bool:
        if file.name in self.failing:
            raise OSError(self.failing[file.name], os.strerror(self.failing[file.name]))
        return file.name not in self.data_only

    @property
    def cameras(self) -> CameraList:
        return CameraList(self.root, self.ask)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_cameras_are_listed_by_name_in_the_order_of_their_numbers(machine: Machine) -> None:
    machine.plug(10, "Logitech C920", serial="usb-C920_77")
    machine.plug(2, "Laptop camera", port="pci-2")
    machine.plug(3, "Laptop camera metadata")
    machine.data_only.add("video3")
    found = machine.cameras.usable()
    assert [(each.name, each.file.name) for each in found] == [
        ("Laptop camera", "video2"),
        ("Logitech C920", "video10"),
    ]
    assert [each.address for each in found] == ["/dev/v4l/by-path/pci-2", "/dev/v4l/by-id/usb-C920_77"]
    assert found[1].identity == "Logitech C920 (usb-C920_77)"


def test_two_alike_cameras_without_serial_numbers_are_told_apart_by_their_sockets(machine: Machine) -> None:
    machine.plug(0, "Cheap", serial="usb-Cheap", port="pci-1")
    machine.plug(2, "Cheap", port="pci-2")
    assert [each.address for each in machine.cameras.usable()] == ["/dev/v4l/by-path/pci-1", "/dev/v4l/by-path/pci-2"]


def test_a_machine_without_cameras_has_none(machine: Machine) -> None:
    assert machine.cameras.usable() == ()
    assert "No camera is plugged in." in machine.cameras.problem("0")


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (lambda machine: machine.data_only.add("video1"), "gives no pictures, only data; choose its other device"),
        (lambda machine: machine.failing.update(video1=errno.ENOTTY), "is not a camera"),
        (lambda machine: machine.failing.update(video1=errno.EBUSY), "in use by another program"),
        (lambda machine: machine.unplug(), "There is no device /dev/video1; is the camera plugged in?"),
    ],
)
def test_why_a_camera_cannot_be_opened_is_said(machine: Machine, happens: Callable[[Machine], None], said: str) -> None:
    machine.plug(1, "Logitech C920", serial="usb-C920_77")
    assert machine.cameras.problem("1") == machine.cameras.problem("/dev/v4l/by-id/usb-C920_77") == ""
    happens(machine)
    assert said in machine.cameras.problem("1")
    assert machine.cameras.problem("rtsp://host/a") == ""


def test_a_camera_that_this_account_may_not_read_is_listed_with_the_command_that_helps(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.plug(0, "Logitech C920")
    monkeypatch.setattr(os, "access", lambda *_: False)  # the account that runs the tests may read everything
    assert "sudo usermod -aG video $USER" in machine.cameras.problem("0")
    assert [bool(each.problem) for each in machine.cameras.usable()] == [True]


def test_a_missing_camera_names_those_that_are_there(machine: Machine) -> None:
    machine.plug(4, "Logitech C920")
    said = machine.cameras.problem("0")
    assert said.startswith("There is no device /dev/video0; ")
    assert "These cameras are there: Logitech C920" in said


def test_the_source_says_the_same(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.plug(1, "Logitech C920")
    machine.data_only.add("video1")
    monkeypatch.setattr("mile_desktop.cameras.device.attached_cameras", lambda: machine.cameras)
    with pytest.raises(CameraLostError, match="gives no pictures"):
        DeviceSource(parse_address("1"), CameraSettings(name="a", address="1"))


def test_cameras_that_change_their_numbers_keep_their_names(machine: Machine) -> None:
    machine.plug(0, "Wrist model", serial="usb-wrist_1")
    machine.plug(2, "Front model", serial="usb-front_2")
    wrist = identified(CameraSettings(name="wrist", address="0"), machine.cameras)
    assert (wrist.address, wrist.device) == ("/dev/v4l/by-id/usb-wrist_1", "Wrist model (usb-wrist_1)")
    machine.unplug()
    machine.plug(0, "Front model", serial="usb-front_2")
    machine.plug(2, "Wrist model", serial="usb-wrist_1")
    there = machine.cameras.at(wrist.address)
    assert there is not None
    assert there.file.name == "video2"
    assert other_devices([wrist], machine.cameras) == {}


def test_another_camera_at_the_same_place_is_noticed(machine: Machine) -> None:
    machine.plug(0, "Old camera", port="pci-1")
    front = identified(CameraSettings(name="front", address="/dev/video0"), machine.cameras)
    machine.unplug()
    machine.plug(0, "New camera", port="pci-1")
    others = other_devices([front, CameraSettings(name="net", address="rtsp://host/a")], machine.cameras)
    assert said_about(others, [front]) == (
        "Camera front was Old camera (pci-1); now there is New camera (pci-1). Check the picture before you use it."
    )
    assert other_devices([identified(front, machine.cameras)], machine.cameras) == {}


def test_addresses_that_are_no_device_stay_as_they_are(machine: Machine, tmp_path: Path) -> None:
    for address in ("rtsp://host/a", str(tmp_path), "7", "/nowhere/at/all"):
        settings = CameraSettings(name="a", address=address)
        assert identified(settings, machine.cameras) == settings
