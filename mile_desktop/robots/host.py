"""The robot's side: which client drives, which commands are carried out, and the watchdog.

There is no socket and no thread here, and the clock is handed in: tests run every case without waiting.
"""

import math
import secrets
from collections.abc import Callable

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.robots import protocol as p
from mile_desktop.robots.connected_clients import ConnectedClient, ConnectedClients
from mile_desktop.robots.driver import Measurement, ResettingDriver, RobotDriver
from mile_desktop.robots.limits import MotionLimits
from mile_desktop.robots.modes import Mode, ModeEvent, next_mode
from mile_desktop.robots.rate_limit import TokenBucket

LEASE_S = 10.0
"""After this silence a driving window loses the robot; the next window that asks may drive."""
LATE_S = 0.15
"""A command that arrives later than this after its due time gives no permit and causes no motion."""
_BURST = 3.0
"""Number of actions that may arrive at once, for example after a short pause of the network."""
_HASTE = 1.25
"""Actions may arrive at this multiple of the control rate: clocks of two machines never agree exactly."""
_PUBLISHED_A_STEP = 4
"""States per control step that are sent without a question while the robot is armed."""
_GAP_STEPS = 2.0
"""Steps without an action after which the driver is told to keep the pose."""

Outgoing = tuple[bytes, bytes]
"""Address of a client and a message for it."""


