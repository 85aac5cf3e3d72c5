"""One evaluation: several policies on the same starts, in a pool; the same for window, trainer and command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mile_desktop.errors import UserError
from mile_desktop.evaluation.evaluate import EpisodeResult
from mile_desktop.evaluation.messages import EpisodeBegan, EpisodeEnded, EpisodeProgress, EpisodeRefused
from mile_desktop.evaluation.pool import EvaluationPool, PoolEvent, WorkerLost
from mile_desktop.evaluation.statistics import Interval, wilson_interval
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.ids import new_id, now
from mile_desktop.storage.records import EvaluationRecord
from mile_desktop.storage.workspace import Workspace


class EvaluationFailedError(UserError):
    """The evaluation cannot continue: a policy or a scene cannot be loaded, or workers die at once."""


@dataclass(frozen=True, slots=True)
class EvaluatedPolicy:
    """A policy as a worker finds it."""

    policy_id: str
    source: str
    """Its folder, or ``expert``."""


@dataclass(frozen=True, slots=True)
class RunningEpisode:
    """An episode that is being rolled out now."""

    ticket: int
    policy_id: str
    seed: int
    steps: int
    """So far."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Results of a policy so far."""

    successes: int
    episodes: int
    """Episodes that ended in success or failure."""
    crashes: int
    planned: int
    """Starts of the evaluation."""

    @property
    def done(self) -> int:
        """Starts that have a result."""
        return self.episodes + self.crashes

    @property
    def rate(self) -> float | None:
        """Success rate in [0, 1]; None before the first episode."""
        return self.successes / self.episodes if self.episodes else None

    @property
    def interval(self) -> Interval:
        """95 % (Wilson)."""
        return wilson_interval(self.successes, self.episodes)


@dataclass
class _Ticket:
    policy_id: str
    seed: int
    steps: int = 0
    began: bool = False


@dataclass(frozen=True, slots=True)
class EvaluationNews:
    """What one call of ``EvaluationRun.update`` found."""

    results: tuple[tuple[str, EpisodeResult], ...] = ()
    """Policy id and result of each episode that ended."""
    lost: tuple[str, ...] = ()
    """Why workers died."""
    changed: bool = False
    """Whether anything has changed, even if only the number of steps of a running episode."""


