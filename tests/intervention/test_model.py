import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FittedModel
from mile_desktop.intervention.model import (
    CONFIG_FILE,
    MODEL_FILE,
    InterventionModel,
    InterventionModelError,
    ModelConfig,
    TemporalParameters,
    build_ensemble,
    load_intervention_model,
    save_intervention_model,
)
from mile_desktop.intervention.posterior import posterior_predictive


@pytest.fixture
def folder(tmp_path: Path, fitted: FittedModel) -> Path:
    temporal = TemporalParameters(retention=0.3, delay_steps=2, cost=1.0, cdf_scale=2.0, hand_back=0.1)
    save_intervention_model(tmp_path / "im-1", fitted.model.with_config(temporal=temporal))
    return tmp_path / "im-1"


def test_comes_back_as_it_was_saved(folder: Path, fitted: FittedModel, steps: SupervisedSteps) -> None:
    loaded = load_intervention_model(folder)
    assert loaded.config.temporal is not None
    assert loaded.config.temporal.delay_steps == 2
    assert loaded.with_config(temporal=fitted.model.config.temporal).config == fitted.model.config
    assert loaded.config.scene == "toy"
    assert loaded.config.policy_id == "p-1"
    assert len(loaded.config.episode_ids) == 16
    before, after = (model.predict(steps).probability for model in (fitted.model, loaded))
    assert torch.equal(before.nan_to_num(-1), after.nan_to_num(-1))
    assert sorted(path.name for path in folder.iterdir()) == ["checksums.json", CONFIG_FILE, MODEL_FILE]


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / CONFIG_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema": 99}, "newer version"),
        ({"hidden": [1 << 19, 1 << 19]}, "do not belong together"),
        ({"members": 0}, "0 members"),
        ({"members": 5, "left_out": []}, "do not belong together"),
        ({"left_out": [[]]}, "for 1 members"),
        ({"cdf_scale": 0.0}, "scale positive"),
        ({"cost": "dear"}, "not a description"),
        ({"std_floor": 3.0}, "impossible model"),
        ({"mental_rule": "learned"}, "missing: "),
    ],
)
def test_a_description_that_does_not_fit_is_refused_in_words(
    folder: Path, changes: dict[str, object], said: str
) -> None:
    rewrite(folder, **changes)
    with pytest.raises(InterventionModelError, match=said):
        load_intervention_model(folder)


def test_damaged_files_are_refused_in_words(folder: Path) -> None:
    path = folder / MODEL_FILE
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InterventionModelError, match="truncated or damaged"):
        load_intervention_model(folder)
    path.write_bytes(b"\x80\x04K\x01.but no tensors")
    with pytest.raises(InterventionModelError, match="not a safetensors file"):
        load_intervention_model(folder)
    path.unlink()
    with pytest.raises(InterventionModelError, match="missing"):
        load_intervention_model(folder)
    (folder / CONFIG_FILE).write_text("{")
    with pytest.raises(InterventionModelError, match="not a description"):
        load_intervention_model(folder)


def test_weights_that_are_not_finite_are_neither_loaded_nor_saved(folder: Path, tmp_path: Path) -> None:
    path = folder / MODEL_FILE
    tensors = safetensors.torch.load(path.read_bytes())
    tensors["ensemble.biases.0"][0, 0, 0] = torch.nan
    path.write_bytes(safetensors.torch.save(tensors))
    with pytest.raises(InterventionModelError, match="NaN or infinity"):
        load_intervention_model(folder)
    config = ModelConfig(observation_size=2, action_size=1, cost=1.0, cdf_scale=1.0)
    broken = build_ensemble(config)
    with torch.no_grad():
        broken.weights[0].fill_(torch.inf)
    with pytest.raises(InterventionModelError, match="NaN or infinity"):
        save_intervention_model(tmp_path / "new", InterventionModel(config, broken))
    assert not (tmp_path / "new").exists()


def test_says_which_scene_it_is_for(fitted: FittedModel) -> None:
    fitted.model.expect(4, 2)
    with pytest.raises(InterventionModelError, match="im-1 is for 4 observation and 2 action entries"):
        fitted.model.expect(52, 4)


def test_each_episode_is_predicted_by_members_that_have_not_seen_it(
    fitted: FittedModel, steps: SupervisedSteps
) -> None:
    unseen = fitted.model.unseen(steps)
    supervised = ~steps.demonstration
    assert bool(unseen[:, supervised].any(0).all())
    assert not bool(unseen[:, supervised].all(0).any())
    prediction = fitted.model.predict(steps)
    distances = fitted.model.distances(steps.observation, steps.policy_mean, steps.policy_std)
    row = 100
    asked = unseen[:, row]
    config = fitted.model.config
    expected = posterior_predictive(
        distances[asked][:, [row]], config.action_size, cost=config.cost, cdf_scale=config.cdf_scale
    )
    assert prediction.probability[row].item() == pytest.approx(expected.probability.item(), rel=1e-9)


def test_the_posterior_predictive_lies_within_its_band_and_complements_itself(
    fitted: FittedModel, steps: SupervisedSteps
) -> None:
    supervised = ~steps.demonstration
    prediction = fitted.model.predict(steps)
    total = torch.logsumexp(torch.stack((prediction.log_probability, prediction.log_complement)), 0)
    assert total[supervised].abs().max() < 1e-9
    assert bool((prediction.low <= prediction.high)[supervised].all())
