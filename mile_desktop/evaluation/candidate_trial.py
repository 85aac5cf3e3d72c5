"""How often a network succeeds on the starts on which a training tries its candidates."""

from mile_desktop.evaluation.evaluate import FIRST_TRIAL_SEED, EvaluationCancelledError, evaluate, evaluation_seeds
from mile_desktop.learning.result import CancelCheck, TrainingCancelled
from mile_desktop.learning.takeover_trial import Successes
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.torch_policy import as_policy
from mile_desktop.rollout.scene import DrivenScene, GymScene


def successes_in(scene: str, cancelled: CancelCheck) -> Successes:
    """Return what tries a network in the scene of that name; each trial opens the scene and closes it again."""

    def successes(network: PolicyNetwork, starts: int) -> int:
        driven = GymScene.make(scene)
        try:
            return trial_successes(driven, network, starts, cancelled)
        finally:
            driven.close()

    return successes


def trial_successes(
    driven: DrivenScene, network: PolicyNetwork, starts: int, cancelled: CancelCheck = lambda: False
) -> int:
    """Return the successes of ``network`` on the first ``starts`` trial starts; ``TrainingCancelled`` when asked to."""
    seeds = evaluation_seeds(starts, FIRST_TRIAL_SEED)
    try:
        results = evaluate(driven, as_policy(network, "candidate"), seeds, cancelled=cancelled)
    except EvaluationCancelledError as error:
        raise TrainingCancelled from error
    return sum(each.success for each in results)
