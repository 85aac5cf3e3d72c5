"""A robot, a clock and a network small enough to reason about."""

from collections import deque
from collections.abc import Callable

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.description import ActionAxis, Measured, RobotDescription
from mile_desktop.robots.driver import Measurement
from mile_desktop.robots.host import RobotHost
from mile_desktop.robots.protocol import Role


def vector(*values: float) -> Float32Array:
    return np.asarray(values, np.float32)


DESCRIPTION = RobotDescription(
    name="Toy arm",
    task="toy",
    rate_hz=20.0,
    measures=(Measured(label="x", unit="m"), Measured(label="y", unit="m")),
    actions=(
        ActionAxis(label="dx", unit="m/s", full=0.2),
        ActionAxis(label="dy", unit="m/s", full=0.2, limit=0.5),
    ),
    resets_itself=True,
    tells_success=True,
    checklist=("Nobody is near.",),
)


class FakeClock:
    """Moves only when told."""

    def __init__(self, now: float = 100.0) -> None:
        self.time = now

    def __call__(self) -> float:
        return self.time


class ToyRobot:
    """A point in a plane that notes what it is told."""

    def __init__(self, clock: Callable[[], float], description: RobotDescription = DESCRIPTION) -> None:
        self.clock = clock
        self.description = description
        self.position = vector(0.0, 0.0)
        self.told: list[str] = []
        self.acted: list[Float32Array] = []
        self.seeds: list[int] = []
        self.success = False
        self.breaks: Exception | None = None
        self.measures_nonsense = False

    def describe(self) -> RobotDescription:
        return self.description

    def connect(self) -> None:
        self.told.append("connect")

    def read_state(self) -> Measurement:
        values = vector(np.nan, 0.0) if self.measures_nonsense else self.position.copy()
        return Measurement(values, self.clock(), self.success)

    def act(self, action: Float32Array) -> None:
        if self.breaks is not None:
            raise self.breaks
        self.told.append("act")
        self.acted.append(action)
        self.position = self.position + 0.01 * action

    def hold(self) -> None:
        self.told.append("hold")

    def stop(self) -> None:
        self.told.append("stop")

    def reset(self, seed: int) -> None:
        self.seeds.append(seed)
        self.position = vector(0.0, 0.0)
        self.success = False

    def close(self) -> None:
        self.told.append("close")


class Network:
    """Carries messages between clients and one host in ``delay_s`` each way; ``wires`` do as the faults say.

    A host that is ``frozen`` neither takes messages nor turns; what comes meanwhile waits for it.
    """

    def __init__(self, description: RobotDescription = DESCRIPTION, *, delay_s: float = 0.002) -> None:
        self.clock = FakeClock()
        self.delay_s = delay_s
        self.robot = ToyRobot(self.clock, description)
        self.host = RobotHost(self.robot, self.clock)
        self.frozen = False
        self.wires: dict[bytes, MemoryWire] = {}
        self.to_host: deque[tuple[float, bytes, bytes]] = deque()
        self.harm: Callable[[bytes], list[bytes]] = lambda data: [data]
        """What becomes of a message to the robot: nothing, itself, itself twice …"""

    def client(self, name: str = "window", role: Role = Role.DRIVE) -> NetworkRobot:
        return NetworkRobot(self.wire(), self.clock, name=name, role=role)

    def wire(self) -> "MemoryWire":
        wire = MemoryWire(self, b"client-%d" % len(self.wires))
        self.wires[wire.name] = wire
        return wire

    def post(self, name: bytes, data: bytes) -> None:
        for each in self.harm(data):
            self.to_host.append((self.clock.time + self.delay_s, name, each))

    def advance(self, seconds: float) -> None:
        """Let time pass in steps of a millisecond."""
        until = self.clock.time + seconds
        while self.clock.time < until - 1e-9:
            self.clock.time += min(0.001, until - self.clock.time)
            if not self.frozen:
                self._turn()

    def restart_host(self) -> None:
        """Start the robot's side again, as after a kill."""
        self.host = RobotHost(self.robot, self.clock)

    def _turn(self) -> None:
        while self.to_host and self.to_host[0][0] <= self.clock.time:
            _, name, data = self.to_host.popleft()
            self._deliver(self.host.receive(name, data))
        self._deliver(self.host.turn())

    def _deliver(self, outgoing: list[tuple[bytes, bytes]]) -> None:
        for name, data in outgoing:
            self.wires[name].arriving.append((self.clock.time + self.delay_s, data))


class MemoryWire:
    """One client's end of a ``Network``."""

    def __init__(self, network: Network, name: bytes) -> None:
        self.network = network
        self.name = name
        self.address = "tcp://toy:1"
        self.arriving: deque[tuple[float, bytes]] = deque()
        self.cut_out = self.cut_in = False
        self.problem = ""
        self.refused = False
        self.sent: list[bytes] = []
        self.secret = b""

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        if not self.cut_out:
            self.network.post(self.name, data)

    def receive(self) -> list[bytes]:
        found = []
        while self.arriving and self.arriving[0][0] <= self.network.clock.time:
            found.append(self.arriving.popleft()[1])
        return [] if self.cut_in else found

    def wait(self, timeout_s: float) -> bool:
        until = self.network.clock.time + timeout_s
        while self.network.clock.time < until - 1e-9:
            self.network.advance(0.001)
            if self.arriving and self.arriving[0][0] <= self.network.clock.time and not self.cut_in:
                return True
        return False

    def close(self) -> None:
        self.cut_out = self.cut_in = True


class DrivingClient:
    """A window that drives the toy at 20 Hz."""

    def __init__(self, network: Network, name: str = "window") -> None:
        self.network = network
        self.robot = network.client(name)
        self.wire = list(network.wires.values())[-1]
        self.action = vector(1.0, 1.0)

    def connect(self) -> "DrivingClient":
        self.robot.connect()
        return self

    def arm_and_go(self) -> "DrivingClient":
        assert self.robot.arm() == ""
        self.tick()
        assert self.robot.resume() == ""
        self.tick(2)
        return self

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            due = self.network.clock.time + 0.05
            self.robot.attend()
            self.robot.act(self.action)
            self.network.advance(max(0.0, due - self.network.clock.time))
