"""Words drive the robot of a real worker: takeover, recording, limits, and hands that come first."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mile_desktop.operators.words.segment import Segment
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.workspace import Workspace
from tests.rollout.worker_desk import WorkerDesk

UP = Segment("up", 0.05, "m")


def say(*segments: Segment) -> m.DriveWords:
    return m.DriveWords(text="up 5 cm", meaning="up 5 cm", segments=segments, view_yaw_deg=0.0)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[WorkerDesk]:
    with WorkerDesk(tmp_path / "workspace") as desk:
        desk.load(speed=1.0)
        yield desk


def test_words_take_over_are_recorded_and_hand_back(desk: WorkerDesk) -> None:
    desk.process.send(say(UP))
    assert "No episode is running" in desk.wait_for(m.Note).text
    desk.process.send(m.StartEpisodes())
    desk.wait_for(m.StepTaken)
    desk.process.send(say(UP))
    desk.wait_for(m.StepTaken, lambda step: step.intervention and step.executed[2] > 0.0)
    desk.wait_for(m.StepTaken, lambda step: not step.intervention)
    desk.wait_for_phase(Phase.AUTONOMOUS)
    desk.process.send(m.EndEpisode(outcome="failure"))
    closed = desk.wait_for(m.EpisodeClosed)
    with Workspace.open(desk.workspace) as workspace:
        episode = read_episode(workspace, closed.episode_id)
    spoken = [words for words, human in zip(episode.words, episode.intervention, strict=True) if human]
    assert set(spoken) == {"up 5 cm → up 5 cm"}
    assert {who for who, human in zip(episode.operator, episode.intervention, strict=True) if human} == {"words"}
    assert episode.words.count("") == len(episode.words) - len(spoken)


def test_a_hand_and_a_cancel_end_words(desk: WorkerDesk) -> None:
    desk.process.send(m.StartEpisodes())
    desk.wait_for(m.StepTaken)
    desk.process.send(say(*[Segment("up", 3.0, "s")] * 3))
    desk.wait_for(m.StepTaken, lambda step: step.intervention)
    desk.process.send(m.WindowInput(source="keyboard", takeover=True, action=(0.0, 0.0, -0.5, 0.0)))
    desk.wait_for(m.StepTaken, lambda step: step.executed[2] < 0.0)
    desk.process.send(m.WindowInput(source="keyboard", takeover=False, action=()))
    desk.wait_for_phase(Phase.AUTONOMOUS)
    desk.process.send(say(*[Segment("up", 3.0, "s")] * 3))
    desk.wait_for(m.StepTaken, lambda step: step.intervention)
    desk.process.send(m.CancelWords())
    assert desk.wait_for(m.StepTaken, lambda step: not step.intervention).phase is Phase.AUTONOMOUS


def test_limits_hold_whatever_the_window_sends(desk: WorkerDesk) -> None:
    desk.process.send(m.StartEpisodes())
    desk.wait_for(m.StepTaken)
    desk.process.send(say(Segment("up", 1e9, "m")))
    assert "outside the limits" in desk.wait_for(m.Note).text
