"""Capture of one camera: opens the source (again after every loss), passes frames on, and measures its health."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from mile_desktop.cameras.backoff import Backoff
from mile_desktop.cameras.errors import CameraEndedError, CameraError, CameraLostError
from mile_desktop.cameras.health import Health
from mile_desktop.cameras.messages import CameraState, CameraStatus
from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.cameras.source import FrameSource, Picture
from mile_desktop.cameras.sources import OpenSource, open_source
from mile_desktop.cameras.transform import transformed
from mile_desktop.channels.watched_thread import WatchedThread

Sink = Callable[[Picture], None]

_EARLY = 0.25
"""With a limited rate, a frame may come this share of a period early: cameras do not keep time exactly."""
_DAMAGED_S = 5.0
"""After this time with only damaged frames the source is opened again."""
_SETTLED_S = 5.0
"""A source that has worked for this time is opened again at once when it is lost: its backoff starts again."""


@dataclass(frozen=True, slots=True)
class _CaptureState:
    """State of the capture; replaced as a whole, so that other threads read one consistent snapshot without a lock."""

    state: CameraState = CameraState.CONNECTING
    text: str = ""
    retry_at: float = 0.0


class Capture:
    """Reads one source on its own thread and passes every frame to ``sinks``.

    ``configure``, ``status``, ``stuck_s`` and ``stop`` are for the process's main thread. The sinks are called on the
    capture thread and must return soon. After every error of the camera the source is opened again, with a wait that
    doubles each time (``Backoff``); no such error ends the thread.
    """

    def __init__(
        self,
        settings: CameraSettings,
        sinks: tuple[Sink, ...],
        *,
        opener: OpenSource = open_source,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._sinks = sinks
        # Opener, backoff and clock can be replaced: tests take a source that fails at known moments.
        self._opener = opener
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._health = Health()
        self._state = _CaptureState()
        self._reconnects = 0
        self._size = (0, 0)
        self._stopping = False
        self._reopen = False
        self._wake = threading.Condition()
        # Written by the capture thread and read by the main thread without a lock: one reference is replaced in one
        # step.
        self._busy_since: float | None = None
        self._due_s = -1e9
        self._good_s = 0.0
        self._opened_s = 0.0
        self._failure: Exception | None = None
        self._thread = WatchedThread(self._run, "capture")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> bool:
        """Ask the thread to end; return whether it has ended within ``timeout_s``."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        return self._thread.join(timeout_s)

    def configure(self, settings: CameraSettings) -> None:
        """Use ``settings`` from the next frame on; the source is opened again if it must be."""
        with self._wake:
            # Not reset by a second change that needs no opening: the first one is still to be done.
            self._reopen = self._reopen or not settings.opens_like(self._settings)
            self._settings = settings
            if self._reopen:
                # A person has just changed the address and should not wait for the end of a long pause.
                self._backoff.reset()
                self._wake.notify()

    @property
    def failure(self) -> Exception | None:
        """The unexpected error that ended the thread; None if there was none."""
        if self._failure is None and self._thread.failure:  # also what is no ``Exception``, such as a ``SystemExit``
            return CameraError(f"The capture ended by an error ({self._thread.failure}).")
        return self._failure

    @property
    def stuck_s(self) -> float:
        """Time that the thread has spent in the present call of the source, s; 0 outside of calls."""
        # Copied first: the other thread may set it to None between the test and the difference.
        since = self._busy_since
        return 0.0 if since is None else self._clock() - since

    def status(self) -> CameraStatus:
        """Return one snapshot of state and figures."""
        now, standing, health = self._clock(), self._state, self._health
        width, height = self._size
        return CameraStatus(
            state=standing.state,
            text=standing.text,
            retry_in_s=max(0.0, standing.retry_at - now) if standing.retry_at else 0.0,
            width=width,
            height=height,
            rate_hz=health.rate_hz(now),
            latency_ms=health.latency_ms(now),
            dropped=health.dropped,
            damaged=health.damaged,
            reconnects=self._reconnects,
            unchanged_s=health.unchanged_s(),
        )

    # ── the capture thread ───────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        while not self._stopping:
            # Before opening: a change that arrives during it must open the source once more.
            self._reopen = False
            try:
                self._play()
            except CameraEndedError as error:
                self._state = _CaptureState(CameraState.ENDED, str(error))
                # Without a limit: only a person can start it again, by another setting or by the end.
                self._wait(None)
            except CameraError as error:
                self._lose(str(error))
            except Exception as error:  # noqa: BLE001 (the main thread raises it again, and the process ends)
                self._failure = error
                return

    def _play(self) -> None:
        """Read until the source is lost, ends or must be opened again."""
        # The text of the last failure stays while it is tried again, so that the reason does not flicker.
        self._state = _CaptureState(CameraState.CONNECTING, self._state.text)
        self._busy_since = self._clock()
        try:
            source = self._opener(self._settings)
            self._opened_s = self._good_s = self._clock()
            try:
                while not (self._stopping or self._reopen):
                    self._busy_since = self._clock()
                    picture = source.read()
                    self._busy_since = None
                    self._take(picture)
            finally:
                # Closing counts as a call of the source as well. A driver can hang there like in a read.
                self._close(source)
        finally:
            self._busy_since = None

    def _close(self, source: FrameSource) -> None:
        self._busy_since = self._clock()
        source.close()

    def _take(self, picture: Picture | None) -> None:
        if picture is None:
            self._health.damaged += 1
            if self._clock() - self._good_s > _DAMAGED_S:
                raise CameraLostError(f"Only damaged frames arrived for {_DAMAGED_S:.0f} s.")
            return
        self._good_s = self._clock()
        if self._state.state is not CameraState.LIVE:
            self._state = _CaptureState(CameraState.LIVE)
        # Not after the first picture: a camera that fails after a second each time would be opened twice a second.
        if self._good_s - self._opened_s > _SETTLED_S:
            self._backoff.reset()
        settings = self._settings
        if settings.rate_hz and not self._is_due(picture.timestamp, 1.0 / settings.rate_hz):
            return
        self._health.arrived(picture)
        shown = Picture(transformed(picture.pixels, settings), picture.timestamp)
        self._size = shown.pixels.shape[1], shown.pixels.shape[0]
        # On this thread, so that a picture is in shared memory before the next one is read.
        for sink in self._sinks:
            sink(shown)
        self._health.published(self._clock(), picture.timestamp)

    def _is_due(self, moment: float, period_s: float) -> bool:
        """Whether the limited rate lets a frame of that moment through; a late frame does not delay the next one."""
        if moment < self._due_s - _EARLY * period_s:
            return False
        # Counted from the due time and not from the frame, so that the mean rate is right although single frames come
        # early.
        self._due_s = max(self._due_s, moment - period_s) + period_s
        return True

    def _lose(self, text: str) -> None:
        # A failed attempt to open is not another loss.
        if self._state.state is CameraState.LIVE:
            self._reconnects += 1
        self._health.interrupted()
        wait_s = self._backoff.next_s()
        self._state = _CaptureState(CameraState.LOST, text, self._clock() + wait_s)
        self._wait(wait_s)

    def _wait(self, timeout_s: float | None) -> None:
        """Wait until the thread must stop or open the source again, at most ``timeout_s``."""
        with self._wake:
            self._wake.wait_for(self._has_reason, timeout_s)

    def _has_reason(self) -> bool:
        return self._stopping or self._reopen
