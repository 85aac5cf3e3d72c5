"""p of every recorded row as an intervention model sees it now, exactly as it would be shown live."""

from typing import cast, get_args

import numpy as np

from mile_desktop.inspection.messages import Appraise, Appraised, packed
from mile_desktop.intervention.live_estimator import LiveEstimator, Source
from mile_desktop.intervention.model import InterventionModelError, load_intervention_model
from mile_desktop.policies.checkpoint import load_policy
from mile_desktop.policies.policy import Policy, PolicyOutput
from mile_desktop.registry.intervention_models import intervention_folder
from mile_desktop.registry.policies import policy_folder
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.records import Episode
from mile_desktop.storage.workspace import Workspace


def appraise(workspace: Workspace, order: Appraise) -> Appraised:
    """Let the model say p of every row of the recording, in order, as if it watched.

    What the person expected of the robot is what was recorded, or what ``order.policy`` would have proposed from the
    recorded observations.

    Raises
    ------
    InterventionModelError, UnknownPolicyError, PolicyFileError, WorkspaceError
        In words.
    """
    episode = read_recording(workspace, order.episode_id)
    start = episode.record.start
    sizes = episode.observation.shape[1], episode.action.shape[1]
    folder = intervention_folder(workspace, start.scene, start.policy_id, order.model)
    if folder is None:
        raise InterventionModelError(f"{start.scene} has no intervention model yet; train one first.")
    model = load_intervention_model(folder)
    model.expect(*sizes)
    if order.source not in get_args(Source):
        raise InterventionModelError(f"p cannot be computed by {order.source!r}; choose one of {get_args(Source)}.")
    if order.source == "temporal" and model.config.temporal is None:
        raise InterventionModelError("This intervention model has no temporal part: it did not pay. Choose another.")
    policy = None
    if order.policy:
        policy = load_policy(policy_folder(workspace, start.scene, order.policy))
        policy.expect(*sizes)
    estimator = LiveEstimator(
        model, running_policy_id=order.policy or start.policy_id, source=cast("Source", order.source)
    )
    said = _watch(estimator, episode, policy)
    return Appraised(
        job=order.job,
        episode_id=order.episode_id,
        probability=packed(said[0]),
        low=packed(said[1]),
        high=packed(said[2]),
        forecast=packed(said[3]),
        basis=estimator.basis,
        has_learned=order.episode_id in model.config.episode_ids,
    )


def _watch(estimator: LiveEstimator, episode: Episode, policy: Policy | None) -> np.ndarray:
    """Return p, low, high and forecast, float64[4, t]."""
    estimator.reset()
    if policy is not None:
        policy.reset(episode.record.start.seed)
    said = np.full((4, len(episode)), np.nan)
    for row in range(len(episode)):
        observation = episode.observation[row]
        if policy is None:
            output = PolicyOutput(episode.policy_action[row], episode.policy_mean[row], episode.policy_std[row])
        else:
            output = policy.act(observation)
        after_takeover = row > 0 and bool(episode.intervention[row - 1]) and episode.starts_at_row[row] < 0
        each = estimator.estimate(observation, output, intervening=after_takeover)
        said[:, row] = each.probability, each.low, each.high, each.forecast
    return said
