"""Each known trap of intervention learning, by its number in the method's description; a test fails if it returns."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import torch

from mile_desktop.intervention import gaussian_intervention_probability
from mile_desktop.intervention.action_distributions import CategoricalActions, GaussianActions
from mile_desktop.intervention.cost_fit import Threshold
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.objective_terms import bounded_log_probabilities, decision_loss
from mile_desktop.learning.batches import build_training_data
from mile_desktop.learning.criterion import LEAST_LOG, Criterion, Networks, evaluate
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.method_info import published_settings
from mile_desktop.learning.objectives import objective
from mile_desktop.learning.progress import Progress, RunEvent, Warned
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.trainer.trainer import Trainer
from mile_desktop.policies.networks import GaussianMlp
from mile_desktop.policies.torch_policy import TorchPolicy
from tests.learning.toy import ACTIONS, FAST, OBSERVATIONS, collected, demonstrations, error_where_wrong

CPU = torch.device("cpu")


def one_state(count: int, human: torch.Tensor, wanted: float) -> SupervisedSteps:
    """Return ``count`` times the same state, in which a human wants ``wanted`` and the robot proposes −wanted."""
    human_action = torch.where(human[:, None], torch.full((count, 1), wanted), torch.nan)
    return SupervisedSteps(
        observation=torch.zeros(count, 1),
        action=torch.where(human[:, None], torch.full((count, 1), wanted), -wanted),
        human_action=human_action,
        policy_mean=torch.full((count, 1), -wanted),
        policy_std=torch.full((count, 1), 0.2),
        intervention=human,
        demonstration=torch.zeros(count, dtype=torch.bool),
        success=torch.zeros(count, dtype=torch.bool),
        episode=torch.zeros(count, dtype=torch.int64),
        step=torch.arange(count),
        episode_ids=("a",),
    )


def test_1_the_action_likelihood_is_not_scaled_by_the_probability() -> None:
    """With p·μ in the place of μ the mean would settle at wanted / p, here at twice what the human showed."""
    human = torch.arange(400) % 2 == 0
    settings = replace(
        FAST,
        epochs=60,
        learning_rate=1e-2,
        cost=3.0,
        cdf_scale=4.0,
        balance=0.05,
        hidden=(16,),
        std_floor=0.3,
        std_ceiling=0.31,
        follow_through=0,
    )
    result = Trainer(one_state(400, human, 0.4), settings).run()
    mean, std = result.network(torch.zeros(1, 1))
    robot = (torch.full((1, 1), -0.4), torch.full((1, 1), 0.2))
    p = float(gaussian_intervention_probability(mean.detach(), std.detach(), *robot, cost=3.0, cdf_scale=4.0))
    assert 0.2 < p < 0.9, "the trap would show"
    assert float(mean.detach()) == pytest.approx(0.4, abs=0.05)


def losses_with(mental_model: str, shift: float) -> float:
    """Intervention loss when the recorded policy is moved by ``shift``."""
    torch.manual_seed(0)
    network, mental = GaussianMlp(OBSERVATIONS, ACTIONS, (8,)), GaussianMlp(OBSERVATIONS, ACTIONS, (8,))
    settings = TrainingSettings(mental_model=mental_model)  # type: ignore[arg-type]
    method = objective("mile")
    steps = supervised_steps(collected(network, 2))
    steps.policy_mean[:] += shift
    steps.intervention[::3] = True
    steps.human_action[::3] = 0.3
    batch = build_training_data(steps, method.sample_weights, anchor_share=0.0, device=CPU).everything()
    networks = Networks(network, None if mental_model == "frozen" else mental)
    with torch.no_grad():
        return float(Criterion(method, settings, network).losses(networks, batch, Threshold(1.0, 1.0)).intervention)


def test_2_each_step_keeps_the_policy_that_ran_as_its_own_mental_model() -> None:
    assert losses_with("frozen", 0.0) != pytest.approx(losses_with("frozen", 0.5), abs=1e-3)
    assert losses_with("published", 0.0) == losses_with("published", 0.5)


def mental_drift(biased: GaussianMlp, data: SupervisedSteps, mental_model: str) -> float:
    settings = replace(FAST, mental_model=mental_model, epochs=30, cost=1.0, cdf_scale=1.0)  # type: ignore[arg-type]
    result = Trainer(data, settings, start=biased).run()
    assert result.mental is not None
    supervised = ~data.demonstration
    mean, _ = result.mental(data.observation[supervised])
    return float((mean - data.policy_mean[supervised]).detach().abs().mean())


def test_2_an_anchored_mental_model_stays_with_what_the_robot_did(biased: GaussianMlp, data: SupervisedSteps) -> None:
    assert mental_drift(biased, data, "joint") < 0.8 * mental_drift(biased, data, "published")


@pytest.mark.parametrize("distance", [0.0, 3.0, 1e3])
@pytest.mark.parametrize("intervention", [False, True])
def test_3_the_loss_is_finite_with_finite_gradients_far_out(distance: float, intervention: bool) -> None:
    mean = torch.full((1, 4), distance, requires_grad=True)
    std = torch.full((1, 4), 0.1, requires_grad=True)
    mental = (torch.zeros(1, 4), torch.full((1, 4), 0.1))
    terms = GaussianActions().decision_terms((mean, std), mental)
    pair = bounded_log_probabilities(terms, cost=50.0, cdf_scale=0.05, least=LEAST_LOG)
    loss = decision_loss(pair, torch.tensor([intervention])).mean()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(mean.grad).all()  # type: ignore[arg-type]
    assert torch.isfinite(std.grad).all()  # type: ignore[arg-type]


def test_3_categorical_likelihoods_go_through_log_softmax() -> None:
    logits = torch.tensor([[0.0, 1e4]], requires_grad=True)
    loss = CategoricalActions().negative_log_likelihood((logits,), torch.tensor([[1.0, 0.0]]))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(1e4)
    assert torch.isfinite(logits.grad).all()  # type: ignore[arg-type]


def test_4_the_kept_weights_are_no_worse_on_held_out_episodes_than_those_before(
    biased: GaussianMlp, data: SupervisedSteps
) -> None:
    """A round that only does harm keeps the weights of the round before."""
    events: list[RunEvent] = []
    harmful = replace(
        FAST, learning_rate=0.3, epochs=3, held_out=0.4, schedule="constant", warm_up=0, cost=5.0, cdf_scale=5.0
    )
    good = Trainer(data, replace(FAST, epochs=40, held_out=0.4), start=biased).run().network
    result = Trainer(data, harmful, start=good).run(report=events.append)
    assert result.best_epoch == 0
    assert all(torch.equal(a, b) for a, b in zip(result.network.parameters(), good.parameters(), strict=True))
    assert any(isinstance(event, Warned) and "its weights were kept" in event.text for event in events)


@pytest.mark.parametrize(("schedule", "first"), [("constant", 0), ("cosine", 20)])
def test_4_the_best_settled_epoch_is_kept_not_the_last(
    biased: GaussianMlp, data: SupervisedSteps, schedule: Literal["constant", "cosine"], first: int
) -> None:
    events: list[RunEvent] = []
    settings = replace(FAST, epochs=25, learning_rate=2e-2, held_out=0.4, schedule=schedule)
    result = Trainer(data, settings, start=biased).run(report=events.append)
    measured = {
        event.epoch: event.losses["held_out"]
        for event in events
        if isinstance(event, Progress) and "held_out" in event.losses and event.epoch >= first
    }
    assert result.held_out_error == min(measured.values())
    assert measured[result.best_epoch] == result.held_out_error


def test_4_nothing_is_trained_by_a_constructor(biased: GaussianMlp, data: SupervisedSteps, tmp_path: Path) -> None:
    before = {name: tensor.clone() for name, tensor in biased.state_dict().items()}
    trainer = Trainer(data, FAST, start=biased)
    trainer.save(tmp_path / "c")
    from mile_desktop.learning.trainer.state import read_state, unprefixed  # noqa: PLC0415 - only here

    state, tensors = read_state(tmp_path / "c", trainer._state.fingerprint)
    assert state.epoch == 0
    assert all(torch.equal(before[name], tensor) for name, tensor in unprefixed("network", tensors).items())


def test_5_only_the_acting_policy_clips() -> None:
    """Clipping in the likelihood would stop its gradient outside the box; acting without clipping would leave it."""
    network = GaussianMlp(OBSERVATIONS, ACTIONS, (4,))
    with torch.no_grad():
        network.mean_head.bias.fill_(3.0)
        network.mean_head.weight.zero_()
    distribution = evaluate(network, torch.zeros(1, OBSERVATIONS))
    inside = GaussianActions().negative_log_likelihood(distribution, torch.ones(1, ACTIONS))
    at_mean = GaussianActions().negative_log_likelihood(distribution, torch.full((1, ACTIONS), 3.0))
    assert inside > at_mean
    output = TorchPolicy(network, "p").act(torch.zeros(OBSERVATIONS).numpy())
    assert output.action.max() == output.mean.max() == 1


def test_6_earlier_episodes_stay_in_the_mix(biased: GaussianMlp, tmp_path: Path) -> None:
    """Every batch of an epoch together is every supervised step that is not held out, old or new."""
    steps = supervised_steps([*collected(biased, 10), *collected(biased, 10, first=10)], demonstrations(4))
    laid_out = build_training_data(steps, objective("mile").sample_weights, anchor_share=0.5, device=CPU)
    assert len(laid_out.supervised) == int((~steps.demonstration).sum())


def test_6_demonstrations_keep_a_policy_from_forgetting(biased: GaussianMlp) -> None:
    """Corrections on one side only: without anchors the other side gets lost."""

    def forgetting(anchor_share: float) -> float:
        steps = supervised_steps(collected(biased, 20), demonstrations(10))
        settings = replace(FAST, method="hg-dagger", epochs=60, anchor_share=anchor_share, learning_rate=1e-2)
        result = Trainer(steps, settings, start=biased).run()
        assert result.forgetting is not None
        return result.forgetting

    assert forgetting(0.5) < 0.5 * forgetting(0.0)


@pytest.mark.parametrize(("anchor_share", "expected"), [(0.0, True), (0.5, False)])
def test_6_the_tripwire_warns_when_old_data_is_forgotten(
    biased: GaussianMlp, anchor_share: float, expected: bool
) -> None:
    events: list[RunEvent] = []
    steps = supervised_steps(collected(biased, 20), demonstrations(10))
    settings = replace(FAST, method="hg-dagger", epochs=60, anchor_share=anchor_share, learning_rate=1e-2)
    Trainer(steps, settings, start=biased).run(report=events.append)
    assert any(isinstance(event, Warned) and "forgetting" in event.text for event in events) == expected


def test_6_having_nothing_to_hold_on_to_is_said(biased: GaussianMlp) -> None:
    events: list[RunEvent] = []
    steps = supervised_steps(collected(biased, 8))
    steps.success[:] = False
    Trainer(steps, replace(FAST, epochs=1), start=biased).run(report=events.append)
    assert any(isinstance(event, Warned) and "hold on to" in event.text for event in events)


def test_8_cost_and_scale_are_fitted_to_the_data(biased: GaussianMlp, data: SupervisedSteps) -> None:
    """With the networks as they are, ν drawn with another cost gives that cost back."""
    settings, method = replace(FAST), objective("mile")
    laid_out = build_training_data(data, method.sample_weights, anchor_share=0.0, device=CPU)
    networks, rows = Networks(biased, None), laid_out.supervised
    with torch.no_grad():
        mean, std = biased(laid_out.observation)
        # A robot that is off by up to some σ, so that K covers both sides of the cost.
        off = mean + 2 * std * torch.randn(mean.shape, generator=torch.Generator().manual_seed(2))
        laid_out = replace(laid_out, policy_mean=off, policy_std=std)
        p = gaussian_intervention_probability(mean[rows], std[rows], off[rows], std[rows], cost=4.0, cdf_scale=2.0)
    drawn = torch.rand(len(p), generator=torch.Generator().manual_seed(3)) < p
    intervention = laid_out.intervention.clone()
    intervention[rows] = drawn.float()
    found = Criterion(method, settings, biased).fit_threshold(networks, replace(laid_out, intervention=intervention))
    assert found is not None
    assert found.cost == pytest.approx(4.0, abs=1.0)
    assert found.cdf_scale == pytest.approx(2.0, rel=0.5)


@pytest.mark.parametrize("flag", [0.0, 1.0])
def test_8_nothing_is_fitted_where_no_step_or_every_step_is_a_takeover(
    biased: GaussianMlp, data: SupervisedSteps, flag: float
) -> None:
    method = objective("mile")
    laid_out = build_training_data(data, method.sample_weights, anchor_share=0.0, device=CPU)
    same = replace(laid_out, intervention=torch.full_like(laid_out.intervention, flag))
    assert Criterion(method, FAST, biased).fit_threshold(Networks(biased, None), same) is None


def test_8_set_cost_and_scale_are_kept(biased: GaussianMlp, data: SupervisedSteps) -> None:
    result = Trainer(data, replace(FAST, epochs=2, cost=3.5, cdf_scale=0.7), start=biased).run()
    assert result.threshold == Threshold(3.5, 0.7)
    assert not result.calibrated


def test_the_published_form_is_selectable(biased: GaussianMlp, data: SupervisedSteps) -> None:
    settings = published_settings(replace(FAST))
    assert (settings.epochs, settings.batch, settings.mental_model, settings.balance) == (300, 1024, "published", 0.5)
    result = Trainer(data, replace(settings, epochs=30), start=biased).run()
    assert error_where_wrong(result.network) < error_where_wrong(biased)  # type: ignore[arg-type]
