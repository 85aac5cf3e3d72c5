from collections.abc import Callable, Iterator

import numpy as np
import pytest

from mile_desktop.operators.gamepad import Gamepad
from mile_desktop.operators.operator import OperatorContext, OperatorReading
from tests.virtual_pad import VirtualPad

MakePad = Callable[..., VirtualPad]


class FakeClock:
    """Monotonic seconds that only a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def context(size: int = 4, *, intervening: bool = False) -> OperatorContext:
    """A step in which nothing is proposed."""
    zero = np.zeros(size, np.float32)
    return OperatorContext(
        step=0,
        observation=zero,
        proposal=zero,
        policy_mean=zero,
        policy_std=np.full(size, 0.1, np.float32),
        intervening=intervening,
    )


class Ticks:
    """Polls a gamepad at 20 Hz of the fake clock."""

    def __init__(self, gamepad: Gamepad, clock: FakeClock) -> None:
        self.gamepad = gamepad
        self.clock = clock

    def __call__(self, count: int = 1) -> OperatorReading:
        for _ in range(count):
            self.clock.advance(0.05)
            reading = self.gamepad.poll(context())
        return reading


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_pad() -> Iterator[MakePad]:
    made: list[VirtualPad] = []

    def make(name: str = "Xbox Test Pad", **description: object) -> VirtualPad:
        made.append(VirtualPad(name, **description))
        return made[-1]

    yield make
    for pad in made:
        pad.close()


@pytest.fixture
def pad(make_pad: MakePad) -> VirtualPad:
    return make_pad()


@pytest.fixture
def gamepad(clock: FakeClock) -> Iterator[Gamepad]:
    opened = Gamepad(clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def tick(gamepad: Gamepad, clock: FakeClock) -> Ticks:
    return Ticks(gamepad, clock)
