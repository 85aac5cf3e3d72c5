"""Real sockets: keys, clear text, strangers, half-open links, two windows."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from mile_desktop.robots import protocol as p
from mile_desktop.robots.address import checked_address, is_loopback
from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.keys import ROBOT, KeyPair, allow_window, checked_key, load_keys, make_keys
from mile_desktop.robots.modes import Mode
from mile_desktop.robots.network import ServerSockets, ZmqWire
from mile_desktop.robots.server import RobotServer
from tests.robots.served import Proxy, served, until
from tests.robots.toy import ToyRobot, vector


@pytest.fixture(scope="module")
def robot_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_keys(folder, ROBOT)
    return folder


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return make_keys(tmp_path_factory.mktemp("window"), "window")


@pytest.fixture(scope="module")
def open_server() -> Iterator[tuple[RobotServer, ToyRobot]]:
    with served() as pair:
        yield pair


def client(port: int, *, key: str = "", keys: KeyPair | None = None, role: p.Role = p.Role.DRIVE) -> NetworkRobot:
    return NetworkRobot(ZmqWire(f"tcp://127.0.0.1:{port}", key, keys), time.monotonic, name="test", role=role)


def drive(robot: NetworkRobot, steps: int) -> None:
    for _ in range(steps):
        robot.attend()
        robot.act(vector(1.0, 0.0))
        time.sleep(0.05)


def test_addresses_and_keys_are_checked_in_words() -> None:
    assert checked_address(" 10.0.0.7:5870 ") == "tcp://10.0.0.7:5870"
    assert checked_address("tcp://[::1]:5870") == "tcp://[::1]:5870"
    for wrong in ("", "http://host:1", "tcp://host", "tcp://:1", "tcp://host:99999", "tcp://host:1/path"):
        with pytest.raises(RobotError, match="not an address of a robot"):
            checked_address(wrong)
    with pytest.raises(RobotError, match="not a public key"):
        checked_key("too short")
    assert all(is_loopback(each) for each in ("127.0.0.1", "localhost", "tcp://[::1]:5"))
    assert not any(is_loopback(each) for each in ("0.0.0.0", "10.1.2.3", "host"))


def test_clear_text_never_leaves_this_machine_on_either_side() -> None:
    with pytest.raises(RobotError, match="clear text is not served there"):
        ServerSockets("0.0.0.0")
    with pytest.raises(RobotError, match="clear text is not sent to it"):
        ZmqWire("tcp://192.0.2.1:5870")


def test_a_window_that_is_let_in_drives_encrypted(robot_keys: Path, window: KeyPair) -> None:
    allow_window(robot_keys, "test", window.public.decode())
    with served(bind="0.0.0.0", keys=robot_keys) as (server, toy):
        robot = client(server.port, key=server.public_key, keys=window)
        robot.connect(20.0)
        assert robot.arm() == ""
        assert robot.resume() == ""
        drive(robot, 3)
        robot.close()
    assert "act" in toy.told
    assert toy.told[-1] == "close"


def test_wrong_keys_are_refused_in_words(robot_keys: Path, window: KeyPair, tmp_path: Path) -> None:
    stranger = make_keys(tmp_path, "stranger")
    allow_window(robot_keys, "test", window.public.decode())
    with served(keys=robot_keys) as (server, _):
        unknown = client(server.port, key=server.public_key, keys=stranger)
        with pytest.raises(RobotError, match="keys were refused"):
            unknown.connect(2.0)
        mistaken = client(server.port, key=stranger.public.decode(), keys=window)
        with pytest.raises(RobotError, match="cannot be used"):
            mistaken.connect(0.8)
        clear = client(server.port)
        with pytest.raises(RobotError, match="cannot be used"):
            clear.connect(0.5)
        for each in (unknown, mistaken, clear):
            each.close()


def test_keys_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = make_keys(tmp_path / "robot", ROBOT)
    assert make_keys(tmp_path / "robot", ROBOT) == first
    assert (tmp_path / "robot" / "robot.key_secret").stat().st_mode & 0o077 == 0
    with pytest.raises(RobotError, match="robot-keys"):
        load_keys(tmp_path / "nowhere", ROBOT)
    with pytest.raises(RobotError, match="cannot be a window's name"):
        allow_window(tmp_path, "../escape", first.public.decode())


def test_nobody_there_and_somebody_else_there_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        mute = client(listener.getsockname()[1])
        with pytest.raises(RobotError, match="does not answer like a robot"):
            mute.connect(0.6)
        mute.close()
        port = listener.getsockname()[1]
    nobody = client(port)
    with pytest.raises(RobotError, match="no program answers there"):
        nobody.connect(0.4)
    nobody.close()


def test_a_taken_port_is_said(open_server: tuple[RobotServer, ToyRobot]) -> None:
    with pytest.raises(RobotError, match="Choose another --port"):
        RobotServer(ToyRobot(time.monotonic), port=open_server[0].port)


def test_hostile_bytes_do_not_disturb_the_driver(open_server: tuple[RobotServer, ToyRobot]) -> None:
    server, _ = open_server
    robot = client(server.port)
    robot.connect(20.0)
    robot.arm()
    robot.resume()
    refused = robot.report().refused_there
    hostile: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    hostile.setsockopt(zmq.LINGER, 0)
    hostile.connect(f"tcp://127.0.0.1:{server.port}")
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n" * 50)
        for index in range(500):
            hostile.send(p.MAGIC + bytes([p.VERSION, index % 256]) * 3)
        hostile.send_multipart([b"several", b"parts"])
        hostile.send(b"x" * (p.MAX_MESSAGE_BYTES + 1))
        drive(robot, 5)
        until(lambda: (robot.attend(), robot.report().refused_there - refused >= 100)[1])
    assert robot.report().up
    assert robot.report().mode in {Mode.ACTIVE, Mode.HOLDING}
    hostile.close()
    robot.close()


def test_the_second_window_watches_until_the_first_leaves(open_server: tuple[RobotServer, ToyRobot]) -> None:
    server, _ = open_server
    first, second = client(server.port), client(server.port)
    first.connect(20.0)
    second.connect(20.0)
    assert second.report().role is p.Role.WATCH
    assert "may only watch" in second.obstacle
    first.close()
    until(lambda: (second.attend(), second.report().driver == "")[1])
    second.ask_to_drive()
    until(lambda: (second.attend(), second.report().role is p.Role.DRIVE)[1])
    second.close()


def test_a_lost_link_is_found_again_and_moves_nothing_by_itself(
    open_server: tuple[RobotServer, ToyRobot],
) -> None:
    server, toy = open_server
    with Proxy(server.port) as proxy:
        robot = client(proxy.port)
        robot.connect(20.0)
        assert robot.arm() == ""
        assert robot.resume() == ""
        drive(robot, 3)
        proxy.silent = True
        until(lambda: (robot.attend(), not robot.report().up)[1])
        assert "the robot holds" in robot.obstacle
        time.sleep(1.1)  # after a second ZeroMQ's own heartbeat gives up and makes a new one, as silent
        proxy.silent = False
        acted = len(toy.acted)
        until(lambda: (robot.attend(), robot.report().up)[1])
        drive(robot, 3)
        assert len(toy.acted) == acted
        assert robot.held_by_itself
        assert robot.resume() == ""
        drive(robot, 2)
        assert len(toy.acted) > acted
        robot.close()
