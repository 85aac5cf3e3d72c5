"""The window's side of a network robot: says hello, keeps the link alive, and sends no motion without a permit."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.robots import protocol as p
from mile_desktop.robots.alignment import ClockAlignment
from mile_desktop.robots.description import RobotDescription
from mile_desktop.robots.driver import Measurement, RobotError
from mile_desktop.robots.limits import MotionLimits
from mile_desktop.robots.link import RobotLink
from mile_desktop.robots.modes import NOT_ARMED, Mode
from mile_desktop.robots.start_pose import StartPose
from mile_desktop.robots.wire import Wire

LINK_TIMEOUT_S = 0.5
"""Silence of the robot after which the link counts as lost."""
STOP_HEARD_S = 0.5
"""A stop that the robot has not confirmed after this time is reported."""
CONNECT_TIMEOUT_S = 5.0
_ANSWER_SHARE = 0.7
"""Share of a control step to wait for the robot's answer; the rest of a tick needs far less than what is left."""
_WAITS_S = 0.02


@dataclass(frozen=True, slots=True)
class LinkReport:
    """State of the link, as it is shown."""

    up: bool
    problem: str
    """Why it is down; empty while it is up."""
    mode: Mode | None
    """None until the robot has sent its state."""
    role: p.Role
    driver: str
    """Who drives."""
    round_trip_s: float
    clock_offset_s: float
    clock_error_s: float
    speed: float
    """Share of full speed that the robot allows now."""
    refused_there: int
    """Messages that the robot's side refused."""
    refused_here: int
    """Messages from the robot's side that could not be read, or were late or repeated."""
    lost: int
    """How often the link was lost."""


