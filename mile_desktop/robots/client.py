"""The window's side of a network robot: says hello, keeps the link alive, and moves nothing nobody permitted."""

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mile_desktop.robots import protocol as p
from mile_desktop.robots.alignment import ClockAlignment, Exchange
from mile_desktop.robots.description import RobotDescription
from mile_desktop.robots.driver import FloatArray, Measurement, RobotError
from mile_desktop.robots.limits import MotionLimits
from mile_desktop.robots.modes import Mode
from mile_desktop.robots.wire import Wire

LINK_TIMEOUT_S = 0.5
"""Silence of the robot after which the link counts as lost."""
CONNECT_TIMEOUT_S = 5.0
_HELLO_EVERY_S = 0.25
_STALE_S = 1.0
"""A state that was on the way for so long says nothing about now."""
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
        self.alignment = ClockAlignment()
        self.commanded: FloatArray = np.zeros(0, np.float32)
        """The last action as it was sent: slowed down and cut."""
        self._wire = wire
        self._clock = clock
        self._name = name[:80]
        self._patience_s = patience_s
        self._asked_role = self._role = role
        self._client = client or secrets.token_bytes(16)
        self._session = self._boot = b""
        self._description: RobotDescription | None = None
        self._limits: MotionLimits | None = None
        self._frames_port = 0
        self._want = p.Want.REST
        self._permit = 0
        self._held_by_itself = ""
        self._state: p.State | None = None
        self._measured: Measurement | None = None
        self._up = False
        self._trouble = self._refusal = ""
        self._heard_at = self._attended_at = clock()
        self._spoke_at = self._hailed_at = -1e9
        self._seq = self._answered = int(clock() * 1e6)  # grows from one process to the next, too
        self._resets = 0
        self._reset_until = 0.0
        self._seed = 0
        self._refused = self._lost = 0

    # ── what it is ───────────────────────────────────────────────────────────────────────────────────────────────

    def describe(self) -> RobotDescription:
        """Return what the robot said of itself; raises ``RobotError`` before ``connect``."""
        if self._description is None:
            raise RobotError("The robot has not said yet what it is; connect first.")
        return self._description

    @property
    def address(self) -> str:
        """Where it is."""
        return self._wire.address

    @property
    def frames_port(self) -> int:
        """Where its camera frames come from; 0 for nowhere."""
        return self._frames_port

    def report(self) -> LinkReport:
        """Return one consistent snapshot."""
        state = self._state
        return LinkReport(
            up=self._up,
            trouble="" if self._up else self._trouble,
            mode=state.mode if state else None,
            role=self._role,
            driver=state.driver if state else "",
            round_trip_s=self.alignment.round_trip_s,
            clock_offset_s=self.alignment.offset_s,
            clock_error_s=self.alignment.error_s,
            speed=state.speed if state else 0.0,
            refused_there=state.refused if state else 0,
            refused_here=self._refused,
            lost=self._lost,
        )

    @property
    def obstacle(self) -> str:
        """Why the robot may not move, in one sentence; empty where nothing but a ``resume`` is missing."""
        if not self._up:
            return self._trouble
        if self._role is not p.Role.DRIVE:
            who = self._state.driver if self._state else ""
            return f"{who or 'Another window'} drives this robot; this window may only watch."
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
        return self._state.mode if self._state else Mode.DISARMED

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
            if self._up:
                return
            refused = self._wire.refused or (self._refusal and not self._session)
            if refused or self._clock() >= until:
                why = self._wire.trouble or "the robot does not answer"
                raise RobotError(self._refusal or f"{self.address} cannot be used: {why}.")
            self._wire.wait(_WAITS_S)

    def read_state(self) -> Measurement:
        """Return the newest measurement, its time on our clock; raises ``RobotError`` while there is none."""
        if self._measured is None:
            raise RobotError("The robot has not measured anything yet; connect first.")
        return self._measured

    def act(self, action: FloatArray) -> None:
        """Send one action, slowed down and cut, and wait a fraction of a step for the answer."""
        if self._want is not p.Want.MOVE or self._limits is None:
            return
        self.commanded = self._limits.scale(action, self._clock())
        self._say(self.commanded)
        self._wait_for_answer()

    @property
    def executed(self) -> FloatArray | None:
        """What the robot says it carried out of the last action; None where its answer is not there yet."""
        state = self._state
        if state is None or state.acted != self._seq:
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
        if self._session:
            self._wire.send(p.encode(p.Goodbye(session=self._session)))
        self._wire.close()

    # ── what a person permits ────────────────────────────────────────────────────────────────────────────────────

    def arm(self) -> str:
        """Permit motion; nothing moves before ``resume``. Return why not, or an empty string."""
        if (problem := self.obstacle) and self._want is not p.Want.REST:
            return problem
        if not self._up or self._role is not p.Role.DRIVE:
            return self.obstacle
        if self._want is p.Want.REST:
            self._permit_anew(p.Want.HOLD)
            self._wait_until(lambda: self._mode is not Mode.DISARMED, LINK_TIMEOUT_S)
        return ""

    def ask_to_drive(self) -> None:
        """Ask for the robot anew, where this window may only watch; whether it is given shows in ``report``."""
        self._hailed_at = -1e9
        self._hail(self._clock())

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
        if not self._up or self._role is not p.Role.DRIVE:
            return self.obstacle
        self._permit_anew(p.Want.REST)
        self._wait_until(lambda: self._mode is not Mode.STOPPED, LINK_TIMEOUT_S)
        return (
            "" if self._mode is not Mode.STOPPED else "The robot did not leave the stop; look after it and try again."
        )

    def reset(self, seed: int) -> None:
        """Have a robot that resets itself go to a start; ``reset_outcome`` tells when it is there."""
        self._resets = max(self._resets, self._state.reset_done if self._state else 0) + 1
        self._seed = seed
        self._reset_until = self._clock() + _RESET_S
        self._say()

    def reset_outcome(self) -> str | None:
        """Return None while the robot is on its way to a start, an empty string once it is there, or why it is not."""
        if self._state is not None and self._state.reset_done >= self._resets:
            return ""
        if self._up and self._clock() < self._reset_until:
            return None
        return "The robot did not go to its start; look after it and try again."

    def _permit_anew(self, want: p.Want) -> None:
        revoked = self._state.revoked if self._state else 0
        self._permit = max(self._permit, revoked) + 1
        self._want = want
        self._say()

    # ── the link ─────────────────────────────────────────────────────────────────────────────────────────────────

    def attend(self, *, wait: bool = True) -> None:
        """Take what has come, notice silence, and speak where nothing else does; once in every tick."""
        self._listen()
        now = self._clock()
        if now - self._attended_at > LINK_TIMEOUT_S / 2.0:
            self._heard_at = max(self._heard_at, now)  # it was this side that did not listen, e.g. while loading
        self._attended_at = now
        # a robot that is to move holds by itself after its watchdog's time: sooner than that nothing can be wrong
        patience_s = self.describe().watchdog_s if self._want is p.Want.MOVE else self._patience_s
        if self._up and now - self._heard_at > patience_s:
            self._lose(now - self._heard_at)
        if not self._session or not self._up:
            self._hail(now)
        if self._session and self._want is not p.Want.MOVE and now - self._spoke_at > 0.5 * self._period_s:
            self._say()
            if wait and self._up:
                self._wait_for_answer()

    @property
    def _period_s(self) -> float:
        return self._description.period_s if self._description else 0.05

    def _hail(self, now: float) -> None:
        if now - self._hailed_at >= _HELLO_EVERY_S:
            self._hailed_at = now
            hello = p.Hello(client=self._client, name=self._name, role=self._asked_role, permit=self._permit)
            self._wire.send(p.encode(hello))

    def _say(self, action: FloatArray | None = None) -> None:
        if not self._session:
            return
        self._seq += 1
        now = self._spoke_at = self._clock()
        if self._role is p.Role.WATCH:
            self._wire.send(p.encode(p.Look(session=self._session, seq=self._seq, sent_at=now)))
            return
        intent = p.Intent(
            session=self._session,
            seq=self._seq,
            sent_at=now,
            due_at=self.alignment.robots(now) if self.alignment.known else None,
            want=self._want,
            permit=self._permit,
            action=None if action is None else p.pack(action),
            reset=self._resets,
            seed=self._seed,
        )
        self._wire.send(p.encode(intent))

    def _wait_for_answer(self) -> None:
        self._wait_until(lambda: self._answered >= self._seq, _ANSWER_SHARE * self._period_s)

    def _wait_until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        until = self._clock() + timeout_s
        self._listen()
        while not condition():
            left = until - self._clock()
            if left <= 0.0:
                return False
            if not self._wire.wait(min(left, _WAITS_S)) and self._clock() - self._spoke_at > self._period_s:
                self._say()
            self._listen()
        return True

    def _listen(self) -> None:
        for data in self._wire.receive():
            try:
                message = p.decode_from_robot(data)
            except p.VersionError as error:
                self._refused += 1
                if not self._up:  # a robot that has been understood speaks no other version
                    self._refuse(f"The robot speaks version {error.found} of the protocol, this window {p.VERSION}.")
                continue
            except p.ProtocolError:
                self._refused += 1
                continue
            match message:
                case p.Welcome():
                    self._welcomed(message)
                case p.Refused():
                    self._turned_away(message)
                case p.State():
                    self._take(message)

    def _refuse(self, text: str) -> None:
        self._refusal = self._trouble = text
        self._up = False

    def _turned_away(self, refused: p.Refused) -> None:
        if refused.reason is p.Reason.SESSION:
            self._session = b""
            self._hailed_at = -1e9
        else:
            self._refuse(refused.text)

    def _welcomed(self, welcome: p.Welcome) -> None:
        if self._description is not None and welcome.description != self._description:
            self._refuse(f"Another robot answers now: {welcome.description.name}. Choose it anew to go on.")
            return
        if welcome.boot != self._boot:
            # it was started anew: whatever it was allowed is void, and its clock may be another one
            self.alignment.forget()
            self._boot, self._state = welcome.boot, None
            self._resets = 0
            if self._want is not p.Want.STOP:
                self._want = p.Want.REST
        self._session, self._role = welcome.session, welcome.role
        self._refusal = ""
        self._frames_port = welcome.frames_port
        if self._description is None:
            self._description = welcome.description
            self._limits = MotionLimits(welcome.description)

    def _take(self, state: p.State) -> None:
        now = self._clock()
        newest = self._state
        values = p.unpack(state.values, len(self.describe().measures)) if self._description else None
        known = newest is None or state.seq > newest.seq
        if values is None or not known or state.boot != self._boot or not self._plausible(state, now):
            self._refused += 1
            return
        if state.echo_seq:
            self._answered = max(self._answered, state.echo_seq)
            self.alignment.add(Exchange(state.echo_sent_at, state.received_at, state.sent_at, now))
        if now - self.alignment.ours(state.sent_at) > _STALE_S:
            self._refused += 1
            return
        if state.echo_seq and now - state.echo_sent_at <= _STALE_S:
            self._heard_at = now  # what comes by itself does not say that the robot hears this window
        self._state = state
        scene = np.frombuffer(state.scene_state, "<f4").astype(np.float32)
        self._measured = Measurement(values, self.alignment.ours(state.measured_at), state.success, scene)
        self._come_up()
        self._heed_revocation(state)

    def _plausible(self, state: p.State, now: float) -> bool:
        """Whether the times in a state can be, so that nonsense never gets into the alignment of the clocks."""
        times = (state.measured_at, state.received_at, state.sent_at, state.echo_sent_at, state.speed)
        return all(map(math.isfinite, times)) and state.echo_seq <= self._seq and state.echo_sent_at <= now

    def _come_up(self) -> None:
        if not self._up and not self._refusal and self._clock() - self._heard_at <= self._patience_s:
            self._up, self._trouble = True, ""

    def _heed_revocation(self, state: p.State) -> None:
        """Follow the robot's side where it took a permit back."""
        if self._want is p.Want.STOP or state.applied == 0:
            return
        if state.mode is Mode.STOPPED and state.revoked >= self._permit:
            self._want = p.Want.STOP
        elif self.armed and state.revoked >= self._permit:
            self._held_by_itself = self._held_by_itself or state.why or "The robot held by itself."
            self._want = p.Want.HOLD if state.mode is Mode.HOLDING else p.Want.REST

    def _lose(self, silent_s: float) -> None:
        self._up = False
        self._lost += 1
        why = self._wire.trouble or f"nothing was heard of it for {silent_s:.1f} s"
        self._trouble = f"The link to {self.describe().name} is lost ({why}); it holds by itself. Trying again."
        if self.armed:
            self._want = p.Want.HOLD
            self._held_by_itself = "The link was lost."
