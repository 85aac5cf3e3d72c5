"""A client's link to a robot's side: greeting, silence, clocks, and the check that a message is plausible."""

import math
from collections.abc import Callable

from mile_desktop.robots import protocol as p
from mile_desktop.robots.alignment import ClockAlignment, Exchange
from mile_desktop.robots.description import RobotDescription
from mile_desktop.robots.driver import NOTHING, Measurement, RobotError
from mile_desktop.robots.loopback import proof
from mile_desktop.robots.wire import Wire

_HELLO_EVERY_S = 0.25
_STALE_S = 1.0
"""A state that took longer than this to arrive says nothing about the present."""
_LONG_AGO = -1e9


class RobotLink:
    """Knows the robot at the other end, whether it receives our messages, and its newest state.

    Used by one thread; nothing here waits.

    Parameters
    ----------
    wire
        Its connection, closed by ``close``.
    clock
        Monotonic, s.
    name, client, role
        Identity of this client; see ``protocol.Hello``.
    patience_s
        Silence after which the link counts as lost, unless ``lost`` is called with another value.
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
        self.problem = ""
        """Why the link is down, or was down last."""
        self.refusal = ""
        """Why the other side refuses this client; empty if it does not."""
        self.refused = 0
        """Messages that could not be read, or were late or repeated."""
        self.losses = 0
        self.seq = self.answered = int(clock() * 1e6)
        """Number of our newest message, and of the newest that was answered. They start from the clock, so that they
        grow from one process to the next: the robot refuses numbers it has seen."""
        self._wire = wire
        self._clock = clock
        self._name = name[:80]
        self._client = client
        self._asked_role = role
        self._patience_s = patience_s
        self._boot = b""
        self._heard_at = self._attended_at = clock()
        self._greeted_at = _LONG_AGO

    @property
    def address(self) -> str:
        """Address of the robot."""
        return self._wire.address

    @property
    def driver(self) -> str:
        """Who drives the robot."""
        return self.state.driver if self.state else ""

    # ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def greet(self, permit: int, *, at_once: bool = False) -> None:
        """Say hello; at most every quarter of a second unless ``at_once``."""
        now = self._clock()
        # Repeated until an answer comes. More greetings would not bring it sooner.
        if at_once or now - self._greeted_at >= _HELLO_EVERY_S:
            self._greeted_at = now
            shown = proof(self._wire.secret, self._client)
            self.send(p.Hello(client=self._client, name=self._name, role=self._asked_role, permit=permit, proof=shown))

    def send(self, message: p.FromWindow) -> None:
        """Send a message. One that cannot be sent is dropped: the next one replaces it."""
        self._wire.send(p.encode(message))

    def wait(self, timeout_s: float) -> bool:
        """Wait at most ``timeout_s`` for a message."""
        return self._wire.wait(timeout_s)

    def close(self) -> None:
        """Say goodbye and close the connection."""
        if self.session:
            self.send(p.Goodbye(session=self.session))
        self._wire.close()

    # ── receiving ───────────────────────────────────────────────────────────────────────────────────────────────────

    def listen(self) -> tuple[list[p.State], bool]:
        """Handle what has arrived; return the new states, and whether the robot's side was restarted."""
        states: list[p.State] = []
        restarted = False
        # All that waits: a state that is left in the queue would be old in the next tick.
        for data in self._wire.receive():
            message = self._decoded(data)
            match message:
                case p.Welcome():
                    restarted = self._handle_welcome(message) or restarted
                case p.Refused():
                    self._handle_refusal(message)
                case p.State() if self._take(message):
                    states.append(message)
        return states, restarted

    def _decoded(self, data: bytes) -> p.FromRobot | None:
        try:
            return p.decode_from_robot(data)
        except p.VersionError as error:
            if not self.up:  # a robot whose messages we could read does not change its version
                self._refuse(f"The robot speaks version {error.found} of the protocol, this window {p.VERSION}.")
        except p.ProtocolError:
            pass  # counted below as a refused message
        self.refused += 1
        return None

    def lost(self, patience_s: float | None = None) -> bool:
        """Check the clock, once in every tick; return whether the link was lost just now."""
        now = self._clock()
        if now - self._attended_at > self._patience_s / 2.0:
            # This side did not read for a while (for example it loaded a policy): that is no silence of the robot.
            self._heard_at = max(self._heard_at, now)
        # After the test above, which compares with the last tick.
        self._attended_at = now
        silent_s = now - self._heard_at
        if not self.up or silent_s <= (self._patience_s if patience_s is None else patience_s):
            return False
        # Once for each loss: ``lost`` returns True only in the tick in which it is noticed.
        self.up = False
        self.losses += 1
        why = self._wire.problem or f"no message for {silent_s:.1f} s"
        name = self.description.name if self.description else self.address
        self.problem = f"The link to {name} is lost ({why}); the robot holds. Trying again."
        return True

    def permanent_problem(self) -> str:
        """Return why waiting for the robot cannot help, or an empty string."""
        # With a session the refusal belongs to an earlier attempt.
        if self.refusal and not self.session:
            return self.refusal
        return self.unreachable if self._wire.refused else ""

    @property
    def unreachable(self) -> str:
        """Why the robot cannot be reached, as far as it is known."""
        return self.refusal or f"{self.address} cannot be used: {self._wire.problem or 'the robot does not answer'}."

    def _refuse(self, text: str) -> None:
        self.refusal = self.problem = text
        self.up = False

    def _handle_refusal(self, refused: p.Refused) -> None:
        if refused.reason is p.Reason.SESSION:
            self.session = b""
            # Greet in the next tick and not after the usual pause: the robot does not know this window any more.
            self._greeted_at = _LONG_AGO
        else:
            self._refuse(refused.text)

    def _handle_welcome(self, welcome: p.Welcome) -> bool:
        """Store the robot's identity; return whether its side was restarted."""
        # The address may have gone to another robot. Its actions could mean something else.
        if self.description is not None and welcome.description != self.description:
            self._refuse(f"Another robot answers now: {welcome.description.name}. Select it again to continue.")
            return False
        restarted = welcome.boot != self._boot
        if restarted:
            self.alignment.forget()  # after a restart its monotonic clock starts from another value
            self._boot, self.state = welcome.boot, None
        self.session, self.role = welcome.session, welcome.role
        self.refusal = ""
        self.frames_port = welcome.frames_port
        self.description = welcome.description
        return restarted

    def _take(self, state: p.State) -> bool:
        """Keep a state that is new and plausible; return whether it was kept."""
        now = self._clock()
        measured = self._measurement(state) if self._plausible(state, now) else None
        if measured is None:
            self.refused += 1
            return False
        if state.echo_seq:
            # The clock exchange is used even if the state is too old below: its own times say how good it is.
            self.answered = max(self.answered, state.echo_seq)
            self.alignment.add(Exchange(state.echo_sent_at, state.received_at, state.sent_at, now))
        if now - self.alignment.ours(state.sent_at) > _STALE_S:
            self.refused += 1
            return False
        if state.echo_seq and now - state.echo_sent_at <= _STALE_S:
            self._heard_at = now  # only an answer proves that our messages reach the robot
        self.state, self.measured = state, measured
        # Up again only after an answer, because a state alone proves one direction.
        if not self.up and not self.refusal and now - self._heard_at <= self._patience_s:
            self.up, self.problem = True, ""
        return True

    def _plausible(self, state: p.State, now: float) -> bool:
        """Whether a state is new and its times are possible: a wrong time would spoil the alignment of the clocks."""
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
        """Return the robot's description; raises ``RobotError`` before it has arrived."""
        if self.description is None:
            raise RobotError("The robot has not described itself yet; connect first.")
        return self.description