@dataclass
class EvaluationRun:
    """Follows one evaluation through a pool that its owner polls; used by one thread.

    All policies run on a start before any runs on the next one, so that they can be compared at any time.

    Parameters
    ----------
    pool
        Where the episodes run; stays the caller's, who polls it and hands its events to ``update``.
    scene
        Name of the scene.
    policies
        The policies to evaluate, each once.
    seeds
        The starts, each once.
    known
        Results that need no episode: policy id → what is known of it.

    Raises
    ------
    ValueError
        When there is nothing to do, or a policy or a seed is named twice.
    """

    pool: EvaluationPool
    scene: str
    policies: Sequence[EvaluatedPolicy]
    seeds: Sequence[int]
    known: Mapping[str, Mapping[int, EpisodeResult]] = field(default_factory=dict)
    failure: str = field(default="", init=False)
    """Why the evaluation failed; empty while it has not failed."""
    cancelled: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        names = [policy.policy_id for policy in self.policies]
        if not names or not self.seeds:
            raise ValueError("An evaluation needs at least one policy and one start.")
        if len(set(names)) < len(names) or len(set(self.seeds)) < len(self.seeds):
            raise ValueError("Every policy and every start can be in an evaluation only once.")
        # Copied: the results that were known before must stay as the caller gave them.
        self._results: dict[str, dict[int, EpisodeResult]] = {name: dict(self.known.get(name, {})) for name in names}
        self._open: dict[int, _Ticket] = {}
        # seeds outside, policies inside: all policies have run on a start before the next start begins
        for seed in self.seeds:
            for policy in self.policies:
                if seed not in self._results[policy.policy_id]:
                    ticket = self.pool.submit(self.scene, policy.source, seed)
                    self._open[ticket] = _Ticket(policy.policy_id, seed)

    # ── state ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def over(self) -> bool:
        """Whether no more results will come: all are there, or the evaluation failed or was cancelled."""
        return not self._open

    @property
    def finished(self) -> bool:
        """Whether every start has a result."""
        return self.over and not self.failure and not self.cancelled

    @property
    def done(self) -> int:
        """Episodes that have a result, over all policies."""
        return sum(len(self.results(policy.policy_id)) for policy in self.policies)

    @property
    def planned(self) -> int:
        """Number of episodes, over all policies."""
        return len(self.policies) * len(self.seeds)

    @property
    def running(self) -> tuple[RunningEpisode, ...]:
        """The episodes that are being rolled out now."""
        return tuple(
            RunningEpisode(ticket, each.policy_id, each.seed, each.steps)
            for ticket, each in self._open.items()
            if each.began
        )

    def tally(self, policy_id: str) -> Tally:
        """Return the results of one policy so far."""
        results = self.results(policy_id)
        whole = [result for result in results if not result.crash]
        successes = sum(result.success for result in whole)
        return Tally(successes, len(whole), len(results) - len(whole), len(self.seeds))

    def results(self, policy_id: str) -> tuple[EpisodeResult, ...]:
        """Return what is known of one policy, in the order of the seeds."""
        known = self._results[policy_id]
        return tuple(known[seed] for seed in self.seeds if seed in known)

    def is_known(self, policy_id: str) -> bool:
        """Whether every start of this policy was known before the evaluation began."""
        return all(seed in self.known.get(policy_id, {}) for seed in self.seeds)

    def run_here(self, policy_id: str) -> tuple[EpisodeResult, ...]:
        """Return what this evaluation has run of one policy so far, without what was known before."""
        known = self.known.get(policy_id, {})
        return tuple(each for each in self.results(policy_id) if each.seed not in known)

    # ── changes ─────────────────────────────────────────────────────────────────────────────────────────────

    def cancel(self) -> None:
        """Cancel the episodes that have not ended."""
        if not self.over:
            self.cancelled = True
            self._drop()

    def update(self, events: Sequence[PoolEvent]) -> EvaluationNews:
        """Apply the pool's events; events of other episodes are ignored."""
        results, lost, changed = [], [], False
        for event in events:
            if isinstance(event, WorkerLost):
                lost.append(event.text)
            # Episodes of an earlier run can still end in the same pool.
            if event.ticket not in self._open:
                continue
            changed = True
            ticket = self._open[event.ticket]
            match event:
                case EpisodeBegan():
                    # Steps from 0: the episode may have begun before, in a worker that died.
                    ticket.began, ticket.steps = True, 0
                case EpisodeProgress(steps=steps):
                    ticket.steps = steps
                case WorkerLost():
                    ticket.began = False
                case EpisodeRefused(text=text):
                    self.failure = text
                    # One refusal ends the run: the other episodes of this policy would be refused, too.
                    self._drop()
                case EpisodeEnded():
                    results.append((ticket.policy_id, self._keep(event)))
        return EvaluationNews(tuple(results), tuple(lost), changed)

    def _keep(self, event: EpisodeEnded) -> EpisodeResult:
        ticket = self._open.pop(event.ticket)
        result = EpisodeResult(
            seed=ticket.seed,
            success=event.success,
            steps=event.steps,
            crash=event.crash,
            total_reward=event.total_reward,
        )
        self._results[ticket.policy_id][ticket.seed] = result
        return result

    def _drop(self) -> None:
        # Before the tickets are forgotten: the pool needs them.
        self.pool.cancel(self._open)
        self._open.clear()


def record_of(policy_id: str, scene: str, results: Sequence[EpisodeResult]) -> EvaluationRecord:
    """Return ``results`` as they are kept in the workspace."""
    whole = [result for result in results if not result.crash]
    broken = [result for result in results if result.crash]
    return EvaluationRecord(
        evaluation_id=new_id("evaluation"),
        policy_id=policy_id,
        scene=scene,
        created_at=now(),
        seeds=tuple(result.seed for result in whole),
        outcomes=tuple(result.success for result in whole),
        crashes=len(broken),
        steps=tuple(result.steps for result in whole),
        returns=tuple(result.total_reward for result in whole),
        crash_seeds=tuple(result.seed for result in broken),
        crash_reasons=tuple(result.crash for result in broken),
    )


def keep_finished(workspace: Workspace, run: EvaluationRun) -> int:
    """Store what a cancelled or failed evaluation has run; return the number of episodes.

    Each policy gets a record of its own starts only, so that the evaluation can be continued and a comparison still
    pairs the starts that both have.
    """
    kept = 0
    for policy in run.policies:
        if results := run.run_here(policy.policy_id):
            Catalogue(workspace).add_evaluation(record_of(policy.policy_id, run.scene, results))
            kept += len(results)
    return kept


def results_of(record: EvaluationRecord) -> tuple[EpisodeResult, ...]:
    """Return the episodes of a kept evaluation, crashed ones last; unknown lengths and returns are 0."""
    steps = record.steps or (0,) * len(record.seeds)
    returns = record.returns or (0.0,) * len(record.seeds)
    whole = zip(record.seeds, record.outcomes, steps, returns, strict=True)
    broken = zip(record.crash_seeds, record.crash_reasons, strict=True)
    return (
        *(
            EpisodeResult(seed, success=success, steps=count, total_reward=total)
            for seed, success, count, total in whole
        ),
        *(EpisodeResult(seed, success=False, steps=0, crash=reason) for seed, reason in broken),
    )
