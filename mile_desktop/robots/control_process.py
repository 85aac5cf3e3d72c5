"""The control process of a guarded robot: sockets, protocol and watchdog, without the driver."""

import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.channels.watched_thread import WatchedThread
from mile_desktop.robots.description import RobotDescription
from mile_desktop.robots.driver import Measurement, RobotDriver, RobotError
from mile_desktop.robots.guard_messages import MAX_CALL_BYTES, Answer, Call, Method, decode_answer, encode, measurement
from mile_desktop.robots.server import RobotServer

_FAREWELL_S = 0.4
"""Time in which the windows still learn that the driver's process has died: several control steps. Short, because the
port is free again only afterwards, and a service manager starts the robot's side again at once."""
_MAX_FRAME_BYTES = 9 * 1024 * 1024


class ControlPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a control process serves, and how."""

    description: RobotDescription
    bind: str
    port: int
    keys: Path | None
    frames_port: int
    why: str = ""
    """Why the robot is disarmed at the start, for the windows; empty at the first start."""
    on_start: Callable[[], object] | None = None
    """Called on the control thread, for example to give it priority; importable."""
    rescue: Callable[[], RobotDriver] | None = None
    """Makes another driver of the same robot if the driver's process dies; importable."""


class Frame(msgspec.Struct, frozen=True):
    """One camera frame on its way to the control process."""

    camera: str
    jpeg: bytes
    taken_at: float


class RemoteDriver:
    """The driver as the control process sees it: every call goes to the process that owns the driver.

    Used by the control thread, except ``owner_gone``.

    Parameters
    ----------
    connection
        To the owner.
    plan
        The description, and the driver to use when the owner has died.
    """

    def __init__(self, connection: Connection, plan: ControlPlan) -> None:
        self.owner_gone = threading.Event()
        """Set by any thread that notices that the owner has died."""
        self._connection = connection
        self._plan = plan
        self._loss = ""

    def loss(self) -> str:
        """Return what happened after the owner died, in sentences for the windows; empty while it lives."""
        if self.owner_gone.is_set() and not self._loss:
            self._loss = self._rescue()
        return self._loss

    def describe(self) -> RobotDescription:
        """Return the description; the owner is not asked."""
        return self._plan.description

    def connect(self) -> None:
        """Let the owner connect."""
        self._call(Call(Method.CONNECT))

    def read_state(self) -> Measurement:
        """Measure."""
        return measurement(self._call(Call(Method.READ_STATE)))

    def act(self, action: Float32Array) -> None:
        """Move for one control step."""
        self._call(Call(Method.ACT, action=action.astype(np.float32, copy=False).tobytes()))

    def hold(self) -> None:
        """Keep the pose; without an owner, the rescue has done it."""
        if not self.loss():
            self._call(Call(Method.HOLD))

    def stop(self) -> None:
        """Stop; without an owner, the robot was held and nothing else can be commanded."""
        if not self.loss():
            self._call(Call(Method.STOP))

    def reset(self, seed: int) -> None:
        """Go to the start pose of ``seed``."""
        self._call(Call(Method.RESET, seed=seed))

    def close(self) -> None:
        """Let the owner close."""
        if not self.loss():
            self._call(Call(Method.CLOSE))

    def ready(self) -> None:
        """Say that windows may connect."""
        self._call(Call(Method.READY))

    def _call(self, call: Call) -> Answer:
        try:
            self._connection.send_bytes(encode(call))
            # One call at a time and on one thread, so the next answer is that of this call.
            answer = decode_answer(self._connection.recv_bytes(MAX_CALL_BYTES))
        except (EOFError, OSError):
            self.owner_gone.set()
            raise RobotError(self.loss()) from None
        if answer.problem:
            raise RobotError(answer.problem)
        return answer

    def _rescue(self) -> str:
        """Hold the robot with a driver of our own, where there is one; return what happened, for the windows."""
        died = "The process of the robot's driver died."
        if self._plan.rescue is None:
            return f"{died} Check that the robot stands still; if it moves, use its own emergency stop."
        try:
            driver = self._plan.rescue()
            driver.connect()
            driver.hold()
        except Exception as error:  # noqa: BLE001 - a vendor's SDK may raise anything; a person has to know
            return f"{died} The robot could not be held ({error}); use its own emergency stop."
        return f"{died} The robot was held; start its side again."


def run_control(connection: Connection, frames: Connection, plan: ControlPlan) -> None:
    """Run the process; it ends on SIGTERM, or soon after the driver's process has died."""
    end = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches both processes; the owner then ends this one
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    driver = RemoteDriver(connection, plan)
    try:
        server = RobotServer(
            driver,
            bind=plan.bind,
            port=plan.port,
            keys=plan.keys,
            frames_port=plan.frames_port,
            why=plan.why,
            watch=driver.loss,
        )
    except RobotError as error:
        connection.send_bytes(encode(Call(Method.FAILED, text=str(error))))
        return
    connection.send_bytes(encode(Call(Method.OPENED, port=server.port, text=server.public_key)))
    # The pipe of the frames also tells that the owner has died, at once and even while nothing is asked of the driver.
    carry = partial(_carry_frames, frames, server, driver, end)
    # If it fails, the death of the owner would be noticed late. This process holds the robot and ends; the owner
    # starts another one.
    WatchedThread(carry, "frames", on_failure=end.set).start()
    # After the thread has started: a new thread has the priority of the one that starts it, and frames must not compete
    # with control.
    if plan.on_start is not None:
        plan.on_start()
    try:
        server.serve(end, on_ready=driver.ready)
    except RobotError:
        # The owner knows why: it answered the call that failed, or it has died, and the windows were told.
        return


def _carry_frames(frames: Connection, server: RobotServer, driver: RemoteDriver, end: threading.Event) -> None:
    decoder = msgspec.msgpack.Decoder(Frame)
    try:
        while True:
            frame = decoder.decode(frames.recv_bytes(_MAX_FRAME_BYTES))
            server.send_frame(frame.camera, frame.jpeg, frame.taken_at)
    except (EOFError, OSError):
        driver.owner_gone.set()
        time.sleep(_FAREWELL_S)  # the control thread holds the robot and tells the windows meanwhile
        end.set()
