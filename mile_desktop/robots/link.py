"""A client's link to a robot's side: hello, silence, clocks, and only those messages that can be true."""

import math
from collections.abc import Callable

from mile_desktop.robots import protocol as p
from mile_desktop.robots.alignment import ClockAlignment, Exchange
from mile_desktop.robots.description import RobotDescription
from mile_desktop.robots.driver import NOTHING, Measurement, RobotError
from mile_desktop.robots.wire import Wire

_HELLO_EVERY_S = 0.25
_STALE_S = 1.0
"""A state that was on the way for so long says nothing about now."""
_LONG_AGO = -1e9


class RobotLink:
    """Knows who is at the other end, whether it hears this side, and the newest of what it said.

    Used by one thread; nothing here waits.

    Parameters
    ----------
    wire
        Its connection, closed by ``close``.
    clock
        Monotonic, s.
    name, client, role
        Who says hello; see ``protocol.Hello``.
    patience_s
        Silence after which the link counts as lost, where ``lost`` is not told another.
    """

    def __init__(
        self,
        wire: Wire,
        clock: Callable[[], float],
        *,
        name: str,
        client: bytes,
        role: p.Role,
        patience_s: float,
    ) -> None:
        self.alignment = ClockAlignment()
        self.description: RobotDescription | None = None
        self.session = b""
        self.role = role
        self.frames_port = 0
        self.state: p.State | None = None
        """The newest."""
        self.measured: Measurement | None = None
        self.up = False
        self.trouble = ""
        """Why it is down, or was last."""
        self.refusal = ""
        """Why the other side does not want to be understood; empty where it does."""
        self.refused = 0
        """Messages that were none, late or repeated."""
        self.losses = 0
        self.seq = self.answered = int(clock() * 1e6)
        """Number of the newest message of this side, and of the newest that was answered; grow from one process to the
        next, too."""
        self._wire = wire
        self._clock = clock
        self._name = name[:80]
        self._client = client
        self._asked_role = role
        self._patience_s = patience_s
        self._boot = b""
        self._heard_at = self._attended_at = clock()
        self._hailed_at = _LONG_AGO

    @property
    def address(self) -> str:
        """What is at the other end."""
        return self._wire.address

    @property
    def driver(self) -> str:
        """Who drives the robot."""
        return self.state.driver if self.state else ""

    # ── speaking ─────────────────────────────────────────────────────────────────────────────────────────────────

    def hail(self, permit: int, *, now_at_any_rate: bool = False) -> None:
        """Say hello, not too often."""
        now = self._clock()
        if now_at_any_rate or now - self._hailed_at >= _HELLO_EVERY_S:
            self._hailed_at = now
            self.send(p.Hello(client=self._client, name=self._name, role=self._asked_role, permit=permit))

    def send(self, message: p.FromWindow) -> None:
        """Send a message; what cannot be sent is replaced by the next."""
        self._wire.send(p.encode(message))

    def wait(self, timeout_s: float) -> bool:
        """Wait for something to arrive, at most so long."""
        return self._wire.wait(timeout_s)

    def close(self) -> None:
        """Say goodbye and hang up."""
        if self.session:
            self.send(p.Goodbye(session=self.session))
        self._wire.close()

    # ── listening ────────────────────────────────────────────────────────────────────────────────────────────────

    def listen(self) -> tuple[list[p.State], bool]:
        """Take what has arrived; return the new states, and whether the robot's side was started anew."""
        states: list[p.State] = []
        restarted = False
        for data in self._wire.receive():
            message = self._understood(data)
            match message:
                case p.Welcome():
                    restarted = self._welcomed(message) or restarted
                case p.Refused():
                    self._turned_away(message)
                case p.State() if self._take(message):
                    states.append(message)
        return states, restarted

    def _understood(self, data: bytes) -> p.FromRobot | None:
        try:
            return p.decode_from_robot(data)
        except p.VersionError as error:
            if not self.up:  # a robot that has been understood speaks no other version
                self._refuse(f"The robot speaks version {error.found} of the protocol, this window {p.VERSION}.")
        except p.ProtocolError:
            pass  # counted as any other that is of no use
        self.refused += 1
        return None

    def lost(self, patience_s: float | None = None) -> bool:
        """Look at the clock, once in every tick; return whether the link has just been lost."""
        now = self._clock()
        if now - self._attended_at > self._patience_s / 2.0:
            self._heard_at = max(self._heard_at, now)  # it was this side that did not listen, e.g. while loading
        self._attended_at = now
        silent_s = now - self._heard_at
        if not self.up or silent_s <= (self._patience_s if patience_s is None else patience_s):
            return False
        self.up = False
        self.losses += 1
        why = self._wire.trouble or f"nothing was heard of it for {silent_s:.1f} s"
        name = self.description.name if self.description else self.address
        self.trouble = f"The link to {name} is lost ({why}); it holds by itself. Trying again."
        return True

    def hopeless(self) -> str:
        """Return why waiting for the robot is of no use, or an empty string."""
        if self.refusal and not self.session:
            return self.refusal
        return self.unreachable if self._wire.refused else ""

    @property
    def unreachable(self) -> str:
        """Why it cannot be reached, as far as that is known."""
        return self.refusal or f"{self.address} cannot be used: {self._wire.trouble or 'the robot does not answer'}."

    def _refuse(self, text: str) -> None:
        self.refusal = self.trouble = text
        self.up = False

    def _turned_away(self, refused: p.Refused) -> None:
        if refused.reason is p.Reason.SESSION:
            self.session = b""
            self._hailed_at = _LONG_AGO
        else:
            self._refuse(refused.text)

    def _welcomed(self, welcome: p.Welcome) -> bool:
        """Note who answers; return whether its side was started anew."""
        if self.description is not None and welcome.description != self.description:
            self._refuse(f"Another robot answers now: {welcome.description.name}. Choose it anew to go on.")
            return False
        restarted = welcome.boot != self._boot
        if restarted:
            self.alignment.forget()  # its clock may be another one
            self._boot, self.state = welcome.boot, None
        self.session, self.role = welcome.session, welcome.role
        self.refusal = ""
        self.frames_port = welcome.frames_port
        self.description = welcome.description
        return restarted

    def _take(self, state: p.State) -> bool:
        """Keep a state that is new and can be true; return whether it is."""
        now = self._clock()
        measured = self._measurement(state) if self._plausible(state, now) else None
        if measured is None:
            self.refused += 1
            return False
        if state.echo_seq:
            self.answered = max(self.answered, state.echo_seq)
            self.alignment.add(Exchange(state.echo_sent_at, state.received_at, state.sent_at, now))
        if now - self.alignment.ours(state.sent_at) > _STALE_S:
            self.refused += 1
            return False
        if state.echo_seq and now - state.echo_sent_at <= _STALE_S:
            self._heard_at = now  # what comes by itself does not say that the robot hears this window
        self.state, self.measured = state, measured
        if not self.up and not self.refusal and now - self._heard_at <= self._patience_s:
            self.up, self.trouble = True, ""
        return True

    def _plausible(self, state: p.State, now: float) -> bool:
        """Whether a state is new and its times can be, so that no nonsense gets into the alignment of the clocks."""
        times = (state.measured_at, state.received_at, state.sent_at, state.echo_sent_at, state.speed)
        if not all(map(math.isfinite, times)) or state.echo_seq > self.seq or state.echo_sent_at > now:
            return False
        return state.boot == self._boot and (self.state is None or state.seq > self.state.seq)

    def _measurement(self, state: p.State) -> Measurement | None:
        if self.description is None:
            return None
        values = p.unpack(state.values, len(self.description.measures))
        scene = p.unpack(state.scene_state, self.description.scene_state_size) if state.scene_state else NOTHING
        if values is None or scene is None:
            return None
        return Measurement(values, self.alignment.ours(state.measured_at), state.success, scene)

    def describe(self) -> RobotDescription:
        """Return what the robot said of itself; raises ``RobotError`` before it did."""
        if self.description is None:
            raise RobotError("The robot has not said yet what it is; connect first.")
        return self.description
