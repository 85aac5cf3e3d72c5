"""A robot's side in two processes: one owns the driver, the other the network; each holds when the other dies.

The network library is C++ code that strangers can reach, and it has aborted processes. So sockets, protocol and
watchdog run in a *control process*, and this process only executes what that one asks of the driver. When the control
process dies or falls silent while the robot moves, this process holds the robot.
"""

import math
import multiprocessing
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from pathlib import Path

import msgspec

from mile_desktop.robots.control_process import ControlPlan, Frame, run_control
from mile_desktop.robots.driver import Measurement, ResettingDriver, RobotDriver, RobotError
from mile_desktop.robots.guard_messages import (
    MAX_CALL_BYTES,
    Answer,
    Call,
    Method,
    decode_call,
    encode,
    floats,
    measured,
)
from mile_desktop.robots.server import DEFAULT_PORT

_TURN_S = 0.02
"""How often silence is looked for; the death of the control process is noticed at once."""
_OPENS_S = 30.0
_ENDS_S = 5.0
_FROZEN_S = 5.0
"""A control process that is silent for this long while the robot should move does not come back by itself."""
_RESTARTS = 3
"""A control process that dies more often than this within ``_RESTARTS_WITHIN_S`` is not started again."""
_RESTARTS_WITHIN_S = 60.0


class _DiedEarlyError(RobotError):
    """The control process died before its sockets were open."""


