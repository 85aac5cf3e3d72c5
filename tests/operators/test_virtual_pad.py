"""A pad inside another process, driven from here: what tests of a real worker rely on."""

import json
import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest

from mile_desktop.operators.gamepad import Gamepad
from tests.operators.conftest import context
from tests.virtual_pad import RemotePad, run_with_virtual_pad


def poll_on_request(connection: Connection) -> None:
    """Stand in for a worker: poll once for every message and answer with what was read."""
    gamepad = Gamepad()
    while connection.recv_bytes() != b"end":
        reading = gamepad.poll(context())
        shaken = gamepad.rumble(1.0, 50)
        answer = [gamepad.device, reading.takeover, reading.connected, reading.action.tolist(), shaken]
        connection.send_bytes(json.dumps(answer).encode())
    gamepad.close()


Worker = tuple[Connection, RemotePad]


@pytest.fixture
def worker() -> Iterator[Worker]:
    spawn = multiprocessing.get_context("spawn")
    worker_here, worker_there = spawn.Pipe()
    pad_here, pad_there = spawn.Pipe()
    process = spawn.Process(target=run_with_virtual_pad, args=(pad_there, poll_on_request, worker_there))
    process.start()
    pad = RemotePad(pad_here)
    yield worker_here, pad
    worker_here.send_bytes(b"end")
    process.join(20)
    assert process.exitcode == 0
    for end in (worker_here, worker_there, pad_there):
        end.close()
    pad.close()
    process.close()


def ask(connection: Connection) -> list[object]:
    connection.send_bytes(b"poll")
    assert connection.poll(20)
    answer: list[object] = json.loads(connection.recv_bytes())
    return answer


def test_a_remote_pad_is_plugged_in_moved_shaken_and_pulled(worker: Worker) -> None:
    connection, pad = worker
    assert ask(connection)[:3] == ["No gamepad", False, False]
    pad.attach(name="Far Pad")
    assert ask(connection)[:3] == ["Far Pad", False, True]
    pad.hold("rightshoulder")
    pad.move("lefty", -1.0)
    device, takeover, connected, action, shaken = ask(connection)
    assert (device, takeover, connected, shaken) == ("Far Pad", True, True, True)
    assert action == pytest.approx([1.0, 0.0, 0.0, 0.0], abs=1e-4)
    assert pad.rumbles[-1] == (65535, 65535)
    pad.detach()
    assert ask(connection)[1:3] == [False, False]
    pad.attach()
    assert ask(connection)[:3] == ["Far Pad", False, True]


def test_a_refusal_comes_back_as_an_error(worker: Worker) -> None:
    _, pad = worker
    with pytest.raises(RuntimeError, match="there is no pad yet"):
        pad.hold("a")
    pad.attach(axes=1)
    with pytest.raises(RuntimeError, match="SDL refused"):
        pad.move("righty", 1.0)
