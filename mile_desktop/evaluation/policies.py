"""Evaluating the policies of a workspace, and comparing two of them on the same seeds."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from mile_desktop.evaluation.evaluate import EpisodeResult, EvaluationCancelledError
from mile_desktop.evaluation.pool import EvaluationPool, default_workers
from mile_desktop.evaluation.run import (
    EvaluatedPolicy,
    EvaluationFailedError,
    EvaluationRun,
    record_of,
    results_of,
)
from mile_desktop.evaluation.statistics import compare_paired, wilson_interval
from mile_desktop.learning.progress import Compared
from mile_desktop.policies.config import read_policy_config
from mile_desktop.registry.names import EXPERT
from mile_desktop.registry.policies import policy_folder
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.records import EvaluationRecord
from mile_desktop.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class EvaluationCallbacks:
    """Functions that a long evaluation calls while it runs."""

    on_result: Callable[[EpisodeResult], None] = lambda _: None
    cancelled: Callable[[], bool] = lambda: False
    on_lost: Callable[[str], None] = lambda _: None
    """Called with the reason when a worker died; its episode is run again, once."""


def evaluate_policies(
    workspace: Workspace,
    scene: str,
    references: Sequence[str],
    seeds: Sequence[int],
    *,
    workers: int | None = None,
    callbacks: EvaluationCallbacks | None = None,
) -> tuple[EvaluationRecord, ...]:
    """Evaluate the policies that ``references`` name on ``seeds`` and keep the results in the workspace.

    Parameters
    ----------
    references
        Ids, folders, ``initial`` or ``expert``.
    workers
        Largest number of processes; None: one fewer than there are processors.

    Raises
    ------
    UnknownSceneError, UnknownPolicyError, PolicyFileError
        As ``find_policy``.
    EvaluationFailedError
        When a policy does not fit the scene, or workers die at once.
    EvaluationCancelledError
        When it was cancelled; nothing is stored.
    """
    policies = [find_policy(workspace, scene, reference) for reference in references]
    return _evaluate(workspace, scene, policies, seeds, workers=workers, callbacks=callbacks)


def _evaluate(
    workspace: Workspace,
    scene: str,
    policies: Sequence[EvaluatedPolicy],
    seeds: Sequence[int],
    *,
    workers: int | None,
    callbacks: EvaluationCallbacks | None,
) -> tuple[EvaluationRecord, ...]:
    with closing(EvaluationPool(_enough(workers, len(policies) * len(seeds)))) as pool:
        run = EvaluationRun(pool, scene, policies, seeds)
        _follow(run, callbacks or EvaluationCallbacks())
    records = tuple(record_of(policy.policy_id, scene, run.results(policy.policy_id)) for policy in policies)
    # Only after all episodes: a comparison of policies with different numbers of episodes would mislead.
    for record in records:
        Catalogue(workspace).add_evaluation(record)
    return records


def find_policy(workspace: Workspace, scene: str, reference: str) -> EvaluatedPolicy:
    """Return the policy that ``reference`` names, as a worker finds it.

    Raises ``UnknownSceneError``, and what ``policy_folder`` raises.
    """
    scene_info(scene)
    if reference == EXPERT:
        return EvaluatedPolicy(EXPERT, EXPERT)
    folder = policy_folder(workspace, scene, reference)
    return EvaluatedPolicy(read_policy_config(folder).policy_id, str(folder.resolve()))


def known_evaluation(workspace: Workspace, scene: str, policy_id: str, seeds: Sequence[int]) -> EvaluationRecord | None:
    """Return an earlier evaluation that covers ``seeds`` without a crash.

    It is still valid, because neither a saved policy nor the start that belongs to a seed ever changes.
    """
    for record in Catalogue(workspace).evaluations(scene=scene, policy_id=policy_id):
        # Crashed seeds are not in ``record.seeds``, so an evaluation with a crash on one of them does not count.
        if set(seeds) <= set(record.seeds):
            return record
    return None


def compare_policies(
    workspace: Workspace,
    scene: str,
    before: str,
    after: str,
    seeds: Sequence[int],
    *,
    workers: int | None = None,
    callbacks: EvaluationCallbacks | None = None,
) -> Compared:
    """Evaluate two policies on the same seeds and suggest which one to use.

    A policy that was evaluated on these seeds before is not evaluated again. Raises what ``evaluate_policies`` raises.
    """
    policies = {each: find_policy(workspace, scene, each) for each in (before, after)}
    found = {each: known_evaluation(workspace, scene, policy.policy_id, seeds) for each, policy in policies.items()}
    missing = [each for each, record in found.items() if record is None]
    if missing:
        contestants = [policies[each] for each in missing]
        made = _evaluate(workspace, scene, contestants, seeds, workers=workers, callbacks=callbacks)
        found.update(zip(missing, made, strict=True))
    first, second = (record for each in (before, after) if (record := found[each]) is not None)
    return compare_records(first, second, seeds)


def compare_records(before: EvaluationRecord, after: EvaluationRecord, seeds: Sequence[int]) -> Compared:
    """Compare two evaluations on those of ``seeds`` on which neither policy crashed."""
    wanted = set(seeds)
    results = [
        {result.seed: result for result in results_of(record) if result.seed in wanted} for record in (before, after)
    ]
    # Paired: a seed counts only if both policies ran on it to the end.
    shared = [seed for seed in seeds if all(seed in each and not each[seed].crash for each in results)]
    paired = compare_paired(*([each[seed].success for seed in shared] for each in results))
    return Compared(
        before_policy=before.policy_id,
        after_policy=after.policy_id,
        episodes=paired.episodes,
        before_successes=paired.before_successes,
        after_successes=paired.after_successes,
        before_interval=wilson_interval(paired.before_successes, paired.episodes),
        after_interval=wilson_interval(paired.after_successes, paired.episodes),
        difference=paired.difference,
        difference_interval=paired.difference_interval,
        gained=paired.gained,
        lost=paired.lost,
        p_value=paired.p_value,
        crashes=sum(bool(result.crash) for each in results for result in each.values()),
        suggestion=paired.suggestion,
        reason=paired.reason,
    )


def _enough(workers: int | None, episodes: int) -> int:
    """Return how many workers to use: no more than there are episodes."""
    # More workers than episodes would only import and wait.
    return max(1, min(workers or default_workers(), episodes))


def _follow(run: EvaluationRun, callbacks: EvaluationCallbacks) -> None:
    while not run.over:
        if callbacks.cancelled():
            # Read before the cancel, which clears the run.
            done = run.done
            run.cancel()
            raise EvaluationCancelledError(f"Cancelled after {done} of {run.planned} episodes.")
        news = run.update(run.pool.poll())
        for text in news.lost:
            callbacks.on_lost(text)
        for _, result in news.results:
            # One at a time, as they arrive: a long evaluation shows its progress.
            callbacks.on_result(result)
        run.pool.wait()
    if run.failure:
        raise EvaluationFailedError(run.failure)
