"""p(ν∣s) of every recorded row as an intervention model predicts it now, exactly as it would be shown live."""

from typing import cast, get_args

import numpy as np

from mile_desktop.inspection.messages import PredictAgain, PredictedAgain, packed
from mile_desktop.intervention.live_estimator import LiveEstimator, Source
from mile_desktop.intervention.model import InterventionModelError
from mile_desktop.policies.checkpoint import load_policy
from mile_desktop.policies.policy import Policy, PolicyOutput
from mile_desktop.registry.intervention_models import intervention_folder, load_with_forecast
from mile_desktop.registry.policies import policy_folder
from mile_desktop.storage.generated_episodes import read_listed
from mile_desktop.storage.records import Episode
from mile_desktop.storage.workspace import Workspace


def predict_again(workspace: Workspace, command: PredictAgain) -> PredictedAgain:
    """Predict p for every row of a recording, in order, as if the episode were running.

    The action that the person expected of the robot is the recorded one, or the one that ``command.policy`` proposes
    for the recorded observation.

    Raises
    ------
    UserError
        The episode, the model or the policy is missing, cannot be read, or does not fit the others.
    """
    # Without edits: the model must see what the person saw.
    episode = read_listed(workspace, command.episode_id)
    start = episode.record.start
    sizes = episode.observation.shape[1], episode.action.shape[1]
    folder = intervention_folder(workspace, start.scene, start.policy_id, command.model)
    if folder is None:
        raise InterventionModelError(f"{start.scene} has no intervention model yet; train one first.")
    # With the refitted forecast: it is the one that is shown live.
    model = load_with_forecast(workspace, folder)
    # Before the rows, so that the message names the sizes and not an error of numpy.
    model.expect(*sizes)
    if command.source not in get_args(Source):
        raise InterventionModelError(f"p cannot be computed by {command.source!r}; choose one of {get_args(Source)}.")
    if command.source == "temporal" and model.config.temporal is None:
        raise InterventionModelError(
            "This intervention model has no temporal part, because it did not improve the prediction. Choose another."
        )
    policy = None
    if command.policy:
        policy = load_policy(policy_folder(workspace, start.scene, command.policy))
        policy.expect(*sizes)
    estimator = LiveEstimator(
        model, running_policy_id=command.policy or start.policy_id, source=cast("Source", command.source)
    )
    probability, low, high, forecast = _predict_rows(estimator, episode, policy)
    return PredictedAgain(
        job=command.job,
        episode_id=command.episode_id,
        probability=packed(probability),
        low=packed(low),
        high=packed(high),
        forecast=packed(forecast),
        basis=estimator.basis,
        trained_on_episode=command.episode_id in model.config.episode_ids,
    )


def _predict_rows(estimator: LiveEstimator, episode: Episode, policy: Policy | None) -> np.ndarray:
    """Return p, low, high and forecast, float64[4, t]."""
    # The temporal model and a policy with a history carry state from row to row, so every row is computed in order.
    estimator.reset()
    if policy is not None:
        policy.reset(episode.record.start.seed)
    predicted = np.full((4, len(episode)), np.nan)
    for row in range(len(episode)):
        observation = episode.observation[row]
        if policy is None:
            output = PolicyOutput(episode.policy_action[row], episode.policy_mean[row], episode.policy_std[row])
        else:
            output = policy.act(observation)
        # As in the live loop: the estimate of a row is made before the operator is read, so it knows only who drove
        # the step before. A row that starts from an earlier state (rewind) has no step before.
        after_takeover = row > 0 and bool(episode.intervention[row - 1]) and episode.starts_at_row[row] < 0
        estimate = estimator.estimate(observation, output, intervening=after_takeover)
        predicted[:, row] = estimate.probability, estimate.low, estimate.high, estimate.forecast
    return predicted
