"""Cameras that policy or operator depend on: the robot holds while a picture is too old."""

from collections.abc import Sequence
from dataclasses import dataclass

from mile_desktop.channels.errors import SharedMemoryError
from mile_desktop.channels.shared import FrameRing
from mile_desktop.rollout.clock import Clock, SystemClock
from mile_desktop.rollout.messages import WatchedCamera


@dataclass(frozen=True, slots=True)
class _Watched:
    camera: WatchedCamera
    ring: FrameRing


class CameraWatch:
    """Reads the age of pictures straight from shared memory, without a hop through the window.

    Belongs to the control thread; ``hazard`` takes microseconds and copies no picture.

    Parameters
    ----------
    clock
        The clock of the pictures' timestamps, which is the machine's.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._watched: tuple[_Watched, ...] = ()
        self._unwatchable = ""

    def watch(self, cameras: Sequence[WatchedCamera]) -> None:
        """Depend on ``cameras`` instead of those before; one that cannot be watched is a hazard itself."""
        # The system frees the memory of a ring only when every process has detached from it.
        self.close()
        watched, problems = [], []
        for camera in cameras:
            try:
                watched.append(_Watched(camera, FrameRing.attach(camera.ring)))
            except SharedMemoryError as error:
                problems.append(f"Camera {camera.name} cannot be watched: {error}")
        self._watched, self._unwatchable = tuple(watched), " ".join(problems)

    def hazard(self) -> str:
        """Return why the robot must hold, in one sentence; empty while every picture is young enough."""
        # Checked first. A camera that cannot be read is not the same as a camera that nothing depends on.
        if self._unwatchable:
            return self._unwatchable
        for each in self._watched:
            newest = each.ring.newest()
            if newest is None:
                return f"Camera {each.camera.name} has sent no picture yet. The robot holds; look at Cameras."
            # Both times are of the machine's monotonic clock, which all its processes share. No offset has to be
            # estimated.
            age_s = self._clock.now() - newest[1]
            if age_s > each.camera.stale_after_s:
                return f"Camera {each.camera.name} is stale: its picture is {age_s:.1f} s old. The robot holds."
        return ""

    def close(self) -> None:
        """Depend on no camera."""
        for each in self._watched:
            each.ring.close()
        self._watched = ()
