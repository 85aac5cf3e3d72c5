import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.inspection import messages as i
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.inspect.model import SimulatedPath
from mile_desktop.ui.inspect.roll_forward_controller import RollForwardController
from tests.storage.samples import a_start
from tests.ui.inspect.conftest import RecordingClient
from tests.ui.inspect.examples import a_recording


@pytest.fixture
def roll_forward(client: RecordingClient, workspace: Workspace, qtbot: QtBot) -> RollForwardController:
    roll_forward = RollForwardController(client, client)
    qtbot.addWidget(roll_forward.bar)
    roll_forward.show_recording(workspace, a_recording())
    return roll_forward


def answer(command: i.RollForward, deviation: float = 0.0) -> i.RolledForward:
    paths = tuple(
        i.PolicyPath(
            policy=policy, name=policy, outcome="success", success=True, state_size=7,
            states=i.packed(np.full((length + 1, 7), length)), action_size=4,
            actions=i.packed(np.zeros((length, 4))), end_effector=i.packed(np.zeros((length + 1, 3))),
        )
        for policy, length in zip(command.policies, (5, 40), strict=False)
    )  # fmt: skip
    return i.RolledForward(
        job=command.job, episode_id=command.episode_id, row=command.row, paths=paths,
        recorded_end_effector=i.packed(np.zeros((20 - command.row, 3))), deviation=deviation, deviation_row=3,
    )  # fmt: skip


def test_two_policies_start_from_the_row_that_is_shown(
    roll_forward: RollForwardController, client: RecordingClient
) -> None:
    roll_forward.show_row(8)
    roll_forward.roll()
    command = client.sent[-1]
    assert isinstance(command, i.RollForward)
    assert command.row == 8
    assert len(command.policies) == 2
    client.progressed.emit(i.JobProgress(job=command.job, fraction=0.4, text="v1 drives"))
    assert roll_forward.bar._progress.value() == 40
    ways: list[SimulatedPath | None] = []
    roll_forward.path_changed.connect(ways.append)
    client.rolled_forward.emit(answer(command))
    assert "the replay is exact" in roll_forward.bar._message.text()
    assert [line.name for line in roll_forward.path_lines(10)] == ["recorded", *command.policies]
    assert [line.reached for line in roll_forward.path_lines(10)] == [3, 3, 3]
    roll_forward.next_path()
    assert ways[-1] is not None
    assert ways[-1].length == 8 + 6
    roll_forward.choose(-1)
    assert ways[-1] is None


def test_an_inexact_replay_is_reported_with_its_deviation(
    roll_forward: RollForwardController, client: RecordingClient, qtbot: QtBot
) -> None:
    roll_forward.roll()
    with qtbot.waitSignal(roll_forward.message) as message:
        client.rolled_forward.emit(answer(client.sent[-1], deviation=0.02))  # type: ignore[arg-type]
    assert message.args[0] == "warning"
    assert "deviates from the recording by up to 0.02 (at row 3)" in message.args[1]


def test_no_path_is_shown_after_cancelling_or_for_another_recording(
    roll_forward: RollForwardController, client: RecordingClient, workspace: Workspace
) -> None:
    roll_forward.roll()
    command = client.sent[-1]
    assert isinstance(command, i.RollForward)
    roll_forward.cancel()
    assert client.sent[-1] == i.CancelJob(job=command.job)
    client.rolled_forward.emit(answer(command))
    assert roll_forward.path_lines(0) == ()
    roll_forward.roll()
    client.rolled_forward.emit(answer(client.sent[-1]))  # type: ignore[arg-type]
    assert roll_forward.path_lines(0)
    roll_forward.show_recording(workspace, None)
    assert roll_forward.path_lines(0) == ()
    assert not roll_forward.bar.isEnabled()


def test_the_bar_says_why_an_episode_cannot_be_simulated(
    roll_forward: RollForwardController, client: RecordingClient, workspace: Workspace, qtbot: QtBot
) -> None:
    roll_forward.show_recording(workspace, a_recording(start=a_start("ep-r", extra={"robot": "Bench arm"})))
    assert not roll_forward.bar.isEnabled()
    assert "recorded on the robot Bench arm" in roll_forward.bar._message.text()
    with qtbot.waitSignal(roll_forward.message) as message:
        roll_forward.roll()
    assert message.args[0] == "warning"
    assert client.sent == []
    roll_forward.show_recording(workspace, a_recording())
    assert roll_forward.bar.isEnabled()
    assert roll_forward.bar._message.text() == ""
