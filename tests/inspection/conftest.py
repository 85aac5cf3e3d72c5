from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.operators.operator import OperatorContext, OperatorReading, OperatorRequest
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.messages import LoadSession
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.session import Session
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace

TAKEOVERS = (range(20, 30), range(52, 58))
HOLDS = (45, 51, 70, 77)
"""Ticks at which hold is pressed: on and off, twice."""
REWINDS = (*range(34, 38), *range(62, 68))
"""Ticks at which rewind is pressed; the first one ends in autonomy, the second one in a takeover."""
RESUMES = (42,)
AFTER_REWIND = range(68, 70)
TICKS = 90


class RestlessOperator:
    """Takes over, holds, rewinds and resumes, at fixed ticks."""

    kind, device, instruction = "keyboard", "Keyboard", "hold Space"

    def __init__(self) -> None:
        self.tick = 0

    def reset(self, seed: int) -> None:
        self.tick = 0

    def poll(self, context: OperatorContext) -> OperatorReading:
        tick, self.tick = self.tick, self.tick + 1
        toggles_hold = tick in HOLDS or tick in RESUMES
        return OperatorReading(
            takeover=any(tick in each for each in (*TAKEOVERS, AFTER_REWIND)),
            action=np.array([np.sin(tick), np.cos(tick), -0.3, 1.0], np.float32),
            requests=(OperatorRequest.TOGGLE_HOLD,) if toggles_hold else (),
            rewind=tick in REWINDS,
        )

    def close(self) -> None:
        return


@pytest.fixture(scope="session")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one episode of a real scene: takeovers, holds and rewinds, recorded by the real loop."""
    folder = tmp_path_factory.mktemp("restless")
    plan = LoadSession(
        workspace=str(folder), scene="peg-insertion", policy="initial", gamepad=False, seed=5, rewind_steps=50
    )
    session = Session(plan, RestlessOperator(), publish=lambda _: None, show=lambda *_: None, clock=SimulatedClock())
    try:
        session.loop.start()
        for _ in range(TICKS):
            session.loop.tick()
            session.cadence.wait()
        assert session.loop.phase in {Phase.AUTONOMOUS, Phase.TAKEOVER}
        session.loop.end_episode("failure")
    finally:
        session.close()
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as opened:
        yield opened


@pytest.fixture
def recorded(restless: Path) -> Iterator[Workspace]:
    with Workspace.open(restless) as workspace:
        yield workspace


@pytest.fixture
def episode_id(recorded: Workspace) -> str:
    return Catalogue(recorded).episodes()[0].episode_id
