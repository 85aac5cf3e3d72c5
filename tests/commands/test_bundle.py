from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from mile_desktop.cli import main
from mile_desktop.commands import bundle
from mile_desktop.intervention.fit import FitSettings, FittedModel, fit_intervention_model
from mile_desktop.intervention.model import load_intervention_model
from mile_desktop.learning.dataset import SupervisedSteps
from mile_desktop.policies.checkpoint import load_policy


def fit_briefly(
    steps: SupervisedSteps,
    settings: FitSettings,
    *,
    model_id: str,
    scene: str,
    policy_id: str,
    shipped: bool,
    unattended: SupervisedSteps,
) -> FittedModel:
    assert unattended.unattended is not None
    assert len(unattended) > len(steps)
    brief = replace(settings, epochs=1, updates_per_epoch=2, members=2, hidden=(8,), temporal=False, forecast=False)
    return fit_intervention_model(steps, brief, model_id=model_id, scene=scene, policy_id=policy_id, shipped=shipped)


def test_a_bundle_is_complete_and_its_policy_the_same_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "fit_intervention_model", fit_briefly)
    few = ["--demonstrations", "2", "--epochs", "2", "--evaluate", "1", "--supervised", "1"]
    few += ["--unattended", "1", "--json"]
    for name in ("first", "second"):
        assert main(["bundle", "--scene", "button-press", "--into", str(tmp_path / name), *few]) == 0
    said = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    assert {key for line in said for key in line} >= {"demonstrations", "successes", "interval", "cost", "auroc"}
    models = [tmp_path / name / "models" / "button-press" for name in ("first", "second")]
    assert len({load_policy(folder / "initial").policy_id for folder in models}) == 1
    assert (models[0] / "initial/model.safetensors").read_bytes() == (
        models[1] / "initial/model.safetensors"
    ).read_bytes()
    fitted = load_intervention_model(models[0] / "intervention")
    assert fitted.config.policy_id == load_policy(models[0] / "initial").policy_id
    assert len(list((tmp_path / "first/demonstrations/button-press").glob("*.parquet"))) == 2

    # The policy stays as it is: people may have begun to supervise it, and only its intervention model is made again.
    before = (models[0] / "initial/model.safetensors").stat().st_mtime_ns
    assert main(["bundle", "--scene", "button-press", "--into", str(tmp_path / "first"), "--keep-policy", *few]) == 0
    assert (models[0] / "initial/model.safetensors").stat().st_mtime_ns == before
    again = load_intervention_model(models[0] / "intervention")
    assert again.config.policy_id == fitted.config.policy_id
