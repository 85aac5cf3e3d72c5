import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from mile_desktop.inspection import messages as i
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.inspect.prediction_controller import PredictionController
from mile_desktop.ui.inspect.timeline.panel import Timeline
from tests.ui.inspect.conftest import RecordingClient
from tests.ui.inspect.examples import a_recording


@pytest.fixture
def timeline(qtbot: QtBot) -> Timeline:
    timeline = Timeline()
    qtbot.addWidget(timeline)
    timeline.show_recording(a_recording())
    return timeline


def box(widget: object, name: str) -> QComboBox:
    return next(each for each in widget.findChildren(QComboBox) if each.accessibleName() == name)  # type: ignore[attr-defined]


def answer(command: i.PredictAgain, **changes: object) -> i.PredictedAgain:
    values = i.packed(np.linspace(0, 1, 20))
    fields = {
        "job": command.job, "episode_id": command.episode_id, "probability": values, "low": values, "high": values,
        "forecast": values, "basis": "12 takeovers", "trained_on_episode": True,
    } | changes  # fmt: skip
    return i.PredictedAgain(**fields)  # type: ignore[arg-type]


@pytest.fixture
def prediction(client: RecordingClient, timeline: Timeline, workspace: Workspace, qtbot: QtBot) -> PredictionController:
    prediction = PredictionController(client, timeline, client)
    qtbot.addWidget(prediction.bar)
    prediction.show_recording(workspace, a_recording())
    return prediction


def test_no_prediction_is_requested_until_a_model_is_chosen(
    prediction: PredictionController, client: RecordingClient, timeline: Timeline
) -> None:
    assert client.sent == []
    box(prediction.bar, "Predicted by").setCurrentIndex(1)
    box(prediction.bar, "Expected robot").setCurrentIndex(1)
    command = client.sent[-1]
    assert isinstance(command, i.PredictAgain)
    assert (command.model, command.source, command.policy) == ("", "ensemble", "p2")
    client.predicted_again.emit(answer(command))
    shown = timeline.probability.prediction
    assert shown is not None
    assert shown.title == "by model in use, of v2"
    assert "was trained on this episode" in prediction.bar._message.text()


def test_an_answer_to_an_older_request_is_not_shown(
    prediction: PredictionController, client: RecordingClient, timeline: Timeline
) -> None:
    box(prediction.bar, "Predicted by").setCurrentIndex(1)
    late = client.sent[-1]
    assert isinstance(late, i.PredictAgain)
    box(prediction.bar, "Computed by").setCurrentIndex(2)
    assert client.sent[-2] == i.CancelJob(job=late.job)
    client.predicted_again.emit(answer(late))
    assert timeline.probability.prediction is None
    client.ended.emit(i.JobEnded(job=client.sent[-1].job, problem="No temporal part."))  # type: ignore[attr-defined]
    assert prediction.bar._message.text() == "No temporal part."
