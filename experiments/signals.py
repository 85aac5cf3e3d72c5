"""Signals for an open problem: good against bad moments of a new policy at the same point of an episode.

Each signal is one number a step, larger where a takeover is expected. None of them uses what the supervisor did with
the new policy.
"""

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mile_desktop.arrays import BoolArray, Float64Array
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.forecast import STEPS_PER_UNIT, Forecast
from mile_desktop.learning.dataset import human_targets
from mile_desktop.storage.records import Episode

_NEIGHBOURS = 8
_FLOOR = 1e-4  # keeps the log-odds of a classifier that is certain finite


def failure_value(unattended: Sequence[Episode], test: SupervisedSteps, *, seed: int = 0) -> Float64Array:
    """Return the log-odds of failure of each ``test`` step, learned from unattended episodes of the same policy.

    A perceptron predicts the outcome of the episode from observation and proposal. With automatic resets such episodes
    need no person; the evaluation before a promotion has fifty of them.
    """
    outcome = np.concatenate([np.full(len(each), each.record.outcome != "success") for each in unattended])
    if not 0 < outcome.sum() < len(outcome):
        return np.zeros(len(test))
    inputs = np.concatenate([np.hstack((each.observation, each.policy_mean)) for each in unattended])
    network = MLPClassifier((64, 64), alpha=1.0, early_stopping=True, max_iter=200, random_state=seed)
    with warnings.catch_warnings():
        # a fit that has not converged is scored as it is
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = make_pipeline(StandardScaler(), network).fit(inputs.astype(np.float64), outcome)
    shown = torch.cat((test.observation, test.policy_mean), 1).double().numpy()
    fails = np.clip(fitted.predict_proba(shown)[:, 1], _FLOOR, 1 - _FLOOR)
    odds: Float64Array = np.log(fails) - np.log1p(-fails)
    return odds


def counterfactual_contrast(train: SupervisedSteps, test: SupervisedSteps) -> Float64Array:
    """Return how much nearer the proposal is to overruled actions at similar states than to accepted ones.

    The states are the nearest recorded ones of each ``test`` step. Overruled actions are the old robot's proposals
    where a person took over. Accepted ones are the person's actions, the old robot's actions without a takeover, and
    demonstrations. A robot that repeats the old mistake in the corrected region scores high, one that has learned the
    correction scores low, at any point of the episode.
    """
    # The bound keeps an entry that never changed from outweighing all others.
    scale = train.observation.std(0, correction=0).clamp_min(1e-2)
    states = (train.observation / scale).double().numpy()
    here = (test.observation / scale).double().numpy()
    proposal = test.policy_mean.double().numpy()
    overruled = train.intervention.numpy()
    # With fewer there is no neighbourhood, and the signal is silent.
    if overruled.sum() < _NEIGHBOURS:
        return np.zeros(len(test))
    done = human_targets(train).double().numpy()
    rejected = _distance_to_actions(states[overruled], train.policy_mean.double().numpy()[overruled], here, proposal)
    accepted = _distance_to_actions(states, done, here, proposal)
    return accepted - rejected


def _distance_to_actions(
    states: Float64Array, actions: Float64Array, here: Float64Array, proposal: Float64Array
) -> Float64Array:
    """Return the mean distance of each proposal to the actions at the nearest ``states``; near states weigh more."""
    away, which = NearestNeighbors(n_neighbors=_NEIGHBOURS).fit(states).kneighbors(here)
    # The constant bounds the weight of a state that was recorded exactly here.
    weight = 1 / (away + 0.1)
    gap = np.linalg.norm(actions[which] - proposal[:, None, :], axis=-1)
    mean: Float64Array = (weight * gap).sum(1) / weight.sum(1)
    return mean


def behind_schedule(forecast: Forecast, train: SupervisedSteps, test: SupervisedSteps) -> Float64Array:
    """Return the share of successful recorded steps at a similar elapsed time that were nearer to success.

    The forecast's time to go is compared with its distribution over successful episodes and demonstrations at the same
    phase.
    """
    successful = (train.success | train.demonstration).numpy()
    left_then, left_now = _time_to_go(forecast, train)[successful], _time_to_go(forecast, test)
    elapsed_then, elapsed_now = train.step.numpy()[successful], test.step.numpy()
    quantile = np.full(len(test), 0.5)
    for row, (step, left) in enumerate(zip(elapsed_now, left_now, strict=True)):
        # Five steps to both sides, a quarter of a second: enough recorded steps to rank among.
        near = left_then[np.abs(elapsed_then - step) <= 5]
        if len(near):
            quantile[row] = float((near < left).mean())
        else:  # later than any successful episode: more than the largest quantile, and ranked by what remains
            quantile[row] = 1.0 + left
    return quantile


def _time_to_go(forecast: Forecast, steps: SupervisedSteps) -> Float64Array:
    with torch.no_grad():
        proposal = torch.nan_to_num(steps.policy_mean)
        _, left = forecast.network_outputs(steps.observation, proposal)
    found: Float64Array = left.double().numpy() * STEPS_PER_UNIT
    return found


def weighed_together(
    signals: Sequence[Float64Array], known: BoolArray, happened: BoolArray, *, penalty: float = 1.0
) -> Float64Array:
    """Fit a logistic over ``signals`` (float64[t] each) to the ``known`` steps and return its probability everywhere.

    ``happened``: bool[t]; only its ``known`` part is looked at. Constant where that never varies.
    """
    inputs = np.stack(signals, 1)
    target = happened[known]
    if not 0 < target.sum() < len(target):
        return np.full(len(inputs), float(target.mean()) if len(target) else 0.5)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / penalty))
    fitted = model.fit(inputs[known], target)
    probability: Float64Array = fitted.predict_proba(inputs)[:, 1]
    return probability
