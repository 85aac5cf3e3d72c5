"""A participant presses every button of a real (virtual) pad: the condition says what it may do, and Stop works."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import msgspec
import pytest

from mile_desktop.operators.controls import SDL_BUTTONS
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.input_devices import InputDevices
from mile_desktop.rollout.messages import EpisodeClosed, Event, Note
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.session import Session
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.study.block import session_of, start_of
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.session import ParticipantSession
from tests.study.test_session import new_session, until
from tests.virtual_pad import VirtualPad

TAKEOVER, STOP, HOLD = "rightshoulder", "back", "y"
# Rewinding is part of driving, and holding is what a participant may always do.
OTHERS = [each for each in SDL_BUTTONS[:15] if each not in {TAKEOVER, STOP, HOLD, "leftshoulder"}]


@dataclass
class Seat:
    """A pad, the session that reads it, and what the window hears."""

    pad: VirtualPad
    rollout: Session
    session: ParticipantSession
    heard: list[Event]

    @property
    def phase(self) -> Phase:
        return self.rollout.loop.phase

    def ticks(self, count: int = 3) -> None:
        for _ in range(count):
            self.rollout.tick()

    def begin(self) -> None:
        step = self.session.step
        assert step is not None
        self.rollout.handle(start_of(self.session, step))
        for _ in range(200):
            self.ticks(1)
            if self.phase is Phase.AUTONOMOUS:
                return
        pytest.fail(f"The episode did not begin: {self.phase}.")


@contextmanager
def seated(study: StudyFolder, device: str) -> Iterator[Seat]:
    """Sit a participant down in front of the first episode of a block whose condition allows ``device``."""
    session = until(new_session(study), "b1-e1")
    step = session.step
    assert step is not None
    plan = msgspec.structs.replace(session_of(session, step, study.folder), device=device)
    heard: list[Event] = []
    with VirtualPad() as pad, closing(InputDevices()) as devices:
        operator = devices.group(None, scene_info(plan.scene), gamepad=plan.gamepad, rate_hz=20.0, only=plan.device)
        rollout = Session(plan, operator, publish=heard.append, show=None, clock=SimulatedClock(), gather_s=0.05)
        with closing(rollout):
            yield Seat(pad, rollout, session, heard)


@pytest.mark.parametrize("device", ["", "gamepad", "keyboard", "words"])
def test_every_button_does_what_the_condition_allows(study: StudyFolder, device: str) -> None:
    with seated(study, device) as seat:
        seat.ticks()
        seat.pad.tap("start")
        seat.ticks()
        assert seat.phase is Phase.IDLE  # the page begins each episode
        seat.begin()
        for button in (*OTHERS, "x", "x"):  # a second press of discard would confirm it
            seat.pad.tap(button)
            seat.ticks(1)
            assert seat.phase is Phase.AUTONOMOUS, button
        seat.pad.hold(TAKEOVER)
        seat.ticks()
        assert seat.phase is (Phase.TAKEOVER if device in {"", "gamepad"} else Phase.AUTONOMOUS)
        seat.pad.tap(STOP)
        seat.ticks()
        assert seat.phase is Phase.STOPPED
        seat.rollout.recorder.flush()
    assert [each.outcome for each in seat.heard if isinstance(each, EpisodeClosed)] == ["aborted"]
    said = " ".join(each.text for each in seat.heard if isinstance(each, Note))
    for hidden in ("policy", "initial", "condition", "mile"):
        assert hidden not in said.lower()
