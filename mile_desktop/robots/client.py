"""The window's side of a network robot: says hello, keeps the link alive, and moves nothing nobody permitted."""

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
from mile_desktop.robots.modes import Mode
from mile_desktop.robots.wire import Wire

LINK_TIMEOUT_S = 0.5
"""Silence of the robot after which the link counts as lost."""
CONNECT_TIMEOUT_S = 5.0
_ANSWER_SHARE = 0.7
"""Share of a control step for which an answer is waited for; what else a tick does takes far less than the rest."""
_RESET_S = 10.0
_WAITS_S = 0.02


@dataclass(frozen=True, slots=True)
class LinkReport:
    """The link as people want to see it."""

    up: bool
    trouble: str
    """Why it is down; empty while it is up."""
    mode: Mode | None
    """None until the robot has said."""
    role: p.Role
    driver: str
    """Who drives."""
    round_trip_s: float
    clock_offset_s: float
    clock_error_s: float
    speed: float
    """Share of full speed that the robot allows now."""
    refused_there: int
    """Messages that the robot's side did not take."""
    refused_here: int
    """Messages of the robot's side that were none, late or repeated."""
    lost: int
    """How often the link was lost."""


class NetworkRobot:
    """A robot behind a wire, as a ``RobotDriver`` and more; owned by the thread of the control loop.

    Call ``attend`` in every tick. While the robot is to move, only ``act`` speaks to it: should the control loop stand
    still, the robot hears nothing and holds by itself, although the process is alive.

    Parameters
    ----------
    wire
        Its connection, closed by ``close``.
    clock
        Monotonic, s.
    name
        Who is driving, for the people at other windows.
    role
        Drive, or only watch.
    patience_s
        Silence of a robot that is not to move after which the link counts as lost.
    client
        Sixteen bytes by which the robot knows this client again, also from another process; by default new ones.
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
        self._want = p.Want.REST
        self._permit = 0
        self._held_by_itself = ""
        self._spoke_at = -1e9
        self._resets = 0
        self._reset_until = 0.0
        self._seed = 0

    # ── what it is ───────────────────────────────────────────────────────────────────────────────────────────────

    def describe(self) -> RobotDescription:
        """Return what the robot said of itself; raises ``RobotError`` before ``connect``."""
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
            trouble="" if link.up else link.trouble,
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
        """Why the robot may not move, in one sentence; empty where nothing but a ``resume`` is missing."""
        if not self._link.up:
            return self._link.trouble
        if self._link.role is not p.Role.DRIVE:
            return f"{self._link.driver or 'Another window'} drives this robot; this window may only watch."
        if self._mode is Mode.STOPPED or self._want is p.Want.STOP:
            return "The robot is stopped. Reset, then arm it."
        if self._want is p.Want.REST:
            return "The robot is not armed; arm it first."
        return ""

    @property
    def held_by_itself(self) -> str:
        """Why the robot held by itself and waits for an explicit ``resume``; empty where it does not."""
        return self._held_by_itself

    @property
    def _mode(self) -> Mode:
        return self._link.state.mode if self._link.state else Mode.DISARMED

    @property
    def _may_drive(self) -> bool:
        return self._link.up and self._link.role is p.Role.DRIVE

    @property
    def armed(self) -> bool:
        """Whether somebody armed it and nothing took that away."""
        return self._want in {p.Want.HOLD, p.Want.MOVE}

    # ── the driver's protocol ────────────────────────────────────────────────────────────────────────────────────

    def connect(self, timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        """Say hello until the robot has described itself and its state.

        Raises
        ------
        RobotError
            When it does not in time, with what is known about why.
        """
        until = self._clock() + timeout_s
        while True:
            self.attend(wait=False)
            if self._link.up:
                return
            if hopeless := self._link.hopeless():
                raise RobotError(hopeless)
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
        if self._want is not p.Want.MOVE or self._limits is None:
            return
        self.commanded = self._limits.scale(action, self._clock())
        self._say(self.commanded)
        self._wait_for_answer()

    @property
    def executed(self) -> Float32Array | None:
        """What the robot says it carried out of the last action; None where its answer is not there yet."""
        state = self._link.state
        if state is None or state.acted != self._link.seq:
            return None
        return p.unpack(state.executed, self.describe().action_size)

    def hold(self) -> None:
        """Keep the pose; motion needs ``resume``."""
        if self._want is p.Want.MOVE:
            self._want = p.Want.HOLD
            self._say()

    def stop(self) -> None:
        """Stop, latched on both sides."""
        self._want = p.Want.STOP
        self._say()

    def close(self) -> None:
        """Leave: the robot is disarmed and free for others."""
        self._link.close()

    # ── what a person permits ────────────────────────────────────────────────────────────────────────────────────

    def arm(self) -> str:
        """Permit motion; nothing moves before ``resume``. Return why not, or an empty string."""
        if (problem := self.obstacle) and self._want is not p.Want.REST:
            return problem
        if not self._may_drive:
            return self.obstacle
        if self._want is p.Want.REST:
            self._permit_anew(p.Want.HOLD)
            self._wait_until(lambda: self._mode is not Mode.DISARMED, LINK_TIMEOUT_S)
        return ""

    def ask_to_drive(self) -> None:
        """Ask for the robot anew, where this window may only watch; whether it is given shows in ``report``."""
        self._link.hail(self._permit, now_at_any_rate=True)

    def disarm(self) -> None:
        """Let nothing move any more until it is armed again; a stop stays a stop."""
        if self._want is not p.Want.STOP:
            self._want, self._held_by_itself = p.Want.REST, ""
            self._say()

    def resume(self) -> str:
        """Let it move from now on, slowly at first. Return why not, or an empty string."""
        if problem := self.obstacle:
            return problem
        if self._want is not p.Want.MOVE:
            self._held_by_itself = ""
            if self._limits is not None:
                self._limits.begin(self._clock())
            self._permit_anew(p.Want.MOVE)
        return ""

    def leave_stop(self) -> str:
        """Leave the latched stop; the robot is disarmed then. Return why not, or an empty string."""
        if not self._may_drive:
            return self.obstacle
        self._permit_anew(p.Want.REST)
        self._wait_until(lambda: self._mode is not Mode.STOPPED, LINK_TIMEOUT_S)
        return (
            "" if self._mode is not Mode.STOPPED else "The robot did not leave the stop; look after it and try again."
        )

    def reset(self, seed: int) -> None:
        """Have a robot that resets itself go to a start; ``reset_outcome`` tells when it is there."""
        state = self._link.state
        self._resets = max(self._resets, state.reset_done if state else 0) + 1
        self._seed = seed
        self._reset_until = self._clock() + _RESET_S
        self._say()

    def reset_outcome(self) -> str | None:
        """Return None while the robot is on its way to a start, an empty string once it is there, or why it is not."""
        state = self._link.state
        if state is not None and state.reset_done >= self._resets:
            return ""
        if self._link.up and self._clock() < self._reset_until:
            return None
        return "The robot did not go to its start; look after it and try again."

    def _permit_anew(self, want: p.Want) -> None:
        revoked = self._link.state.revoked if self._link.state else 0
        self._permit = max(self._permit, revoked) + 1
        self._want = want
        self._say()

    # ── the link ─────────────────────────────────────────────────────────────────────────────────────────────────

    def attend(self, *, wait: bool = True) -> None:
        """Take what has come, notice silence, and speak where nothing else does; once in every tick."""
        link = self._link
        self._listen()
        moving = self._want is p.Want.MOVE
        # a robot that is to move holds by itself after its watchdog's time: sooner than that nothing can be wrong
        if link.lost(link.describe().watchdog_s if moving else None) and self.armed:
            self._want = p.Want.HOLD
            self._held_by_itself = "The link was lost."
        if not link.session or not link.up:
            link.hail(self._permit)
        if link.session and self._want is not p.Want.MOVE and self._clock() - self._spoke_at > 0.5 * self._period_s:
            self._say()
            if wait and link.up:
                self._wait_for_answer()

    @property
    def _period_s(self) -> float:
        description = self._link.description
        return description.period_s if description else 0.05

    def _say(self, action: Float32Array | None = None) -> None:
        link = self._link
        if not link.session:
            return
        link.seq += 1
        now = self._spoke_at = self._clock()
        if link.role is p.Role.WATCH:
            link.send(p.Look(session=link.session, seq=link.seq, sent_at=now))
            return
        link.send(
            p.Intent(
                session=link.session,
                seq=link.seq,
                sent_at=now,
                due_at=link.alignment.robots(now) if link.alignment.known else None,
                want=self._want,
                permit=self._permit,
                action=None if action is None else p.pack(action),
                reset=self._resets,
                seed=self._seed,
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
            if not self._link.wait(min(left, _WAITS_S)) and self._clock() - self._spoke_at > self._period_s:
                self._say()
            self._listen()

    def _listen(self) -> None:
        states, restarted = self._link.listen()
        if restarted:
            # whatever it was allowed is void
            self._resets = 0
            self._limits = MotionLimits(self._link.describe())
            if self._want is not p.Want.STOP:
                self._want = p.Want.REST
        for state in states:
            self._heed_revocation(state)

    def _heed_revocation(self, state: p.State) -> None:
        """Follow the robot's side where it took a permit back."""
        if self._want is p.Want.STOP or state.applied == 0:
            return
        if state.mode is Mode.STOPPED and state.revoked >= self._permit:
            self._want = p.Want.STOP
        elif self.armed and state.revoked >= self._permit:
            self._held_by_itself = self._held_by_itself or state.why or "The robot held by itself."
            self._want = p.Want.HOLD if state.mode is Mode.HOLDING else p.Want.REST
