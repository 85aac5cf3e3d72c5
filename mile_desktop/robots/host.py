"""The robot's side: who drives, what is obeyed, and the watchdog. No socket, no thread; time comes in from outside."""

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.robots import protocol as p
from mile_desktop.robots.driver import Measurement, ResettingDriver, RobotDriver
from mile_desktop.robots.limits import MotionLimits
from mile_desktop.robots.modes import Mode, ModeEvent, next_mode

LEASE_S = 10.0
"""A driver that was silent for so long has lost the robot to whoever asks next."""
MAX_CLIENTS = 32
LATE_S = 0.15
"""What comes later than this after its time permits nothing and moves nothing."""
_BURST = 3.0
"""So many actions may come at once, e.g. after a hiccup of the network."""
_HASTE = 1.25
"""Actions may come this much faster than the control rate."""
_PUBLISHED_A_STEP = 4
"""States that are sent by themselves in one control step while the robot is armed."""
_GAP_STEPS = 2.0
"""Steps without an action after which the driver is told to keep the pose."""

Outgoing = tuple[bytes, bytes]
"""Address of a client and a message for it."""


@dataclass(slots=True, eq=False)
class _Client:
    """Somebody who said hello."""

    client: bytes
    session: bytes
    address: bytes
    name: str
    role: p.Role
    heard_at: float
    seq: int = 0


