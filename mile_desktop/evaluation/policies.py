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
    keep_finished,
    record_of,
    results_of,
)
from mile_desktop.evaluation.statistics import PairedComparison, compare_paired, wilson_interval
from mile_desktop.learning.progress import Compared, PairedSoFar
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
    on_paired: Callable[[PairedSoFar], None] = lambda _: None
    """For a comparison: called after ``on_result`` with what both policies have finished."""


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
        When it was cancelled; what was finished is stored, and the message says how much.
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
        try:
            _follow(run, callbacks or EvaluationCallbacks())
        except EvaluationCancelledError as error:
            kept = keep_finished(workspace, run)
            raise EvaluationCancelledError(f"{error} The {kept} finished ones are stored.") from error
    records = tuple(record_of(policy.policy_id, scene, run.results(policy.policy_id)) for policy in policies)
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


def known_results(workspace: Workspace, scene: str, policy_id: str) -> dict[int, EpisodeResult]:
    """Return what earlier evaluations found, by seed, without crashed episodes.

    It is still valid, because neither a saved policy nor the start that belongs to a seed ever changes.
    """
    return {
        result.seed: result
        for record in Catalogue(workspace).evaluations(scene=scene, policy_id=policy_id)
        for result in results_of(record)
        if not result.crash
    }


_LOOKS = (1.0, 2.5, 5.0)
"""A comparison that may grow is looked at after these multiples of its first starts: 20, 50 and 100 in the window. A
policy that is worse by ten points (from .7) passes after 20 starts in 31 % of simulated cases, with this rule in 13 %,
and one that is worse by fifteen in less than 5 %."""


def looks(first: int, at_most: int) -> tuple[int, ...]:
    """Return the rising numbers of starts after which a comparison may end, all up to ``at_most``."""
    return tuple(dict.fromkeys(min(round(first * factor), at_most) for factor in _LOOKS))


def compare_policies(
    workspace: Workspace,
    scene: str,
    before: str,
    after: str,
    seeds: Sequence[int],
    *,
    first: int | None = None,
    workers: int | None = None,
    callbacks: EvaluationCallbacks | None = None,
) -> Compared:
    """Evaluate two policies on the same seeds and suggest which one to use.

    A start on which a policy was evaluated before is not run again.

    Parameters
    ----------
    seeds
        The starts, at most.
    first
        After so many of ``seeds`` the comparison ends if it is decided, and otherwise grows (``looks``); None: all.

    Raises
    ------
    UnknownSceneError, UnknownPolicyError, PolicyFileError, EvaluationFailedError, EvaluationCancelledError
        As ``evaluate_policies``.
    """
    policies = [find_policy(workspace, scene, each) for each in (before, after)]
    known = {each.policy_id: known_results(workspace, scene, each.policy_id) for each in policies}
    with closing(EvaluationPool(_enough(workers, 2 * len(seeds)))) as pool:
        for size in looks(first or len(seeds), len(seeds)):
            run = EvaluationRun(pool, scene, policies, seeds[:size], known)
            _follow(run, callbacks or EvaluationCallbacks(), paired=True)
            for each in policies:
                # The next look runs only the starts that are new.
                known[each.policy_id] |= {one.seed: one for one in run.results(each.policy_id)}
            paired = _paired(run)
            if paired.is_decided:
                break
    # Once, after the last look: the run of the last look has the results of all looks before it.
    _keep_new(workspace, scene, policies, run)
    return _compared(run, paired)


def _keep_new(workspace: Workspace, scene: str, policies: Sequence[EvaluatedPolicy], run: EvaluationRun) -> None:
    """Record each policy's results, unless an earlier record has all of them."""
    for policy in policies:
        results = run.results(policy.policy_id)
        earlier = Catalogue(workspace).evaluations(scene=scene, policy_id=policy.policy_id)
        if not any({each.seed for each in results} <= set(record.seeds) for record in earlier):
            Catalogue(workspace).add_evaluation(record_of(policy.policy_id, scene, results))


def _paired(run: EvaluationRun) -> PairedComparison:
    """Compare the two policies of ``run`` on the seeds that both have finished and on which neither crashed."""
    whole = [
        {each.seed: each.success for each in run.results(policy.policy_id) if not each.crash} for policy in run.policies
    ]
    # Paired: a seed counts only if both policies ran on it to the end.
    shared = [seed for seed in run.seeds if all(seed in each for each in whole)]
    before, after = ([each[seed] for seed in shared] for each in whole)
    return compare_paired(before, after)


def _so_far(paired: PairedComparison) -> PairedSoFar:
    return PairedSoFar(
        starts=paired.episodes, before_successes=paired.before_successes, after_successes=paired.after_successes
    )


def _compared(run: EvaluationRun, paired: PairedComparison) -> Compared:
    before, after = run.policies
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
        crashes=sum(bool(each.crash) for policy in run.policies for each in run.results(policy.policy_id)),
        suggestion=paired.suggestion,
        reason=paired.reason,
    )


def _enough(workers: int | None, episodes: int) -> int:
    """Return how many workers to use: no more than there are episodes."""
    # More workers than episodes would only import and wait.
    return max(1, min(workers or default_workers(), episodes))


def _follow(run: EvaluationRun, callbacks: EvaluationCallbacks, *, paired: bool = False) -> None:
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
        if paired and news.results:
            callbacks.on_paired(_so_far(_paired(run)))
        run.pool.wait()
    if run.failure:
        raise EvaluationFailedError(run.failure)