class RobotHost:
    """Stands between a driver and all clients: checks messages, permits and limits, and holds when commands stop.

    Called by one thread: ``receive`` for every message, ``turn`` at least every few milliseconds. Both look at the
    clock first, so that a thread that was frozen itself holds the robot before it reads any old message.

    Parameters
    ----------
    driver
        Connected; stays the caller's.
    clock
        Monotonic, s.
    frames_port
        Where camera frames come from; 0 for nowhere.
    secret
        What clients must prove to know; empty where the sockets check their keys.
    why
        Why the robot is disarmed at the start; empty where nothing has happened.
    """

    def __init__(
        self,
        driver: RobotDriver,
        clock: Callable[[], float],
        *,
        frames_port: int = 0,
        secret: bytes = b"",
        why: str = "",
    ) -> None:
        self.description = driver.describe()
        self.refused = 0
        """Number of messages that could not be read, or were late, repeated, too many or not allowed."""
        self._driver = driver
        self._clock = clock
        self._frames_port = frames_port
        self._boot = secrets.token_bytes(16)
        self._limits = MotionLimits(self.description)
        self._clients = ConnectedClients(secret)
        self._driving_client: ConnectedClient | None = None
        self._mode = Mode.DISARMED
        self._why, self._reset_problem = why, ""
        self._permit = self._revoked = 0
        self._applied = self._acted = self._resets = 0
        self._executed: Float32Array = np.zeros(self.description.action_size, np.float32)
        self._seq = 0
        now = clock()
        # Without a limit a sender that floods actions would move the robot faster than its motion limits allow.
        self._actions = TokenBucket(_HASTE * self.description.rate_hz, _BURST, now)
        self._intent_at = self._acted_at = self._published_at = self._turned_at = now
        self._gap_held = True
        self._received_at = now  # for the exchange of clocks: when the message was taken from the socket
        self._measured = Measurement(np.zeros(len(self.description.measures), np.float32), now)
        self._measured = self._measure()

    @property
    def mode(self) -> Mode:
        """What the robot may do now."""
        return self._mode

    @property
    def why(self) -> str:
        """Why it is in this mode; empty where no reason is known."""
        return self._why

    @property
    def driver_name(self) -> str:
        """Name of the client that drives; empty while no client does."""
        return self._driving_client.name if self._driving_client else ""

    @property
    def measured(self) -> Measurement:
        """The newest measurement."""
        return self._measured

    @property
    def driver_address(self) -> bytes:
        """Address of the client that drives; empty while no client does."""
        return self._driving_client.address if self._driving_client else b""

    # ── what comes in ───────────────────────────────────────────────────────────────────────────────────────────────

    def receive(self, address: bytes, data: bytes) -> list[Outgoing]:
        """Handle one message from ``address`` and return the answers; no message, however broken, raises an error."""
        self._watch()  # the clock first: after a freeze this message must not move the robot
        self._received_at = self._turned_at
        try:
            message = p.decode_from_window(data)
        except p.VersionError as error:
            self.refused += 1
            text = f"The robot speaks version {p.VERSION} of the protocol, this window version {error.found}."
            return [(address, p.encode(p.Refused(reason=p.Reason.VERSION, text=f"{text} Update the older one.")))]
        except p.ProtocolError:
            self.refused += 1
            return []
        match message:
            case p.Hello():
                return [(address, p.encode(self._welcome(address, message)))]
            case p.Goodbye():
                self._handle_goodbye(message)
                return []
            case p.Intent() | p.StateRequest():
                return self._handle(address, message)

    def _welcome(self, address: bytes, hello: p.Hello) -> p.Welcome | p.Refused:
        client = self._clients.admit(address, hello, self._clock(), driven=self._driving_client is not None)
        if isinstance(client, p.Refused):
            self.refused += 1
            return client
        if hello.role is p.Role.DRIVE and self._driving_client in (None, client):
            self._make_driver(client, hello.permit)
        return p.Welcome(
            session=client.session,
            boot=self._boot,
            role=client.role,
            driver=self.driver_name,
            description=self.description,
            frames_port=self._frames_port,
        )

    def _make_driver(self, client: ConnectedClient, permit: int) -> None:
        if self._driving_client is None:
            # Permit numbers belong to one client. A new driver starts with its own, or an old permit would still count.
            self._intent_at, self._permit, self._revoked = self._clock(), permit, permit
            self._applied = self._acted = 0
        self._driving_client, client.role = client, p.Role.DRIVE
        self._revoked = max(self._revoked, permit)  # a client that returns after a restart brings no valid permit

    def _handle_goodbye(self, goodbye: p.Goodbye) -> None:
        client = self._clients.remove(goodbye.session)
        if client is not None and client is self._driving_client:
            self._release(f"{client.name} left.")

    def _handle(self, address: bytes, message: p.Intent | p.StateRequest) -> list[Outgoing]:
        client = self._clients.find(message.session)
        if client is None:
            text = "The robot no longer knows this window."
            return [(address, p.encode(p.Refused(reason=p.Reason.SESSION, text=text)))]  # it says hello again
        if message.seq <= client.seq or not math.isfinite(message.sent_at):
            self.refused += 1
            return []
        client.seq, client.address, client.heard_at = message.seq, address, self._clock()
        if isinstance(message, p.Intent):
            if client is self._driving_client:
                self._apply(message)
            elif message.want is p.RequestedMode.STOP:
                # everyone who was let in may stop the robot, however old the message is
                self._stop(f"Stopped by {client.name}, which only watches.")
            else:
                self.refused += 1
        return [(address, self._state(message))]

    # ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _apply(self, intent: p.Intent) -> None:
        now = self._clock()
        self._intent_at = now  # any intent is a heartbeat, also one that is refused below
        self._applied = intent.seq
        self._permit = max(self._permit, intent.permit)
        # A late command gives no permit: the person gave it for an earlier moment, and the scene may have changed.
        late = intent.due_at is not None and not (now - intent.due_at <= LATE_S)
        fresh = intent.permit > self._revoked and not late
        self.refused += late
        match intent.want:
            case p.RequestedMode.STOP:
                self._stop("Stopped by the operator.")
            case p.RequestedMode.REST:
                self._disarm(fresh=fresh)
            case p.RequestedMode.HOLD if fresh:
                self._arm("")
                self._hold("")
                self._reset_as_asked(intent)
            case p.RequestedMode.MOVE if fresh:
                self._move(intent, now)
            case p.RequestedMode.HOLD:
                self._hold(self._why)
            case p.RequestedMode.MOVE:
                pass  # late or revoked: without a valid command the watchdog holds the robot

    def _stop(self, why: str) -> None:
        if self._mode is not Mode.STOPPED:
            self._change(ModeEvent.STOP, why, revoke=True)
            self._command(self._driver.stop)  # after the mode: a driver that fails cannot undo it

    def _disarm(self, *, fresh: bool) -> None:
        if self._mode is Mode.STOPPED:
            if fresh:
                self._change(ModeEvent.CLEAR, "", revoke=True)
        elif self._mode is not Mode.DISARMED:
            self._command(self._driver.hold)  # while still active: a failure is then handled as a fault
            self._change(ModeEvent.DISARM, "", revoke=True)

    def _arm(self, why: str) -> None:
        if self._mode is Mode.DISARMED:
            self._change(ModeEvent.ARM, why)

    def _hold(self, why: str, *, revoke: bool = False) -> None:
        if self._mode is Mode.ACTIVE:
            self._command(self._driver.hold)
            self._gap_held = True
            self._change(ModeEvent.HOLD, why, revoke=revoke)
        elif self._mode is Mode.HOLDING and not why:
            self._why = ""

    def _move(self, intent: p.Intent, now: float) -> None:
        self._arm("")
        if self._mode is Mode.HOLDING:
            self._limits.begin(now)
            self._acted_at = now  # or the watchdog would count the time of the hold
            self._change(ModeEvent.MOVE, "")
        if self._mode is not Mode.ACTIVE or intent.action is None:
            return
        action = p.unpack(intent.action, self.description.action_size)
        if action is None or not self._actions.take(now):
            self.refused += 1
            return
        action = self._limits.cut(action, now)
        self._gap_held = False
        self._acted_at = now
        if self._command(lambda: self._driver.act(action)):
            self._acted, self._executed = intent.seq, action
            self._measured = self._measure()  # now, so that this answer shows what the action did

    def _reset_as_asked(self, intent: p.Intent) -> None:
        if intent.reset <= self._resets or self._mode is not Mode.HOLDING:
            return
        # before the reset: one that fails is not repeated by each intent
        driver, self._resets, self._reset_problem = self._driver, intent.reset, ""
        if isinstance(driver, ResettingDriver) and self.description.resets_itself:
            if not self._command(lambda: driver.reset(intent.seed)):
                self._reset_problem = self._why
            self._measured = self._measure()

    # ── watchdog and lease ──────────────────────────────────────────────────────────────────────────────────────────

    def turn(self) -> list[Outgoing]:
        """Run the watchdog and the lease; return the messages that are due."""
        self._watch()
        now = self._clock()
        due = self.description.period_s / _PUBLISHED_A_STEP
        if (
            self._driving_client is None
            or self._mode in {Mode.DISARMED, Mode.STOPPED}
            or now - self._published_at < due
        ):
            return []
        self._published_at = now
        self._measured = self._measure()
        return [(self._driving_client.address, self._state(None))]

    def disarm(self, why: str) -> None:
        """Hold and disarm because of a fault outside of the driver; the windows are told ``why``."""
        self._command(self._driver.hold)
        self._change(ModeEvent.DISARM, why, revoke=True)

    def shut_down(self) -> None:
        """Hold, disarm and forget all clients: the robot's side ends."""
        self._release("The robot's side was shut down.")
        self._clients.clear()

    def _watch(self) -> None:
        now = self._clock()
        silent_s = now - self._intent_at
        # If this thread itself stood still, messages may have waited in the socket: they must not move the robot now.
        frozen_s, self._turned_at = now - self._turned_at, now
        if self._mode is Mode.ACTIVE:
            self._watch_motion(now, silent_s, frozen_s)
        if self._driving_client is not None and silent_s > LEASE_S:
            self._release(f"{self._driving_client.name} sent nothing for {LEASE_S:g} s.")
        self._clients.forget_silent(now - LEASE_S)

    def _watch_motion(self, now: float, silent_s: float, frozen_s: float) -> None:
        # A window may send intents without actions (its policy hangs): that is silence, too.
        quiet_s = max(silent_s, now - self._acted_at)
        if frozen_s > self.description.watchdog_s:
            self._hold(f"The robot's side was frozen for {frozen_s:.1f} s; the robot holds.", revoke=True)
        elif quiet_s > self.description.watchdog_s:
            self._hold(f"No action came for {quiet_s:.2f} s; the robot held by itself.", revoke=True)
        elif quiet_s > _GAP_STEPS * self.description.period_s and not self._gap_held:
            self._gap_held = True
            self._command(self._driver.hold)

    def _release(self, why: str) -> None:
        self._driving_client = None
        if self._mode in {Mode.HOLDING, Mode.ACTIVE}:
            self._command(self._driver.hold)
            self._change(ModeEvent.DISARM, f"{why} The robot is disarmed.", revoke=True)
        # Also where it did not move: the next driver starts without permits.
        self._revoked = max(self._revoked, self._permit)

    # ── the driver ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _command(self, command: Callable[[], None]) -> bool:
        try:
            command()
        except Exception as error:  # noqa: BLE001 - a vendor's SDK may raise anything; the robot must be held then
            self._fail(error)
            return False
        return True

    def _measure(self) -> Measurement:
        try:
            found = self._driver.read_state()
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)
            return self._measured
        size = len(self.description.measures)
        if found.values.shape != (size,) or not np.isfinite(found.values).all():
            self._fail(ValueError(f"found values of shape {found.values.shape} or not finite, expected ({size},)"))
            return self._measured
        return found

    def _fail(self, error: Exception) -> None:
        why = f"{self.description.name}: {str(error) or type(error).__name__}"[:300]
        if self._mode is Mode.ACTIVE:
            self._change(ModeEvent.HOLD, why, revoke=True)
            try:
                self._driver.hold()
            except Exception as second:  # noqa: BLE001 - as above; it is reported, and no other way to hold is left
                self._why = f"{why}; it cannot even hold: {second}"[:390]
        else:
            self._why = why

    def _change(self, event: ModeEvent, why: str, *, revoke: bool = False) -> None:
        if revoke:
            self._revoked = max(self._revoked, self._permit)
        self._mode, self._why = next_mode(self._mode, event), why[:400]

    # ── what goes out ───────────────────────────────────────────────────────────────────────────────────────────────

    def _state(self, echo: p.Intent | p.StateRequest | None) -> bytes:
        now = self._clock()
        self._seq += 1
        return p.encode(
            p.State(
                seq=self._seq,
                boot=self._boot,
                mode=self._mode,
                why=self._why,
                revoked=self._revoked,
                applied=self._applied,
                acted=self._acted,
                executed=p.pack(self._executed),
                measured_at=self._measured.at,
                values=p.pack(self._measured.values),
                scene_state=p.pack(self._measured.scene_state),
                success=self._measured.success,
                reset_done=self._resets,
                reset_problem=self._reset_problem,
                driver=self.driver_name,
                speed=self._limits.speed(now) if self._mode is Mode.ACTIVE else 0.0,
                refused=self.refused,
                echo_seq=echo.seq if echo else 0,
                echo_sent_at=echo.sent_at if echo else 0.0,
                received_at=self._received_at,
                sent_at=now,
            )
        )
