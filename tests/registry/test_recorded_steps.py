"""Episodes that are left out of a calibration or a score are named in every form of its result."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mile_desktop.commands import calibrate, predict
from mile_desktop.commands.command import Report
from mile_desktop.evaluation import prediction
from mile_desktop.registry.recorded_steps import RecordedSteps, recorded_steps
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.learn.calibration_model import CalibrationResult
from tests.storage.samples import a_start, a_step

NOTE = "1 episode is left out: Episode ep-2 holds values that are not finite; delete it in Inspect."
CALIBRATION = {name: 0.5 for name in CalibrationResult.__slots__ if name not in {"model", "steps", "notes"}}


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedSteps:
    # the demonstrations that ship have other sizes than these episodes
    monkeypatch.setattr("mile_desktop.registry.recorded_steps.bundled_demonstrations", lambda _: tmp_path / "none")
    with Workspace.open(tmp_path / "w") as workspace:
        journal = EpisodeJournal(workspace)
        for number, value in enumerate((0.0, 1.0, np.nan)):
            journal.begin(a_start(f"ep-{number}"))
            step = a_step(0)
            step.observation[:] = value
            journal.append(step)
            journal.close("success")
        scene = Catalogue(workspace).episodes()[0].start.scene
        return recorded_steps(workspace, scene)


def test_episodes_that_are_left_out_are_named_in_every_result(
    recorded: RecordedSteps, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert recorded.notes == (NOTE,)
    assert recorded.steps.episode_ids == ("ep-0", "ep-1")
    options = argparse.Namespace(workspace=str(tmp_path / "w"), scene="peg-insertion", model="", propose=False,
                                 accept="", seed=0, json=True)  # fmt: skip
    said = (argparse.Namespace(**CALIBRATION, steps=3), recorded.notes)
    monkeypatch.setattr(calibrate, "calibrate_recorded", lambda *_, **__: ("m1", *said))
    monkeypatch.setattr(calibrate.dataclasses, "asdict", vars)
    monkeypatch.setattr(predict, "score_recorded", lambda *_, **__: ((object(),), recorded.notes))
    monkeypatch.setattr(predict, "as_json", lambda _: {"name": "stall"})
    monkeypatch.setattr(predict, "_row", lambda _: "")
    monkeypatch.setattr(predict, "_early_table", lambda _: "")
    monkeypatch.setattr(predict, "line_wish", lambda _: None)
    for command in (calibrate, predict):
        for as_json in (True, False):
            options.json = as_json
            command.run(options, Report(as_json))
            out = capsys.readouterr().out
            assert NOTE in (json.loads(out)["notes"] if as_json else out)


def test_the_card_of_a_calibration_names_them() -> None:
    fields: dict[str, Any] = {"intervention_model": "m1", "steps": 3, **CALIBRATION}
    assert "left out" not in CalibrationResult.of(fields).verdict()
    assert CalibrationResult.of({**fields, "notes": [NOTE]}).verdict().endswith(NOTE)


def test_a_score_passes_them_on(recorded: RecordedSteps, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(prediction, "recorded_steps", lambda *_: recorded)
    monkeypatch.setattr(prediction, "model_in_use", lambda *_: None)
    monkeypatch.setattr(prediction, "compare_predictors", lambda *_, **__: ())
    with Workspace.open(tmp_path / "w") as workspace:
        assert prediction.score_recorded(workspace, "peg-insertion", line=None)[1] == (NOTE,)  # type: ignore[arg-type]


def test_episodes_that_nobody_watched_are_left_out_with_a_sentence(recorded: RecordedSteps) -> None:
    assert recorded.attended() is recorded
    second = recorded.steps.episode == 1
    alone = RecordedSteps(replace(recorded.steps, unattended=second), recorded.notes).attended()
    assert alone.notes == (NOTE, "1 episode that nobody watched is left out.")
    assert set(alone.steps.episode.tolist()) == {0}
