import dataclasses

import pytest
import torch
from sklearn.metrics import roc_auc_score

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import (
    FitCancelled,
    FitProgress,
    FitSettings,
    FittedModel,
    fit_intervention_model,
)
from mile_desktop.intervention.strata import NothingToLearnError, stratify, takeovers_in
from tests.intervention.conftest import QUICK
from tests.intervention.toy import HUMAN_STD, expert, recorded

SHORT = dataclasses.replace(QUICK, epochs=3, updates_per_epoch=5, temporal=False, forecast=False)


def test_learns_what_the_human_would_do_and_when_they_step_in(fitted: FittedModel) -> None:
    fresh = recorded(16, demonstrations=0, seed=9)
    prediction = fitted.model.predict(fresh)
    assert roc_auc_score(fresh.intervention.numpy(), prediction.probability.numpy()) > 0.9
    mean, _ = fitted.model.ensemble.gaussians(fresh.observation)
    wanted = torch.stack([torch.from_numpy(expert(row[:2], row[2:])) for row in fresh.observation.numpy()])
    assert (mean.mean(0) - wanted).abs().mean() < HUMAN_STD
    score = fitted.model.config.score
    assert score is not None
    assert score.beats_constant
    assert score.predicted_rate == pytest.approx(score.observed_rate, abs=0.03)
    assert fitted.calibration is not None
    assert fitted.calibration.held_out_share == 1.0
    assert fitted.model.config.takeovers == takeovers_in(recorded(16, demonstrations=6, seed=1))
    assert fitted.model.config.temporal is not None
    assert fitted.model.forecast is not None


def test_is_deterministic_and_depends_on_its_seed(steps: SupervisedSteps) -> None:
    one, two = (fit_intervention_model(steps, SHORT).model.ensemble.state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
    other = fit_intervention_model(steps, dataclasses.replace(SHORT, seed=1)).model.ensemble.state_dict()
    assert not torch.equal(one["weights.0"], other["weights.0"])


def test_members_are_trained_independently_of_each_other(steps: SupervisedSteps) -> None:
    made = fit_intervention_model(steps, SHORT).model.ensemble
    assert not torch.allclose(made.weights[0][0], made.weights[0][1])


def test_reports_every_epoch_and_stops_when_asked(steps: SupervisedSteps) -> None:
    seen: list[FitProgress] = []
    fit_intervention_model(steps, SHORT, on_progress=seen.append)
    assert [each.epoch for each in seen] == [1, 2, 3]
    assert seen[-1].losses.keys() == {"total", "action", "intervention"}
    asked = iter([False] * 7 + [True])
    with pytest.raises(FitCancelled):
        fit_intervention_model(steps, SHORT, cancelled=lambda: next(asked))


def test_left_out_episodes_reach_neither_weights_nor_any_other_member(steps: SupervisedSteps) -> None:
    strata = stratify(steps, 6, torch.Generator().manual_seed(0))
    for member in range(6):
        for pool in (strata.decisions, strata.corrections, strata.anchors):
            assert pool is not None
            drawn = pool.draw(500, torch.Generator().manual_seed(member))[member]
            assert not bool(strata.left_out[member, drawn].any())
    share = strata.left_out.double().mean()
    assert share == pytest.approx(1 / 3, abs=0.05)


def test_without_demonstrations_successful_silent_steps_are_the_anchor() -> None:
    steps = recorded(6, demonstrations=0, seed=3)
    strata = stratify(steps, 3, torch.Generator().manual_seed(0))
    assert strata.anchors is not None
    assert not bool(steps.intervention[strata.anchors.rows.flatten()].any())
    failed = dataclasses.replace(steps, success=torch.zeros_like(steps.success))
    assert stratify(failed, 3, torch.Generator().manual_seed(0)).anchors is None


def test_a_single_episode_and_a_single_member_can_be_fitted() -> None:
    single = dataclasses.replace(SHORT, members=1)
    made = fit_intervention_model(recorded(1, demonstrations=1, seed=5), single)
    assert made.model.config.left_out == ((),)
    assert made.model.config.score is None


def test_without_takeovers_cost_and_scale_are_assumed() -> None:
    steps = recorded(4, flaw=0.0, demonstrations=2, seed=6)
    silent = dataclasses.replace(steps, intervention=torch.zeros_like(steps.intervention))
    made = fit_intervention_model(silent, SHORT)
    assert made.calibration is None
    assert (made.model.config.cost, made.model.config.cdf_scale) == (2.0, 2.0)
    assert made.model.config.takeovers == 0


def test_demonstrations_alone_make_a_human_model() -> None:
    made = fit_intervention_model(recorded(0, demonstrations=5, seed=6), SHORT)
    assert made.calibration is None
    assert made.model.config.episode_ids == ()


def test_refuses_to_learn_from_nothing() -> None:
    steps = recorded(2, demonstrations=0, seed=6)
    nothing = dataclasses.replace(
        steps, intervention=torch.zeros_like(steps.intervention), success=torch.zeros_like(steps.success)
    )
    with pytest.raises(NothingToLearnError, match="no human action"):
        fit_intervention_model(nothing, SHORT)


def test_can_learn_what_is_expected_of_the_robot(steps: SupervisedSteps) -> None:
    made = fit_intervention_model(steps, dataclasses.replace(SHORT, mental_rule="learned")).model
    assert made.mental is not None
    supervised = ~steps.demonstration
    mean, std = made.mental.gaussians(steps.observation[supervised])
    assert (mean[0] - steps.policy_mean[supervised]).abs().mean() < 0.1
    assert std.mean().item() == pytest.approx(0.2, abs=0.08)
    unknown = torch.full_like(steps.policy_mean, torch.nan)
    assert bool(torch.isfinite(made.distances(steps.observation, unknown, unknown)).all())


def test_takeovers_are_counted_within_episodes() -> None:
    steps = recorded(2, demonstrations=0, length=4, seed=0)
    pattern = torch.tensor([True, True, False, True, True, False, False, True])
    assert takeovers_in(dataclasses.replace(steps, intervention=pattern)) == 4


def test_refuses_settings_out_of_range() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        FitSettings(members=0)
    with pytest.raises(ValueError, match="balance is 2"):
        FitSettings(balance=2)