class RobotHost:
    """Stands between a driver and everybody who wants something of it.

    Called by one thread: ``receive`` for every message, ``turn`` at least every few milliseconds, ``overslept`` before
    anything else when the thread itself may have been frozen.

    Parameters
    ----------
    driver
        Connected; stays the caller's.
    clock
        Monotonic, s.
    frames_port
        Where camera frames come from; 0 for nowhere.
    """

    def __init__(self, driver: RobotDriver, clock: Callable[[], float], *, frames_port: int = 0) -> None:
        self.description = driver.describe()
        self.refused = 0
        """Messages that were none, late, repeated, too many or not allowed."""
        self._driver = driver
        self._clock = clock
        self._frames_port = frames_port
        self._boot = secrets.token_bytes(16)
        self._limits = MotionLimits(self.description)
        self._clients: dict[bytes, _Client] = {}
        self._drives: _Client | None = None
        self._mode = Mode.DISARMED
        self._why = ""
        self._permit = self._revoked = 0
        self._applied = self._acted = self._resets = 0
        self._executed: Float32Array = np.zeros(self.description.action_size, np.float32)
        self._seq = 0
        self._credit = _BURST
        now = clock()
        self._credited_at = self._obeyed_at = self._acted_at = self._published_at = self._turned_at = now
        self._gap_held = True
        self._received_at = now
        self._measured = Measurement(np.zeros(len(self.description.measures), np.float32), now)
        self._measured = self._measure()

    @property
    def mode(self) -> Mode:
        """What is let happen now."""
        return self._mode

    @property
    def why(self) -> str:
        """Why it is in this mode, where there is something to say."""
        return self._why

    @property
    def driver_name(self) -> str:
        """Who drives; empty while nobody does."""
        return self._drives.name if self._drives else ""

    @property
    def measured(self) -> Measurement:
        """The newest measurement."""
        return self._measured

    # ── what comes in ────────────────────────────────────────────────────────────────────────────────────────────

    def receive(self, address: bytes, data: bytes) -> list[Outgoing]:
        """Heed one message from ``address`` and return the answers; whatever comes in, nothing is raised."""
        self._watch()
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
                self._leave(message)
                return []
            case p.Intent() | p.Look():
                return self._heed(address, message)

    def _welcome(self, address: bytes, hello: p.Hello) -> p.Welcome | p.Refused:
        client = next((each for each in self._clients.values() if each.client == hello.client), None)
        if client is None:
            if len(self._clients) >= MAX_CLIENTS:
                self.refused += 1
                return p.Refused(reason=p.Reason.BUSY, text="Too many windows look at this robot; close one.")
            client = _Client(hello.client, secrets.token_bytes(16), address, hello.name, p.Role.WATCH, self._clock())
            self._clients[client.session] = client
        client.address, client.heard_at = address, self._clock()
        if hello.role is p.Role.DRIVE and self._drives in (None, client):
            self._let_drive(client, hello.permit)
        return p.Welcome(
            session=client.session,
            boot=self._boot,
            role=client.role,
            driver=self.driver_name,
            description=self.description,
            frames_port=self._frames_port,
        )

    def _let_drive(self, client: _Client, permit: int) -> None:
        if self._drives is None:
            # permits are numbers of one driver's: the next one begins with its own
            self._obeyed_at, self._permit, self._revoked = self._clock(), permit, permit
            self._applied = self._acted = 0
        self._drives, client.role = client, p.Role.DRIVE
        self._revoked = max(self._revoked, permit)

    def _leave(self, goodbye: p.Goodbye) -> None:
        client = self._clients.pop(goodbye.session, None)
        if client is not None and client is self._drives:
            self._release(f"{client.name} left.")

    def _heed(self, address: bytes, message: p.Intent | p.Look) -> list[Outgoing]:
        client = self._clients.get(message.session)
        if client is None:
            text = "The robot does not know this window any more."
            return [(address, p.encode(p.Refused(reason=p.Reason.SESSION, text=text)))]
        if message.seq <= client.seq or not math.isfinite(message.sent_at):
            self.refused += 1
            return []
        client.seq, client.address, client.heard_at = message.seq, address, self._clock()
        if isinstance(message, p.Intent):
            if client is self._drives:
                self._obey(message)
            else:
                self.refused += 1
        return [(address, self._state(message))]

    # ── what is obeyed ───────────────────────────────────────────────────────────────────────────────────────────

    def _obey(self, intent: p.Intent) -> None:
        now = self._clock()
        self._obeyed_at = now
        self._applied = intent.seq
        self._permit = max(self._permit, intent.permit)
        # what comes late permits nothing any more: the person may have meant another moment
        late = intent.due_at is not None and not (now - intent.due_at <= LATE_S)
        fresh = intent.permit > self._revoked and not late
        self.refused += late
        match intent.want:
            case p.Want.STOP:
                self._stop()
            case p.Want.REST:
                self._rest(fresh=fresh)
            case p.Want.HOLD if fresh:
                self._arm("")
                self._hold("")
                self._reset_as_asked(intent)
            case p.Want.MOVE if fresh:
                self._move(intent, now)
            case p.Want.HOLD:
                self._hold(self._why)
            case p.Want.MOVE:
                pass  # late or void: the watchdog sees to it that the robot holds

    def _stop(self) -> None:
        if self._mode is not Mode.STOPPED:
            self._change(ModeEvent.STOP, "Stopped by the operator.", revoke=True)
            self._tell(self._driver.stop)

    def _rest(self, *, fresh: bool) -> None:
        if self._mode is Mode.STOPPED:
            if fresh:
                self._change(ModeEvent.CLEAR, "", revoke=True)
        elif self._mode is not Mode.DISARMED:
            self._tell(self._driver.hold)
            self._change(ModeEvent.DISARM, "", revoke=True)

    def _arm(self, why: str) -> None:
        if self._mode is Mode.DISARMED:
            self._change(ModeEvent.ARM, why)

    def _hold(self, why: str, *, revoke: bool = False) -> None:
        if self._mode is Mode.ACTIVE:
            self._tell(self._driver.hold)
            self._gap_held = True
            self._change(ModeEvent.HOLD, why, revoke=revoke)
        elif self._mode is Mode.HOLDING and not why:
            self._why = ""

    def _move(self, intent: p.Intent, now: float) -> None:
        self._arm("")
        if self._mode is Mode.HOLDING:
            self._limits.begin(now)
            self._acted_at = now
            self._change(ModeEvent.MOVE, "")
        if self._mode is not Mode.ACTIVE or intent.action is None:
            return
        action = p.unpack(intent.action, self.description.action_size)
        if action is None or not self._may_act(now):
            self.refused += 1
            return
        action = self._limits.cut(action, now)
        self._gap_held = False
        self._acted_at = now
        if self._tell(lambda: self._driver.act(action)):
            self._acted, self._executed = intent.seq, action
            self._measured = self._measure()

    def _may_act(self, now: float) -> bool:
        """Allow actions at the control rate and a little haste, so that no sender makes the robot hurry."""
        rate_hz = _HASTE * self.description.rate_hz
        self._credit = min(_BURST, self._credit + (now - self._credited_at) * rate_hz)
        self._credited_at = now
        if self._credit < 1.0:
            return False
        self._credit -= 1.0
        return True

    def _reset_as_asked(self, intent: p.Intent) -> None:
        if intent.reset <= self._resets or self._mode is not Mode.HOLDING:
            return
        self._resets = intent.reset
        if isinstance(self._driver, ResettingDriver) and self.description.resets_itself:
            driver = self._driver
            self._tell(lambda: driver.reset(intent.seed))
            self._measured = self._measure()

    # ── what happens by itself ───────────────────────────────────────────────────────────────────────────────────

    def turn(self) -> list[Outgoing]:
        """Look after the watchdog, the lease and what is due to be sent; return it."""
        self._watch()
        now = self._clock()
        due = self.description.period_s / _PUBLISHED_A_STEP
        if self._drives is None or self._mode in {Mode.DISARMED, Mode.STOPPED} or now - self._published_at < due:
            return []
        self._published_at = now
        self._measured = self._measure()
        return [(self._drives.address, self._state(None))]

    def let_go(self) -> None:
        """Hold, disarm and forget everybody: the robot's side ends."""
        self._release("The robot's side was shut down.")
        self._clients.clear()

    def _watch(self) -> None:
        now = self._clock()
        silent_s = now - self._obeyed_at
        frozen_s, self._turned_at = now - self._turned_at, now
        if self._mode is Mode.ACTIVE:
            self._watch_motion(now, silent_s, frozen_s)
        if self._drives is not None and silent_s > LEASE_S:
            self._release(f"{self._drives.name} was not heard of for {LEASE_S:g} s.")
        gone = [each for each in self._clients.values() if now - each.heard_at > LEASE_S]
        for client in gone:
            del self._clients[client.session]

    def _watch_motion(self, now: float, silent_s: float, frozen_s: float) -> None:
        quiet_s = max(silent_s, now - self._acted_at)
        if frozen_s > self.description.watchdog_s:
            self._hold(f"The robot's side stood still for {frozen_s:.1f} s; it holds.", revoke=True)
        elif quiet_s > self.description.watchdog_s:
            self._hold(f"No action came for {quiet_s:.2f} s; the robot held by itself.", revoke=True)
        elif quiet_s > _GAP_STEPS * self.description.period_s and not self._gap_held:
            self._gap_held = True
            self._tell(self._driver.hold)

    def _release(self, why: str) -> None:
        self._drives = None
        if self._mode in {Mode.HOLDING, Mode.ACTIVE}:
            self._tell(self._driver.hold)
            self._change(ModeEvent.DISARM, f"{why} The robot is disarmed.", revoke=True)
        self._revoked = max(self._revoked, self._permit)

    # ── the driver ───────────────────────────────────────────────────────────────────────────────────────────────

    def _tell(self, command: Callable[[], None]) -> bool:
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
            self._fail(ValueError(f"it measured {found.values.shape} or something not finite, expected ({size},)"))
            return self._measured
        return found

    def _fail(self, error: Exception) -> None:
        why = f"{self.description.name}: {str(error) or type(error).__name__}"[:300]
        if self._mode is Mode.ACTIVE:
            self._change(ModeEvent.HOLD, why, revoke=True)
            try:
                self._driver.hold()
            except Exception as second:  # noqa: BLE001 - as above; it is said and there is nothing else to try
                self._why = f"{why}; it cannot even hold: {second}"[:390]
        else:
            self._why = why

    def _change(self, event: ModeEvent, why: str, *, revoke: bool = False) -> None:
        if revoke:
            self._revoked = max(self._revoked, self._permit)
        self._mode, self._why = next_mode(self._mode, event), why[:400]

    # ── what goes out ────────────────────────────────────────────────────────────────────────────────────────────

    def _state(self, echo: p.Intent | p.Look | None) -> bytes:
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
                driver=self.driver_name,
                speed=self._limits.speed(now) if self._mode is Mode.ACTIVE else 0.0,
                refused=self.refused,
                echo_seq=echo.seq if echo else 0,
                echo_sent_at=echo.sent_at if echo else 0.0,
                received_at=self._received_at,
                sent_at=now,
            )
        )
