"""Four live cameras beside a supervised robot: what they achieve, and what they cost the control loop.

    python -m benchmarks.cameras [--seconds 8] [--json FILE]

The real window, offscreen, with its real processes: a simulated supervisor corrects the shipped policy at 20 Hz in real
time, the viewer draws. Four network cameras (MJPEG over loopback, 640×480, 30 pictures a second) come and go: without,
with, without, with, so many seconds each, in one run; with them every picture is decoded, shown in a grid and recorded
as H.264. What the busy machine does besides is in ``load``.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer

from benchmarks.busy_window import Finish, LoopWatch, open_window
from benchmarks.circumstances import OtherLoad, circumstances, distribution, keep
from benchmarks.mjpeg import serve
from benchmarks.probes import worker_with_tick_log
from benchmarks.supervision import MANY, cadence
from mile_desktop.cameras.messages import CameraState
from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.rollout import messages as m
from mile_desktop.ui.clients.camera_client import CameraClient
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.viewport.tiles import SCENE, Layout

CAMERAS = 4
SIZE = (640, 480)
PICTURE_RATE_HZ = 30.0
SEGMENTS = (False, True, False, True)
_SETTLE_S = 2.5
_POLL_MS = 50
_LIMIT_S = 90.0
_SAMPLE_S = 0.25


class CameraLoad(QObject):
    """Lets cameras come and go while the robot works, and notes how they and the window do."""

    def __init__(self, parts: Composition, finish: Finish, address: str, seconds: float) -> None:
        super().__init__(parts.application)
        self.segments: list[dict[str, Any]] = []
        self.spans: list[tuple[float, float]] = []
        self.problem = ""
        self._application = parts.application
        self._finish = finish
        self._cameras = parts.cameras
        self._view = parts.supervise.page.view
        self._address = address
        self._seconds = seconds
        self._loop = LoopWatch(self)
        self._others = OtherLoad()
        self._opened = time.monotonic()
        self._ready_at = self._ends_at = self._sampled_at = 0.0
        self._before: dict[str, tuple[int, ...]] = {}
        self._ages: list[float] = []
        self._step: Callable[[float], None] = self._await_session
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._poll)
        self._timer.start(_POLL_MS)

    def _poll(self) -> None:
        now = time.monotonic()
        if now - self._opened > _LIMIT_S + len(SEGMENTS) * self._seconds:
            self.problem = "The cameras did not come to work in time."
            self._finish(1)
            return
        self._step(now)

    @property
    def _with_cameras(self) -> bool:
        return SEGMENTS[len(self.segments)]

    def _await_session(self, now: float) -> None:
        if self._application.worker.session is not None:
            self._application.worker.send(m.StartEpisodes(episodes=MANY))
            self._change(now)

    def _change(self, _: float) -> None:
        wanted = CAMERAS if self._with_cameras else 0
        settings = [CameraSettings(name=f"Camera {index}", address=self._address) for index in range(wanted)]
        self._cameras.store.set_cameras(settings)
        self._view.set_arrangement(Layout.GRID if wanted else Layout.INSET, SCENE)
        self._ready_at = 0.0
        self._step = self._await_calm

    def _await_calm(self, now: float) -> None:
        status = self._application.worker.status
        works = status is not None and status.step > 0
        if not works or any(client.status.state is not CameraState.LIVE for client in self._cameras.live):
            return
        self._ready_at = self._ready_at or now
        if now - self._ready_at < _SETTLE_S:
            return
        self._before = {client.settings.name: self._counts(client) for client in self._cameras.live}
        self._others = OtherLoad()
        self._ages.clear()
        self._loop.start()
        self._ends_at = now + self._seconds
        self.spans.append((now, self._ends_at))
        self._step = self._measure

    def _measure(self, now: float) -> None:
        if now - self._sampled_at >= _SAMPLE_S:
            self._sampled_at = now
            self._ages += [age for client in self._cameras.live if (age := client.age_s()) is not None]
        if now < self._ends_at:
            return
        self._loop.stop()
        self.segments.append(
            {
                "cameras": [self._figures(client.settings.name) for client in self._cameras.live],
                "age": distribution([1e3 * age for age in self._ages], "ms"),
                "window_event_wait": distribution([1e3 * wait for wait in self._loop.waits], "ms"),
                "load": self._others.cores(),
            }
        )
        if len(self.segments) == len(SEGMENTS):
            self._timer.stop()
            self._application.worker.send(m.RequestStop())
            self._finish(0)
        else:
            self._change(now)

    def _figures(self, name: str) -> dict[str, Any]:
        client = self._cameras.live.client(name)
        if client is None:
            return {}
        before = self._before[name]
        pictures, dropped, recorded, unrecorded = (
            now - then for now, then in zip(self._counts(client), before, strict=True)
        )
        return {
            "rate_hz": round(pictures / self._seconds, 2),
            "latency_ms": round(client.status.latency_ms, 2),
            "dropped": dropped,
            "dropped_share": round(dropped / (PICTURE_RATE_HZ * self._seconds), 4),
            "unrecorded": unrecorded,
            "recording": client.status.recording != "" or recorded > 0,
        }

    @staticmethod
    def _counts(client: CameraClient) -> tuple[int, ...]:
        status = client.status
        return client.pictures, status.dropped, status.recorded, status.unrecorded


def measure(seconds: float) -> dict[str, Any]:
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there, SIZE, PICTURE_RATE_HZ), daemon=True
    )
    server.start()
    address = f"http://127.0.0.1:{here.recv()}/camera"
    roles: list[CameraLoad] = []

    def role(parts: Composition, finish: Finish) -> None:
        roles.append(CameraLoad(parts, finish, address, seconds))

    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "ticks.npy"
        status = open_window(Path(name), role, partial(worker_with_tick_log, log=log), operator="segment")
        here.send(None)
        server.join(2.0)
        if status or not roles:
            raise RuntimeError(roles[0].problem if roles else "The window did not open; run it by hand to see why.")
        each = [
            {"with_cameras": with_cameras, **segment, "cadence": cadence(log, *span)}
            for with_cameras, segment, span in zip(SEGMENTS, roles[0].segments, roles[0].spans, strict=True)
        ]
    return {"segments": each, **_compared(each)}


def _compared(segments: list[dict[str, Any]]) -> dict[str, Any]:
    """Return cadence with against without cameras: the worse of the two segments of each kind."""
    found: dict[str, Any] = {}
    for key in ("p50_ms", "p99_ms", "max_ms"):
        without, with_them = (
            max(each["cadence"]["lateness"][key] for each in segments if each["with_cameras"] is kind)
            for kind in (False, True)
        )
        found[f"lateness_{key}"] = {"without": without, "with": with_them, "ratio": round(with_them / without, 2)}
    cameras = [camera for each in segments for camera in each["cameras"]]
    return {
        **found,
        "missed_with": sum(each["cadence"]["missed"] for each in segments if each["with_cameras"]),
        "missed_without": sum(each["cadence"]["missed"] for each in segments if not each["with_cameras"]),
        "least_rate_hz": min(camera["rate_hz"] for camera in cameras),
        "worst_latency_ms": max(camera["latency_ms"] for camera in cameras),
        "dropped_share": max(camera["dropped_share"] for camera in cameras),
        "unrecorded": sum(camera["unrecorded"] for camera in cameras),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure four live cameras beside the control loop.")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each of the four segments")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = {"benchmark": "cameras", "cameras": CAMERAS, "size": SIZE, "rate_hz": PICTURE_RATE_HZ, **circumstances()}
    keep({**report, **measure(options.seconds)}, options.json)


if __name__ == "__main__":
    main()
