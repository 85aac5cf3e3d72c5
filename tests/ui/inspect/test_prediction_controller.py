"""What is asked of the inspection process, and what is made of its answers."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from mile_desktop.inspection import messages as i
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.clients.inspection_client import InspectionClient
from mile_desktop.ui.inspect.prediction_controller import AppraisalController
from mile_desktop.ui.inspect.roll_forward_controller import RollForwardController, Way
from mile_desktop.ui.inspect.timeline.panel import Timeline
from tests.storage.samples import a_policy, a_start
from tests.ui.inspect.examples import a_recording


class Listening(InspectionClient):
    """Keeps what is sent and starts nothing."""

    def __init__(self) -> None:
        super().__init__(print)
        self.sent: list[msgspec.Struct] = []

    def send(self, command: msgspec.Struct) -> bool:
        self.sent.append(command)
        return True


@pytest.fixture
def client(themed: QApplication) -> Listening:
    return Listening()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as opened:
        Catalogue(opened).add_policy(a_policy("p1", name="v1"))
        Catalogue(opened).add_policy(a_policy("p2", name="v2", parent_id="p1"))
        yield opened


@pytest.fixture
def timeline(qtbot: QtBot) -> Timeline:
    timeline = Timeline()
    qtbot.addWidget(timeline)
    timeline.show_recording(a_recording())
    return timeline


def box(widget: object, name: str) -> QComboBox:
    return next(each for each in widget.findChildren(QComboBox) if each.accessibleName() == name)  # type: ignore[attr-defined]


def answer(order: i.Appraise, **changes: object) -> i.Appraised:
    said = i.packed(np.linspace(0, 1, 20))
    fields = {
        "job": order.job, "episode_id": order.episode_id, "probability": said, "low": said, "high": said,
        "forecast": said, "basis": "12 takeovers", "has_learned": True,
    } | changes  # fmt: skip
    return i.Appraised(**fields)  # type: ignore[arg-type]


@pytest.fixture
def appraising(client: Listening, timeline: Timeline, workspace: Workspace, qtbot: QtBot) -> AppraisalController:
    appraising = AppraisalController(client, timeline, client)
    qtbot.addWidget(appraising.bar)
    appraising.look_at(workspace, a_recording())
    return appraising


def test_nothing_is_asked_until_somebody_asks(
    appraising: AppraisalController, client: Listening, timeline: Timeline
) -> None:
    assert client.sent == []
    box(appraising.bar, "Seen now by").setCurrentIndex(1)
    box(appraising.bar, "Expected robot").setCurrentIndex(1)
    order = client.sent[-1]
    assert isinstance(order, i.Appraise)
    assert (order.model, order.source, order.policy) == ("", "ensemble", "p2")
    client.appraised.emit(answer(order))
    shown = timeline.probability.appraisal
    assert shown is not None
    assert shown.title == "by model in use, of v2"
    assert "has learned from this episode" in appraising.bar._said.text()


def test_an_answer_that_comes_too_late_is_not_shown(
    appraising: AppraisalController, client: Listening, timeline: Timeline
) -> None:
    box(appraising.bar, "Seen now by").setCurrentIndex(1)
    late = client.sent[-1]
    assert isinstance(late, i.Appraise)
    box(appraising.bar, "Computed by").setCurrentIndex(2)
    assert client.sent[-2] == i.CancelJob(job=late.job)
    client.appraised.emit(answer(late))
    assert timeline.probability.appraisal is None
    client.ended.emit(i.JobEnded(job=client.sent[-1].job, problem="No temporal part."))  # type: ignore[attr-defined]
    assert appraising.bar._said.text() == "No temporal part."


@pytest.fixture
def branching(client: Listening, workspace: Workspace, qtbot: QtBot) -> RollForwardController:
    branching = RollForwardController(client, client)
    qtbot.addWidget(branching.bar)
    branching.look_at(workspace, a_recording())
    return branching


def rolled(order: i.RollForward, deviation: float = 0.0) -> i.RolledForward:
    branches = tuple(
        i.Branch(
            policy=policy, name=policy, outcome="success", success=True, state_size=7,
            states=i.packed(np.full((length + 1, 7), length)), action_size=4,
            actions=i.packed(np.zeros((length, 4))), end_effector=i.packed(np.zeros((length + 1, 3))),
        )
        for policy, length in zip(order.policies, (5, 40), strict=False)
    )  # fmt: skip
    return i.RolledForward(
        job=order.job, episode_id=order.episode_id, row=order.row, branches=branches,
        recorded_end_effector=i.packed(np.zeros((20 - order.row, 3))), deviation=deviation, deviation_row=3,
    )  # fmt: skip


def test_two_policies_are_asked_from_the_row_that_is_shown(branching: RollForwardController, client: Listening) -> None:
    branching.show_row(8)
    branching.roll()
    order = client.sent[-1]
    assert isinstance(order, i.RollForward)
    assert order.row == 8
    assert len(order.policies) == 2
    client.progressed.emit(i.JobProgress(job=order.job, fraction=0.4, text="v1 drives"))
    assert branching.bar._progress.value() == 40
    ways: list[Way | None] = []
    branching.way_changed.connect(ways.append)
    client.rolled_forward.emit(rolled(order))
    assert "the replay is exact" in branching.bar._doing.text()
    assert [line.name for line in branching.tracks(10)] == ["recorded", *order.policies]
    assert [line.reached for line in branching.tracks(10)] == [3, 3, 3]
    branching.next_way()
    assert ways[-1] is not None
    assert ways[-1].length == 8 + 6
    branching.choose(-1)
    assert ways[-1] is None


def test_a_replay_that_is_off_says_how_far(branching: RollForwardController, client: Listening, qtbot: QtBot) -> None:
    branching.roll()
    with qtbot.waitSignal(branching.said) as said:
        client.rolled_forward.emit(rolled(client.sent[-1], deviation=0.02))  # type: ignore[arg-type]
    assert said.args[0] == "warning"
    assert "deviates from the recording by up to 0.02 (at row 3)" in said.args[1]


def test_cancelling_and_turning_away_forget_the_answer(
    branching: RollForwardController, client: Listening, workspace: Workspace
) -> None:
    branching.roll()
    order = client.sent[-1]
    assert isinstance(order, i.RollForward)
    branching.cancel()
    assert client.sent[-1] == i.CancelJob(job=order.job)
    client.rolled_forward.emit(rolled(order))
    assert branching.tracks(0) == ()
    branching.roll()
    client.rolled_forward.emit(rolled(client.sent[-1]))  # type: ignore[arg-type]
    assert branching.tracks(0)
    branching.look_at(workspace, None)
    assert branching.tracks(0) == ()
    assert not branching.bar.isEnabled()


def test_what_cannot_be_simulated_is_said_in_place_of_the_choices(
    branching: RollForwardController, client: Listening, workspace: Workspace, qtbot: QtBot
) -> None:
    branching.look_at(workspace, a_recording(start=a_start("ep-r", extra={"robot": "Bench arm"})))
    assert not branching.bar.isEnabled()
    assert "recorded on the robot Bench arm" in branching.bar._doing.text()
    with qtbot.waitSignal(branching.said) as said:
        branching.roll()
    assert said.args[0] == "warning"
    assert client.sent == []
    branching.look_at(workspace, a_recording())
    assert branching.bar.isEnabled()
    assert branching.bar._doing.text() == ""


def test_a_process_that_dies_gives_up_its_jobs(themed: QApplication) -> None:
    client = InspectionClient(print)
    ended: list[i.JobEnded] = []
    client.ended.connect(ended.append)
    client._open.add(4)
    client._ended("The inspection was killed by SIGKILL.")
    (job,) = ended
    assert job.job == 4
    assert job.problem.startswith("The inspection was killed by SIGKILL.")
    assert "ask again" in job.problem
