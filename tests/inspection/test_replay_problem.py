import pytest

from mile_desktop.inspection.messages import RollForward
from mile_desktop.inspection.replay import ReplayError
from mile_desktop.inspection.replay_problem import replay_problem
from mile_desktop.inspection.roll_forward import roll_forward
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.records import EpisodeStart
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, some_steps

ON_A_ROBOT = a_start("ep-robot", extra={"robot": "Bench arm", "robot_address": "tcp://arm:5701", "robot_maker": ""})
SCENE_MISSING = a_start("ep-gone", scene="tidy-desk")


def test_policies_can_be_rolled_forward_in_an_installed_scene() -> None:
    assert replay_problem(a_start("ep-1")) == ""


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        (ON_A_ROBOT, "recorded on the robot Bench arm: what another policy would have done there cannot be simulated"),
        (SCENE_MISSING, "The scene tidy-desk of this episode is not installed; put its folder back"),
    ],
)
def test_an_episode_without_a_simulation_is_refused_before_anything_is_loaded(
    workspace: Workspace, start: EpisodeStart, problem: str
) -> None:
    journal = EpisodeJournal(workspace)
    journal.begin(start)
    for step in some_steps([False, True, False]):
        journal.append(step)
    journal.close("failure")
    progress: list[str] = []
    command = RollForward(
        job=1, workspace=str(workspace.folder), episode_id=start.episode_id, row=1, policies=("initial",)
    )
    with pytest.raises(ReplayError, match=problem):
        roll_forward(workspace, command, lambda _, text: progress.append(text), lambda: False)
    assert progress == []
