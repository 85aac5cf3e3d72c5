"""Results of evaluated policies and the comparison of two of them, as values and sentences; no Qt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from mile_desktop.evaluation.evaluate import EpisodeResult
from mile_desktop.evaluation.run import EvaluationRun, Tally, results_of
from mile_desktop.evaluation.statistics import PairedComparison, compare_paired, p_text, range_text
from mile_desktop.storage.records import EvaluationRecord

EpisodeState = Literal["running", "success", "failure", "crash"]


@dataclass(frozen=True)
class PolicyResults:
    """The results of one policy. Counts and means are cached, because a table asks for them again and again."""

    policy_id: str
    name: str
    results: tuple[EpisodeResult, ...]
    planned: int
    """Episodes to run, finished or not."""
    has_details: bool = True
    """Whether lengths and returns of its episodes are known; evaluations of older builds lack them."""

    @cached_property
    def tally(self) -> Tally:
        """Numbers of successes, finished episodes and errors."""
        # A crash says nothing about the policy: it counts neither as success nor as failure.
        whole = [result for result in self.results if not result.crash]
        successes = sum(result.success for result in whole)
        return Tally(successes, len(whole), len(self.results) - len(whole), self.planned)

    @property
    def success_text(self) -> str:
        """``78 % [64–88]``, ``–`` before the first episode."""
        return rate_text(self.tally)

    @cached_property
    def mean_return(self) -> float | None:
        """Mean sum of rewards of the episodes without an error; None where unknown."""
        return self._mean([result.total_reward for result in self.results if not result.crash])

    @cached_property
    def mean_steps(self) -> float | None:
        """Mean length in control steps; None where unknown."""
        return self._mean([result.steps for result in self.results if not result.crash])

    def _mean(self, values: Sequence[float]) -> float | None:
        return sum(values) / len(values) if values and self.has_details else None


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """One episode in the list."""

    policy_id: str
    policy: str
    seed: int
    state: EpisodeState
    steps: int | None
    total_reward: float | None
    reason: str = ""
    """The error that ended it; empty: none."""
    ticket: int = -1
    """The pool's number of a running episode; −1 for one that has ended."""


def results_of_run(run: EvaluationRun, names: Mapping[str, str]) -> tuple[PolicyResults, ...]:
    """Return the results of a running evaluation so far."""
    return tuple(
        PolicyResults(
            policy.policy_id,
            names.get(policy.policy_id, policy.policy_id),
            run.results(policy.policy_id),
            len(run.seeds),
        )
        for policy in run.policies
    )


def results_of_records(records: Iterable[EvaluationRecord], names: Mapping[str, str]) -> tuple[PolicyResults, ...]:
    """Return stored evaluations, those of the same policy merged; for a seed in several records the last one counts."""
    found: dict[str, dict[int, EpisodeResult]] = {}
    detailed: dict[str, bool] = {}
    for record in records:
        known = found.setdefault(record.policy_id, {})
        # By seed, since the same start again is no new evidence.
        known.update({result.seed: result for result in results_of(record)})
        # One record without lengths is enough: a mean over the others would be of other episodes.
        detailed[record.policy_id] = detailed.get(record.policy_id, True) and bool(record.steps or not record.seeds)
    return tuple(
        PolicyResults(
            policy_id,
            names.get(policy_id, policy_id),
            tuple(known[seed] for seed in sorted(known)),
            len(known),
            detailed[policy_id],
        )
        for policy_id, known in found.items()
    )


def episode_rows(shown: Iterable[PolicyResults], run: EvaluationRun | None) -> list[EpisodeRow]:
    """Return the episodes of ``shown``, the running ones first."""
    shown = list(shown)
    names = {each.policy_id: each.name for each in shown}
    running = [
        EpisodeRow(
            each.policy_id, names.get(each.policy_id, ""), each.seed, "running", each.steps, None, "", each.ticket
        )
        for each in (run.running if run else ())
    ]
    return running + [_row(each, result) for each in shown for result in each.results]


def _row(policy: PolicyResults, result: EpisodeResult) -> EpisodeRow:
    state: EpisodeState = "crash" if result.crash else "success" if result.success else "failure"
    return EpisodeRow(
        policy_id=policy.policy_id,
        policy=policy.name,
        seed=result.seed,
        state=state,
        # The length of an episode that crashed is the moment of the error, not a result.
        steps=result.steps if policy.has_details and state != "crash" else None,
        total_reward=result.total_reward if policy.has_details and state != "crash" else None,
        reason=result.crash,
    )


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two policies on the episodes that both have finished without an error."""

    first: PolicyResults
    second: PolicyResults
    comparison: PairedComparison
    gained: tuple[int, ...]
    """Seeds on which only the second succeeded."""
    lost: tuple[int, ...]
    """Seeds on which only the first succeeded."""

    @property
    def headline(self) -> str:
        """``v3 succeeds 24 points more often than v2 [+8 … +38]``."""
        points = round(100 * self.comparison.difference)
        interval = range_text(*self.comparison.difference_interval)
        if not self.comparison.episodes:
            return "They have no finished episode in common yet."
        if points == 0:  # after rounding; the interval still shows a small difference
            return f"{self.second.name} and {self.first.name} succeed equally often {interval}"
        word = "more" if points > 0 else "less"
        unit = "point" if abs(points) == 1 else "points"
        return f"{self.second.name} succeeds {abs(points)} {unit} {word} often than {self.first.name} {interval}"

    @property
    def details(self) -> str:
        """The numbers of differing episodes, and the test."""
        comparison = self.comparison
        if not comparison.episodes:
            return "Evaluate both on the same seeds to compare them."
        return (
            f"On the same {comparison.episodes} episodes: only {self.second.name} succeeded on {comparison.gained}, "
            f"only {self.first.name} on {comparison.lost}. Exact McNemar's test: {p_text(comparison.p_value)}."
        )

    @property
    def verdict(self) -> str:
        """The conclusion that the test allows."""
        if not self.comparison.episodes:
            return ""
        if self.comparison.p_value < 0.05:
            better = self.second if self.comparison.difference > 0 else self.first
            return f"{better.name} is better: a difference like this is rare by chance."
        return "This difference may be chance; evaluate more episodes to find out."


def compare_pair(first: PolicyResults, second: PolicyResults) -> Pairing:
    """Compare two policies on the seeds that both have finished."""
    outcomes = [
        {result.seed: result.success for result in each.results if not result.crash} for each in (first, second)
    ]
    # paired by seed: the same start for both, so most of the variance between starts cancels
    shared = sorted(outcomes[0].keys() & outcomes[1].keys())
    comparison = compare_paired(*([each[seed] for seed in shared] for each in outcomes))
    gained = tuple(seed for seed in shared if outcomes[1][seed] and not outcomes[0][seed])
    lost = tuple(seed for seed in shared if outcomes[0][seed] and not outcomes[1][seed])
    return Pairing(first, second, comparison, gained, lost)


def results_summary(shown: Sequence[PolicyResults]) -> str:
    """Return one sentence with the results of an evaluation."""
    parts = []
    for each in shown:
        tally = each.tally
        crashes = f", {tally.crashes} ended in an error" if tally.crashes else ""
        parts.append(f"{each.name} {tally.successes} of {tally.episodes} ({each.success_text}){crashes}")
    return f"Evaluated: {'; '.join(parts)}."


def rate_text(tally: Tally) -> str:
    """Return ``78 % [64–88]``, ``–`` where there are no episodes."""
    if tally.rate is None:
        return "–"
    low, high = tally.interval
    return f"{100 * tally.rate:.0f} % [{100 * low:.0f}–{100 * high:.0f}]"
