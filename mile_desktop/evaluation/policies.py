"""Evaluating the policies of a workspace, and comparing two of them on the same seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mile_desktop.evaluation.evaluate import EpisodeResult, evaluate
from mile_desktop.evaluation.statistics import compare_paired, wilson_interval
from mile_desktop.learning.progress import Compared
from mile_desktop.rollout.loading import load_named_policy
from mile_desktop.rollout.scene import GymScene
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.ids import new_id, now
from mile_desktop.storage.records import EvaluationRecord
from mile_desktop.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Watching:
    """Who follows a long evaluation and may end it."""

    on_result: Callable[[EpisodeResult], None] = lambda _: None
    cancelled: Callable[[], bool] = lambda: False


def evaluate_policy(
    workspace: Workspace, scene: str, reference: str, seeds: Sequence[int], watching: Watching | None = None
) -> EvaluationRecord:
    """Evaluate the policy that ``reference`` names on ``seeds`` and keep the result in the workspace.

    Raises
    ------
    UnknownPolicyError, PolicyFileError, UnknownSceneError
        As ``load_named_policy``.
    EvaluationCancelledError
        When asked to stop; nothing is kept.
    """
    watching = watching or Watching()
    driven = GymScene.make(scene)
    try:
        policy = load_named_policy(workspace, scene, reference, driven).policy
        results = evaluate(driven, policy, seeds, on_result=watching.on_result, cancelled=watching.cancelled)
    finally:
        driven.close()
    whole = [result for result in results if not result.crash]
    record = EvaluationRecord(
        evaluation_id=new_id("evaluation"),
        policy_id=policy.policy_id,
        scene=scene,
        created_at=now(),
        seeds=tuple(result.seed for result in whole),
        outcomes=tuple(result.success for result in whole),
        crashes=len(results) - len(whole),
    )
    Catalogue(workspace).add_evaluation(record)
    return record


def known_evaluation(workspace: Workspace, scene: str, policy_id: str, seeds: Sequence[int]) -> EvaluationRecord | None:
    """Return an earlier evaluation that covers ``seeds`` without a crash: policies never change, nor do seeds."""
    for record in Catalogue(workspace).evaluations(scene=scene, policy_id=policy_id):
        if not record.crashes and set(seeds) <= set(record.seeds):
            return record
    return None


def compare_policies(
    workspace: Workspace,
    scene: str,
    before: str,
    after: str,
    seeds: Sequence[int],
    *,
    watching: Watching | None = None,
) -> Compared:
    """Evaluate two policies on the same seeds and say whether to use the second.

    What was evaluated before on these seeds is not evaluated again. Raises what ``evaluate_policy`` raises.
    """
    records = [
        known_evaluation(workspace, scene, policy, seeds) or evaluate_policy(workspace, scene, policy, seeds, watching)
        for policy in (before, after)
    ]
    outcomes = [dict(zip(record.seeds, record.outcomes, strict=True)) for record in records]
    shared = [seed for seed in seeds if all(seed in each for each in outcomes)]
    paired = compare_paired(*([each[seed] for seed in shared] for each in outcomes))
    return Compared(
        before_policy=before,
        after_policy=after,
        episodes=paired.episodes,
        before_successes=paired.before_successes,
        after_successes=paired.after_successes,
        before_interval=wilson_interval(paired.before_successes, paired.episodes),
        after_interval=wilson_interval(paired.after_successes, paired.episodes),
        difference=paired.difference,
        difference_interval=paired.difference_interval,
        crashes=sum(record.crashes for record in records),
        suggestion=paired.suggestion,
        reason=paired.reason,
    )
