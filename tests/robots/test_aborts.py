"""A reader that is busy while the other side dies: libzmq aborted this process here when its heartbeats were on."""

import subprocess
import sys
import threading
import time

import pytest
import zmq

from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.loopback import loopback_secret
from mile_desktop.robots.network import ServerSockets, ZmqWire, bound_queues
from mile_desktop.robots.rate_limit import RateLimit
from mile_desktop.robots.server import RobotServer
from mile_desktop.robots.socket_pump import SocketPump
from tests.robots.served import served, until
from tests.robots.toy import DESCRIPTION, FakeClock, ToyRobot


def peer(role: str, port: int = 0, *more: float) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "tests.robots.abort_peers", role, str(port), *map(str, more)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("busy_s", [0.9, 1.2])
def test_a_window_that_is_busy_while_the_robots_side_dies_lives_on(busy_s: float) -> None:
    robots_side = peer("serve")
    robot = NetworkRobot(ZmqWire(f"tcp://127.0.0.1:{first_line(robots_side)}"), time.monotonic, name="busy")
    robot.connect(20.0)
    assert robot.arm() == ""
    time.sleep(busy_s)  # 80 states a second arrive, and they are not taken
    end(robots_side)
    time.sleep(2.0 - busy_s)
    until(lambda: (robot.attend(), not robot.report().up)[1])
    assert "the robot holds" in robot.obstacle
    robot.close()


def test_a_robot_whose_sdk_blocks_while_the_window_dies_holds_and_is_closed() -> None:
    with served() as (server, toy):
        window = peer("drive", server.port)
        assert first_line(window) == "drives"
        until(lambda: "act" in toy.told)
        act, blocked = toy.act, []

        def block(action: object) -> None:
            if not blocked:
                blocked.append(action)
                time.sleep(2.5)
            act(action)  # type: ignore[arg-type]

        toy.act = block  # type: ignore[method-assign]
        until(lambda: blocked)
        time.sleep(1.5)
        end(window)
        until(lambda: toy.told[-1] == "hold")
    assert toy.told[-1] == "close"


@pytest.mark.parametrize("busy_s", [0.5, 0.8])
def test_a_camera_process_that_is_slow_while_the_robots_side_dies_reports_the_lost_link(busy_s: float) -> None:
    robots_side = peer("film")
    camera = peer("watch", int(first_line(robots_side)), busy_s)
    assert first_line(camera) == "frame"
    time.sleep(0.2)  # it is busy now, and frames arrive
    end(robots_side)
    assert camera.stdout is not None
    said = camera.stdout.read().splitlines()
    assert "the robot holds" in said[-1]
    assert camera.wait(20.0) == 0
    camera.stdout.close()


def test_a_camera_process_that_takes_three_seconds_for_a_picture_lives_on() -> None:
    robots_side = peer("film")
    camera = peer("watch", int(first_line(robots_side)), 3.0)
    for _ in range(3):
        assert first_line(camera) == "frame"
    assert camera.poll() is None
    end(camera)
    end(robots_side)


def test_a_slow_picture_while_frames_arrive_keeps_the_newest() -> None:
    sockets = ServerSockets()
    sender, port = sockets.open(zmq.PUB, queue=2)
    receiver: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
    bound_queues(receiver, 2)
    receiver.setsockopt(zmq.SUBSCRIBE, b"")
    receiver.connect(f"tcp://127.0.0.1:{port}")
    pump = SocketPump(receiver, keep=2)
    sent = 0
    try:
        until(lambda: (sender.send_multipart([b"hello"]), pump.wait(0.01))[1])
        for sent in range(40):  # no frame is taken meanwhile
            sender.send_multipart([b"%d" % sent])
            time.sleep(0.02)
        until(lambda: pump.receive(2)[-1:] == [[b"%d" % sent]])
        assert pump.dropped >= 30
        assert not pump.failure
    finally:
        pump.close()
        sockets.close([sender])


def fail(*_: object) -> bool:
    raise KeyError("a fault of the program")


def test_a_window_whose_connections_thread_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ZmqWire, "_follow", fail)
    with served() as (server, _):
        robot = NetworkRobot(ZmqWire(f"tcp://127.0.0.1:{server.port}"), time.monotonic, name="unlucky")
        with pytest.raises(RobotError, match=r"thread ended by an error .KeyError: 'a fault of the program'"):
            robot.connect(1.0)
        robot.close()


def test_a_robots_side_whose_sockets_thread_fails_ends_in_order() -> None:
    toy = ToyRobot(time.monotonic, DESCRIPTION)
    server = RobotServer(toy, port=0)
    server._pump._accept = fail
    stranger: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    stranger.connect(f"tcp://127.0.0.1:{server.port}")
    stranger.send(b"anything")
    with pytest.raises(RuntimeError, match="cannot be reached any more: KeyError"):
        server.serve(threading.Event())
    stranger.close(0)
    assert toy.told == ["connect", "close"]


def test_no_socket_has_a_heartbeat_of_zeromq() -> None:
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    bound_queues(socket)
    assert socket.getsockopt(zmq.HEARTBEAT_IVL) == 0
    socket.close(0)


def test_a_flood_is_dropped_before_decoding_and_the_driver_keeps_its_room() -> None:
    clock = FakeClock()
    limit = RateLimit(200.0, crowded=256, clock=clock)
    assert sum(limit.accept([b"flood", b"x"], 0) for _ in range(1000)) == 200
    assert limit.accept([b"driver", b"x"], 0)
    clock.time += 0.5
    assert sum(limit.accept([b"flood", b"x"], 0) for _ in range(1000)) == 100
    limit.driver = b"driver"
    assert not limit.accept([b"another", b"x"], 256)
    assert limit.accept([b"driver", b"x"], 256)
    for index in range(10_000):
        limit.accept([b"%d" % index, b"x"], 0)
    assert len(limit._known) <= 4096
    assert len(loopback_secret()) == 32
