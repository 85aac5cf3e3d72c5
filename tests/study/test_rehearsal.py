"""A session without the window ends where the robot holds: no one is there to resume."""

import pytest

from mile_desktop.rollout.headless import RolloutHeldError
from mile_desktop.rollout.recorder import Recorder
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.population import POPULATION, draw_person, read_population
from mile_desktop.study.rehearsal import rehearse

FULL = "The disk is full. Free some space, then resume."


def test_a_disk_that_is_full_ends_a_rehearsal_with_the_reason(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recorder, "problem", property(lambda _: FULL))
    code = study.add_participant(simulated=True).code
    with pytest.raises(RolloutHeldError, match="The disk is full"):
        rehearse(study, code, draw_person(read_population(POPULATION), 0))
