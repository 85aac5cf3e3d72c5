"""A robot's side around a vendor's SDK: python docs/examples/robot_server.py [PORT].

Replace ``Sdk`` by the vendor's own and fill in what the arm is. Everything that keeps people safe – who drives, arming,
slow first motions, limits, the watchdog, the latched stop, and a hold when a process dies – is GuardedRobotServer's;
docs/robots.md tells what it expects.
"""

import signal
import sys
import threading
import time

import cv2
import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.robots.description import ActionAxis, Measured, RobotCamera, RobotDescription
from mile_desktop.robots.driver import Measurement
from mile_desktop.robots.guard import GuardedRobotServer


class Sdk:
    """Stands in for the vendor's SDK: an arm on two rails that follows velocities until it is told otherwise."""

    def __init__(self) -> None:
        self.velocity, self.position, self.at = np.zeros(2), np.zeros(2), time.monotonic()

    def set_velocity(self, velocity: Float32Array) -> None:
        self.where()
        self.velocity = np.asarray(velocity, float)

    def where(self) -> Float32Array:
        now = time.monotonic()
        self.position = np.clip(self.position + self.velocity * (now - self.at), -0.3, 0.3)
        self.at = now
        return self.position.astype(np.float32)


class Rails:
    """The driver: seven methods. Raise whatever goes wrong; the robot is held and the person told your words."""

    def describe(self) -> RobotDescription:
        return RobotDescription(
            name="Rails", task="push-button", summary="Move the head over the button.", maker="Example Inc.",
            rate_hz=20.0, max_steps=600, frames=4,
            measures=(Measured(label="x", unit="m"), Measured(label="y", unit="m")),
            actions=(ActionAxis(label="dx", unit="m/s", full=0.1), ActionAxis(label="dy", unit="m/s", full=0.1)),
            cameras=(RobotCamera(name="front", width=320, height=240, rate_hz=10.0),),
            checklist=("Nobody is within reach.", "The button is in its frame."),
        )  # fmt: skip

    def connect(self) -> None:
        self.sdk = Sdk()  # nothing moves

    def read_state(self) -> Measurement:
        return Measurement(self.sdk.where(), time.monotonic())

    def act(self, action: Float32Array) -> None:
        self.sdk.set_velocity(0.1 * action)  # full speed is 0.1 m/s; returns at once

    def hold(self) -> None:
        self.sdk.set_velocity(np.zeros(2, np.float32))

    def stop(self) -> None:
        self.hold()  # use the SDK's own stop, if it has one

    def close(self) -> None:
        self.hold()


def film(server: GuardedRobotServer, end: threading.Event) -> None:
    """Send pictures from a thread of their own; a real camera's ``read`` takes the place of the drawing."""
    while not end.wait(0.1):
        picture = np.full((240, 320, 3), 40, np.uint8)
        cv2.putText(picture, f"{time.monotonic():.1f} s", (8, 232), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (200, 200, 200))
        server.send_frame("front", cv2.imencode(".jpg", picture)[1].tobytes())


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5870
    server = GuardedRobotServer(Rails(), port=port, rescue=Rails)  # bind=…, keys=… for a network
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    camera = threading.Thread(target=film, args=(server, end))
    camera.start()
    server.serve(end, on_ready=lambda: print(f"tcp://127.0.0.1:{server.port}", flush=True))
    camera.join()


if __name__ == "__main__":
    main()
