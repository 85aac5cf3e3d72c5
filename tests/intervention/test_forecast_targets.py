from dataclasses import replace

import numpy as np
import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FittedModel
from mile_desktop.intervention.forecast_fit import fit_forecast, forecast_probabilities
from mile_desktop.intervention.forecast_targets import FAILING_STEPS, SUCCESS_WEIGHT, forecast_targets
from mile_desktop.intervention.scores import takeover_ahead
from tests.intervention.toy import recorded


def alone(episodes: int, *, fails: tuple[int, ...] = (), length: int = 100, seed: int = 5) -> SupervisedSteps:
    """Episodes of ``length`` steps that nobody watched."""
    steps = recorded(episodes, demonstrations=0, length=length, seed=seed)
    failed = torch.isin(steps.episode, torch.tensor(fails, dtype=torch.int64))
    nobody = torch.zeros(len(steps), dtype=torch.bool)
    return replace(steps, intervention=nobody, unattended=~nobody, success=~failed, failed=failed)


def test_the_end_of_an_unattended_failure_counts_as_if_a_takeover_were_ahead() -> None:
    targets = forecast_targets(alone(2, fails=(1,)))
    assert np.flatnonzero(targets.ahead).tolist() == list(range(200 - FAILING_STEPS, 200))
    assert not targets.asked[100 : 200 - FAILING_STEPS].any(), "nobody can say when a person would have stepped in"
    assert targets.asked[:100].all()
    assert (targets.weight[:100] == SUCCESS_WEIGHT).all()
    assert (targets.scored == targets.ahead).all()
    assert np.flatnonzero(targets.quiet).tolist() == list(range(100))


def test_an_unattended_attempt_that_was_broken_off_says_nothing() -> None:
    steps = alone(1)
    targets = forecast_targets(replace(steps, success=torch.zeros_like(steps.success)))
    assert not targets.asked.any()


def test_attended_episodes_are_as_they_were(steps: SupervisedSteps) -> None:
    targets, (asked, ahead) = forecast_targets(steps), takeover_ahead(steps)
    assert (targets.asked == asked).all()
    assert (targets.ahead == ahead).all()
    assert (targets.weight == 1).all()
    assert (targets.scored == ahead).all()
    assert not targets.quiet.any()


def test_a_forecast_that_saw_unattended_successes_calls_in_fewer_of_them(
    fitted: FittedModel, steps: SupervisedSteps
) -> None:
    watched_by_nobody = alone(8, length=60)
    both = joined(steps, watched_by_nobody)
    plain, aware = fit_forecast(fitted.model, steps), fit_forecast(fitted.model, both)
    assert plain is not None
    assert aware is not None
    fresh = alone(6, length=60, seed=9)
    before, after = (forecast_probabilities(fitted.model, fresh, each).mean() for each in (plain, aware))
    assert after < before
    assert aware.config.score is not None
    assert plain.config.score is not None
    assert aware.config.score.steps == plain.config.score.steps + len(watched_by_nobody), (
        "how they ended is scored, too"
    )


def joined(first: SupervisedSteps, second: SupervisedSteps) -> SupervisedSteps:
    names = ("observation", "action", "human_action", "policy_mean", "policy_std", "intervention", "demonstration",
             "success", "step")  # fmt: skip
    return SupervisedSteps(
        **{name: torch.cat((getattr(first, name), getattr(second, name))) for name in names},
        episode=torch.cat((first.episode, second.episode + len(first.episode_ids))),
        episode_ids=first.episode_ids + second.episode_ids,
        unattended=torch.cat((torch.zeros(len(first), dtype=torch.bool), torch.ones(len(second), dtype=torch.bool))),
        failed=torch.zeros(len(first) + len(second), dtype=torch.bool),
    )
