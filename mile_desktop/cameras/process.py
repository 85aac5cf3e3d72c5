"""The capture process: one camera; frames go to shared memory, videos to the disk."""

import os
import sys
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from mile_desktop.cameras.address import redacted
from mile_desktop.cameras.capture import Capture
from mile_desktop.cameras.errors import CameraError
from mile_desktop.cameras.messages import (
    CameraNote,
    CameraStatus,
    Command,
    Configure,
    StartRecording,
    StopRecording,
)
from mile_desktop.cameras.recorder import VideoRecorder
from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.cameras.source import Picture
from mile_desktop.channels.endpoint import Endpoint
from mile_desktop.channels.messages import Shutdown
from mile_desktop.channels.process import ChildFailed
from mile_desktop.channels.shared import FrameRing

STUCK_S = 12.0
"""A source call that takes longer than this never returns: the process ends, and the window starts a new one."""
STUCK_EXIT_CODE = 71
_HANGS = "a call of its source does not return"
_STATUS_PERIOD_S = 0.2
_NICENESS = 5


def run_camera(connection: Connection, ring_name: str, settings: CameraSettings, stuck_s: float = STUCK_S) -> None:
    """Run a capture process; it ends on ``Shutdown``, when the window is gone, or when its source hangs for ever.

    Parameters
    ----------
    connection
        Takes ``messages.Command`` and sends ``messages.Event``.
    ring_name
        Name of the ``FrameRing`` for the pictures.
    settings
        Settings of the camera.
    stuck_s
        Longest time for one call of the source, s; must be longer than the source's own timeouts.
    """
    if sys.platform != "win32":
        os.nice(_NICENESS)  # before any thread starts, so that all threads inherit it: the control loop has priority
    with ExitStack() as stack:
        endpoint = stack.enter_context(Endpoint[Command](connection, Command, newest_wins=(CameraStatus,)))
        ring = stack.enter_context(FrameRing.attach(ring_name))
        camera = Camera(endpoint, ring, settings, stuck_s=stuck_s)
        try:
            if not camera.run():
                # Written directly: the endpoint is closed, and the process ends without cleaning up.
                connection.send_bytes(msgspec.msgpack.encode(ChildFailed(f"{_HANGS} ({stuck_s:.0f} s)")))
                # A thread that hangs in C code cannot be ended, and an ordinary exit would wait for the driver.
                os._exit(STUCK_EXIT_CODE)
        except Exception as error:  # noqa: BLE001 (raised again with another text)
            # The original text or traceback may contain an address with a password.
            raise CameraError(redacted(f"{type(error).__name__}: {error}")) from None


class Camera:
    """Handles commands of the window and watches the capture thread; used by the process's main thread."""

    def __init__(
        self, endpoint: Endpoint[Command], ring: FrameRing, settings: CameraSettings, *, stuck_s: float = STUCK_S
    ) -> None:
        self._endpoint = endpoint
        self._ring = ring
        self._stuck_s = stuck_s
        self._recorder = VideoRecorder(self._show_error)
        self._capture = Capture(settings, (self._publish, self._recorder.offer))
        self._running = True

    def run(self) -> bool:
        """Capture until the window ends it; return whether the capture thread has ended, too.

        If it has not (its source hangs in C code), only the end of the process ends it. All messages have been written.
        """
        self._capture.start()
        hangs = False
        while self._running and not self._endpoint.closed and not hangs:
            # The status is sent in this rhythm even if nothing changes: the window takes silence for a hanging process.
            self._endpoint.wait(_STATUS_PERIOD_S)
            for command in self._endpoint.receive():
                self._handle(command)
            self._endpoint.send(self._status())
            if self._capture.failure is not None:
                raise self._capture.failure
            hangs = self._capture.stuck_s > self._stuck_s
        stopped = not hangs and self._capture.stop()
        # Also after a hang: what was recorded until then is completed.
        self._recorder.close()
        # Before the result is returned, because the caller may end the process at once.
        self._endpoint.close()
        return stopped

    def _handle(self, command: Command) -> None:
        match command:
            case Configure(settings=settings):
                self._capture.configure(settings)
            case StartRecording(path=path, since=since):
                self._recorder.start(Path(path), since)
            case StopRecording():
                self._recorder.stop()
            case Shutdown():
                self._running = False

    def _status(self) -> CameraStatus:
        recorded = self._recorder.recorded
        return msgspec.structs.replace(
            self._capture.status(),
            recording=recorded.file,
            recorded=recorded.pictures,
            unrecorded=recorded.missed,
        )

    def _show_error(self, text: str) -> None:
        self._endpoint.send(CameraNote(level="error", text=text))

    def _publish(self, picture: Picture) -> None:
        self._ring.write(picture.pixels, timestamp=picture.timestamp)