def write_error(text: str) -> None:
    """Write a sentence to standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class GuardedRobotServer:
    """Serves one driver at an address until ``end`` is set, as ``RobotServer`` does, with the network in a child.

    Everything but ``end`` and ``send_frame`` belongs to the thread that calls ``serve``; it alone calls the driver.

    Parameters
    ----------
    driver
        Connected by ``serve`` and closed at its end.
    bind, port, keys, frames_port
        See ``RobotServer``.
    on_measured
        Called with every new measurement; must return at once.
    on_problem
        Called with a sentence when the control process has died; by default it is written to standard error.
    on_start
        Called on the control thread of the child, for example to give it priority; importable.
    rescue
        Makes another driver of the same robot in the child if *this* process dies, for example because the vendor's SDK
        crashed; the child connects it and holds. Importable, usually the driver's class. None: the windows are told
        that nothing can be commanded.

    Raises
    ------
    RobotError
        The address cannot be used, or it needs keys.
    """

    def __init__(
        self,
        driver: RobotDriver,
        *,
        bind: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        keys: Path | None = None,
        frames_port: int = 0,
        on_measured: Callable[[Measurement], None] | None = None,
        on_problem: Callable[[str], None] = write_error,
        on_start: Callable[[], object] | None = None,
        rescue: Callable[[], RobotDriver] | None = None,
    ) -> None:
        self._driver = driver
        self._on_measured = on_measured
        self._on_problem = on_problem
        self._description = driver.describe()
        self._plan = ControlPlan(
            description=self._description,
            bind=bind,
            port=port,
            keys=keys,
            frames_port=frames_port,
            on_start=on_start,
            rescue=rescue,
        )
        self._connected = self._ready = self._moving = False
        self._failure: Exception | None = None
        self._blocked = ""
        self._answered_at = time.monotonic()
        self._deaths: list[float] = []
        self._call_on_ready: Callable[[], None] = lambda: None
        self._frame_encoder = msgspec.msgpack.Encoder()
        self._start()
        # A restarted control process serves at the same port: windows find the robot again by themselves.
        self._plan = msgspec.structs.replace(self._plan, port=self.port)

    def serve(self, end: threading.Event, *, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve; raises whatever connecting the driver raises, and ``RobotError`` if the child cannot be kept alive."""
        self._call_on_ready = on_ready
        try:
            while not end.is_set():
                self._turn()
            self._end_child()
        finally:
            self._process.kill()
            self._process.join()
            self._close_pipes()
            self._driver.close()

    def send_frame(self, camera: str, jpeg: bytes, taken_at: float | None = None) -> None:
        """Send one frame of a described camera, taken at ``taken_at`` of ``time.monotonic`` (default: now); one thread.

        A frame is dropped while the control process has not taken the last one.
        """
        frame = Frame(camera, jpeg, time.monotonic() if taken_at is None else taken_at)
        try:
            if select.select([], [self._frames], [], 0.0)[1]:
                self._frames.send_bytes(self._frame_encoder.encode(frame))
        except (OSError, ValueError):
            return  # the control process has just died; the serving thread notices it, too

    # ── the control process ──────────────────────────────────────────────────────────────────────────────────────

    def _start(self) -> None:
        # Not a fork, which would copy the driver's SDK with its locks and its connection to the robot.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        frames, self._frames = context.Pipe(duplex=False)
        self._process: SpawnProcess = context.Process(
            target=run_control, args=(theirs, frames, self._plan), name="robot control", daemon=True
        )
        self._process.start()
        # Only the child may hold its ends: the pipes then close with it, and its death is noticed at once.
        theirs.close()
        frames.close()
        opened = self._first_call()
        if opened.method is not Method.OPENED:
            self._process.join()
            self._close_pipes()
            raise RobotError(opened.text)
        self.port, self.public_key = opened.port, opened.text

    def _first_call(self) -> Call:
        """Wait until the child has opened its sockets; raises ``_DiedEarlyError`` if it dies before."""
        try:
            if self._connection.poll(_OPENS_S):
                return decode_call(self._connection.recv_bytes(MAX_CALL_BYTES))
        except (EOFError, OSError):
            self._process.join(_ENDS_S)
            self._close_pipes()
            why = f"The robot's control process {how_ended(self._process.exitcode)} while it started."
            raise _DiedEarlyError(why) from None
        self._process.kill()
        text = f"The robot's control process did not open its sockets within {_OPENS_S:.0f} s; start the robot again."
        return Call(Method.FAILED, text=text)

    def _end_child(self) -> None:
        """End it in order: it holds and closes the driver through this process, which answers until it has ended."""
        self._process.terminate()
        until = time.monotonic() + _ENDS_S
        while self._process.is_alive() and time.monotonic() < until:
            try:
                self._answer_next()
            except (EOFError, OSError):
                return

    def _close_pipes(self) -> None:
        self._connection.close()
        self._frames.close()

    # ── serving ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _turn(self) -> None:
        try:
            self._answer_next()
        except (EOFError, OSError):
            self._handle_death()
        # After the answer was sent: the control process, and with it the windows, know the reason as well.
        if self._failure is not None:
            raise self._failure
        silent_s = time.monotonic() - self._answered_at
        if self._moving and silent_s > self._description.watchdog_s:
            # While the robot moves, the control process measures several times a step. It hangs, or both stood still.
            self._hold_now()
            self._blocked = f"The robot's side was frozen for {silent_s:.2f} s; the robot was held."
            self._on_problem(self._blocked)
        if self._blocked and silent_s > _FROZEN_S:
            self._process.kill()  # a new one takes its place: see ``_handle_death``

    def _answer_next(self) -> None:
        """Wait a moment for a call and answer it; raises ``EOFError`` or ``OSError`` when the child has ended."""
        if not self._connection.poll(_TURN_S):
            return
        call = decode_call(self._connection.recv_bytes(MAX_CALL_BYTES))
        try:
            answer = self._execute(call)
        except Exception as error:  # noqa: BLE001 - a vendor's SDK may raise anything; the control process is told
            answer = Answer(problem=str(error) or type(error).__name__)
            if call.method is Method.CONNECT:
                self._failure = error
        # Counted from the answer on: time that the SDK itself took is no silence of the control process.
        self._answered_at = time.monotonic()
        self._connection.send_bytes(encode(answer))

    def _execute(self, call: Call) -> Answer:
        match call.method:
            case Method.READ_STATE:
                return self._measure()
            case Method.ACT:
                if self._blocked:
                    return Answer(problem=self._blocked)
                self._moving = True  # before the call: one that raises may have moved the robot, too
                self._driver.act(floats(call.action))
            case Method.HOLD | Method.STOP:
                (self._driver.hold if call.method is Method.HOLD else self._driver.stop)()
                self._moving, self._blocked = False, ""
            case Method.RESET:
                if isinstance(self._driver, ResettingDriver):
                    self._driver.reset(call.seed)
            case Method.CONNECT if not self._connected:
                self._driver.connect()
                self._connected = True
            case Method.READY if not self._ready:
                self._ready = True
                self._call_on_ready()
        return Answer()

    def _measure(self) -> Answer:
        found = self._driver.read_state()
        if self._on_measured is not None:
            self._on_measured(found)
        return measured(found)

    def _handle_death(self) -> None:
        """Hold the robot, report it, and start the control process again; windows find the robot disarmed."""
        began = self._answered_at = time.monotonic()
        self._blocked = ""
        problem = self._hold_now() if self._connected else ""
        took_s = time.monotonic() - began
        self._process.join(_ENDS_S)
        held = problem or f"The robot was held within {math.ceil(100.0 * took_s) / 100.0:.2f} s."
        self._close_pipes()
        self._start_again(f"The robot's control process {how_ended(self._process.exitcode)}. {held}")

    def _start_again(self, why: str) -> None:
        """Report ``why`` and start a new control process; raises ``RobotError`` when too many have died."""
        while True:
            self._on_problem(why)
            now = time.monotonic()
            self._deaths = [*(each for each in self._deaths if now - each < _RESTARTS_WITHIN_S), now]
            if len(self._deaths) > _RESTARTS:
                raise RobotError(f"{why} It died {len(self._deaths)} times within a minute and is not started again.")
            self._plan = msgspec.structs.replace(self._plan, why=f"{why} Check the robot, then arm it again.")
            try:
                self._start()
            except _DiedEarlyError as error:
                why = str(error)  # the robot is held already
            else:
                return

    def _hold_now(self) -> str:
        """Hold, or stop where that fails; return what went wrong, or an empty string."""
        self._moving = False
        try:
            self._driver.hold()
        except Exception as error:  # noqa: BLE001 - as above; the stop is the other way that is left
            try:
                self._driver.stop()
            except Exception as second:  # noqa: BLE001 - as above
                return f"It could neither be held ({error}) nor stopped ({second}); use its own emergency stop."
            return f"It could not be held ({error}) and was stopped."
        return ""


def how_ended(code: int | None) -> str:
    """Return how a process has ended."""
    if code is None:
        return "closed its connection"
    if code >= 0:
        return f"ended with status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