class NetworkRobot:
    """A robot behind a wire, as a ``RobotDriver`` and more; owned by the thread of the control loop.

    Call ``attend`` in every tick. While the robot may move, only ``act`` sends messages. So when the control loop
    hangs, the robot receives nothing and its watchdog holds it, even though this process is still alive.

    Parameters
    ----------
    wire
        Its connection, closed by ``close``.
    clock
        Monotonic, s.
    name
        Name of this window, shown at other windows.
    role
        Drive, or only watch.
    patience_s
        Silence after which the link counts as lost while the robot is not moving.
    client
        Sixteen bytes by which the robot recognises this client, also from another process; new ones by default.
    """

    def __init__(
        self,
        wire: Wire,
        clock: Callable[[], float],
        *,
        name: str,
        role: p.Role = p.Role.DRIVE,
        patience_s: float = LINK_TIMEOUT_S,
        client: bytes = b"",
    ) -> None:
        self.commanded: Float32Array = np.zeros(0, np.float32)
        """The last action as it was sent: slowed down and cut."""
        token = client or secrets.token_bytes(16)
        self._link = RobotLink(wire, clock, name=name, client=token, role=role, patience_s=patience_s)
        self._clock = clock
        self._limits: MotionLimits | None = None
        self._requested = p.RequestedMode.REST
        self._permit = 0
        self._held_by_itself = ""  # set while the robot holds without our command; the loop asks for it
        self._stop_asked_at = 0.0
        self._sent_at = -1e9  # long ago: the first heartbeat is due at once
        self._start_pose = StartPose()

    # ── description and state ───────────────────────────────────────────────────────────────────────────────────────

    def describe(self) -> RobotDescription:
        """Return the robot's description; raises ``RobotError`` before ``connect``."""
        return self._link.describe()

    @property
    def address(self) -> str:
        """Where it is."""
        return self._link.address

    @property
    def alignment(self) -> ClockAlignment:
        """How the robot's clock relates to this one."""
        return self._link.alignment

    @property
    def frames_port(self) -> int:
        """Where its camera frames come from; 0 for nowhere."""
        return self._link.frames_port

    def report(self) -> LinkReport:
        """Return one consistent snapshot."""
        link, state = self._link, self._link.state
        return LinkReport(
            up=link.up,
            problem="" if link.up else link.problem,
            mode=state.mode if state else None,
            role=link.role,
            driver=link.driver,
            round_trip_s=link.alignment.round_trip_s,
            clock_offset_s=link.alignment.offset_s,
            clock_error_s=link.alignment.error_s,
            speed=state.speed if state else 0.0,
            refused_there=state.refused if state else 0,
            refused_here=link.refused,
            lost=link.losses,
        )

    @property
    def obstacle(self) -> str:
        """Why the robot may not move, in one sentence; empty if only ``resume`` is missing."""
        if not self._link.up:
            return self._link.problem
        if self._link.role is not p.Role.DRIVE:
            return f"{self._link.driver or 'Another window'} drives this robot; this window may only watch."
        if self._mode is Mode.STOPPED or self._requested is p.RequestedMode.STOP:
            return "The robot is stopped. Reset, then arm it."
        if self._requested is p.RequestedMode.REST:
            why = self._link.state.why if self._link.state else ""
            return f"{why} {NOT_ARMED}".strip()
        return ""

    @property
    def held_by_itself(self) -> str:
        """Why the robot holds without a command and waits for an explicit ``resume``; empty if it does not."""
        return self._held_by_itself

    @property
    def stop_problem(self) -> str:
        """Why a stop has not reached the robot after ``STOP_HEARD_S``, in one sentence; empty if none is missing."""
        if self._requested is not p.RequestedMode.STOP or self._clock() - self._stop_asked_at < STOP_HEARD_S:
            return ""
        if self._link.up and self._mode is Mode.STOPPED:
            return ""
        who = self._link.driver or "No window"
        why = self._link.problem or "it does not answer to Stop"
        return f"Stop did not reach the robot ({why}). {who} drives it; use the robot's own emergency stop."

    @property
    def _mode(self) -> Mode:
        return self._link.state.mode if self._link.state else Mode.DISARMED

    @property
    def _may_drive(self) -> bool:
        return self._link.up and self._link.role is p.Role.DRIVE

    @property
    def armed(self) -> bool:
        """Whether a person armed the robot and it was not disarmed since."""
        return self._requested in {p.RequestedMode.HOLD, p.RequestedMode.MOVE}

    # ── the driver's protocol ───────────────────────────────────────────────────────────────────────────────────────

    def connect(self, timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        """Say hello until the robot has described itself and its state.

        Raises
        ------
        RobotError
            The robot did not answer in time; the message says what is known about the reason.
        """
        until = self._clock() + timeout_s
        while True:
            self.attend(wait=False)
            if self._link.up:
                return
            if problem := self._link.permanent_problem():
                raise RobotError(problem)
            if self._clock() >= until:
                raise RobotError(self._link.unreachable)
            self._link.wait(_WAITS_S)

    def read_state(self) -> Measurement:
        """Return the newest measurement, its time on our clock; raises ``RobotError`` while there is none."""
        if self._link.measured is None:
            raise RobotError("The robot has not measured anything yet; connect first.")
        return self._link.measured

    def act(self, action: Float32Array) -> None:
        """Send one action, slowed down and cut, and wait a fraction of a step for the answer."""
        if self._requested is not p.RequestedMode.MOVE or self._limits is None:
            return
        self.commanded = self._limits.scale(action, self._clock())
        self._send(self.commanded)
        self._wait_for_answer()

    @property
    def executed(self) -> Float32Array | None:
        """The part of the last action that the robot carried out; None until its answer has arrived."""
        state = self._link.state
        if state is None or state.acted != self._link.seq:
            return None
        return p.unpack(state.executed, self.describe().action_size)

    def hold(self) -> None:
        """Keep the pose; motion needs ``resume``."""
        if self._requested is p.RequestedMode.MOVE:
            self._requested = p.RequestedMode.HOLD
            self._send()  # at once and not with the next heartbeat: the robot moves until it arrives

    def stop(self) -> None:
        """Stop, latched on both sides; a window that only watches may stop the robot, too."""
        if self._requested is not p.RequestedMode.STOP:
            self._stop_asked_at = self._clock()
        self._requested = p.RequestedMode.STOP
        self._send()

    def close(self) -> None:
        """Leave: the robot is disarmed, and other windows may drive it."""
        self._link.close()

    # ── permits of a person ─────────────────────────────────────────────────────────────────────────────────────────

    def arm(self) -> str:
        """Permit motion; nothing moves before ``resume``. Return why it is not possible, or an empty string."""
        if (problem := self.obstacle) and self._requested is not p.RequestedMode.REST:
            return problem
        if not self._may_drive:
            return self.obstacle
        if self._requested is p.RequestedMode.REST:
            self._issue_permit(p.RequestedMode.HOLD)
            self._wait_until(lambda: self._mode is not Mode.DISARMED, LINK_TIMEOUT_S)
        return ""

    def ask_to_drive(self) -> None:
        """Ask again to drive, where this window may only watch; ``report`` shows whether the robot agreed."""
        self._link.greet(self._permit, at_once=True)

    def disarm(self) -> None:
        """Forbid motion until the robot is armed again; a stop stays latched."""
        if self._requested is not p.RequestedMode.STOP:
            self._requested, self._held_by_itself = p.RequestedMode.REST, ""
            self._send()

    def resume(self) -> str:
        """Permit motion from now on, slowly at first. Return why it is not possible, or an empty string."""
        if problem := self.obstacle:
            return problem
        if self._requested is not p.RequestedMode.MOVE:
            self._held_by_itself = ""  # a person has resumed, which answers every earlier hold
            if self._limits is not None:
                self._limits.begin(self._clock())
            self._issue_permit(p.RequestedMode.MOVE)
        return ""

    def leave_stop(self) -> str:
        """Leave the latched stop; the robot is disarmed then. Return the reason if it failed, else an empty string."""
        if self._link.role is not p.Role.DRIVE:
            # only the window that drives clears the robot's stop; this one takes back no more than its own request
            self._requested = p.RequestedMode.REST
            return ""
        if not self._may_drive:
            return self.obstacle
        self._issue_permit(p.RequestedMode.REST)
        self._wait_until(lambda: self._mode is not Mode.STOPPED, LINK_TIMEOUT_S)
        return (
            "" if self._mode is not Mode.STOPPED else "The robot did not leave the stop; check the robot and try again."
        )

    def reset(self, seed: int) -> None:
        """Ask a robot that resets itself to go to a start pose; ``reset_outcome`` says when it has arrived.

        A person (or an unattended run) has just asked for this, so it is a permit. The robot may have revoked the
        earlier one: it held by itself, or the link was lost while it held. With that permit it would never go.
        """
        self._start_pose.request(seed, self._link.state, self._clock())
        if self._requested is p.RequestedMode.HOLD:
            self._held_by_itself = ""
            self._issue_permit(p.RequestedMode.HOLD)
        else:
            self._send()

    def reset_outcome(self) -> str | None:
        """Return None while the robot is on its way, an empty string after it has arrived, or why it has not."""
        return self._start_pose.outcome(self._link.state, self.obstacle or self._held_by_itself, self._clock())

    def _issue_permit(self, want: p.RequestedMode) -> None:
        # The number must be above every permit the robot has revoked, or it would refuse this one, too.
        revoked = self._link.state.revoked if self._link.state else 0
        self._permit = max(self._permit, revoked) + 1
        self._requested = want
        self._send()

    # ── the link ────────────────────────────────────────────────────────────────────────────────────────────────────

    def attend(self, *, wait: bool = True) -> None:
        """Handle what has arrived, notice silence, and send a heartbeat if nothing else is sent; once in every tick."""
        link = self._link
        self._listen()
        moving = self._requested is p.RequestedMode.MOVE
        # A moving robot holds itself after its watchdog time, so a shorter silence than that needs no reaction here.
        if link.lost(link.describe().watchdog_s if moving else None) and self.armed:
            self._requested = p.RequestedMode.HOLD
            self._held_by_itself = "The link was lost."
        if not link.session or not link.up:
            link.greet(self._permit)
        if (
            link.session
            and self._requested is not p.RequestedMode.MOVE
            and self._clock() - self._sent_at > 0.5 * self._period_s
        ):
            self._send()
            if wait and link.up:
                self._wait_for_answer()

    @property
    def _period_s(self) -> float:
        description = self._link.description
        return description.period_s if description else 0.05

    def _send(self, action: Float32Array | None = None) -> None:
        link = self._link
        if not link.session:
            return
        link.seq += 1  # also for a repetition: the robot refuses a number it has seen
        now = self._sent_at = self._clock()
        stops = self._requested is p.RequestedMode.STOP and self._mode is not Mode.STOPPED
        if link.role is p.Role.WATCH and not stops:
            link.send(p.StateRequest(session=link.session, seq=link.seq, sent_at=now))
            return
        link.send(
            p.Intent(
                session=link.session,
                seq=link.seq,
                sent_at=now,
                due_at=link.alignment.robots(now) if link.alignment.known else None,
                want=self._requested,
                permit=self._permit,
                action=None if action is None else p.pack(action),
                reset=self._start_pose.number,
                seed=self._start_pose.seed,
            )
        )

    def _wait_for_answer(self) -> None:
        self._wait_until(lambda: self._link.answered >= self._link.seq, _ANSWER_SHARE * self._period_s)

    def _wait_until(self, condition: Callable[[], bool], timeout_s: float) -> None:
        until = self._clock() + timeout_s
        self._listen()
        while not condition():
            left = until - self._clock()
            if left <= 0.0:
                return
            # A message or its answer may be lost; sending again also keeps the link alive while this waits.
            if not self._link.wait(min(left, _WAITS_S)) and self._clock() - self._sent_at > self._period_s:
                self._send()
            self._listen()

    def _listen(self) -> None:
        states, restarted = self._link.listen()
        if restarted:
            # A restarted robot knows no permit: everything has to be permitted again by a person.
            self._start_pose.forget()  # its count starts again, too
            self._limits = MotionLimits(self._link.describe())
            if self._requested is not p.RequestedMode.STOP:
                self._requested = p.RequestedMode.REST
        for state in states:
            self._handle_revocation(state)

    def _handle_revocation(self, state: p.State) -> None:
        """Follow the robot's side where it has revoked this window's permit."""
        # Nothing applied yet: what the robot has revoked belongs to the client before this one.
        if self._requested is p.RequestedMode.STOP or state.applied == 0:
            return
        if state.mode is Mode.STOPPED and state.revoked >= self._permit:
            self._requested = p.RequestedMode.STOP
        elif self.armed and state.revoked >= self._permit:
            self._held_by_itself = self._held_by_itself or state.why or "The robot holds without a command."
            self._requested = p.RequestedMode.HOLD if state.mode is Mode.HOLDING else p.RequestedMode.REST
