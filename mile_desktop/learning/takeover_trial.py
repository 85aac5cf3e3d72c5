"""Whether a policy should imitate the takeovers: it is trained with them and without them, and both are tried.

Without them, takeovers still say which of the robot's own steps are imitated: those of episodes that ended well, far
from any takeover. A beginner's takeovers rescue episodes and still teach the wrong actions. Which of the two weighs
more is seen on starts of the simulation; no score of the recorded actions said it as well (decision 41).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import msgspec

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.method_info import method_info
from mile_desktop.learning.objectives import calm_steps
from mile_desktop.learning.progress import Progress, RunEvent, Warned
from mile_desktop.learning.result import Report, TrainingResult
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.policies.checkpoint import PolicyNetwork

LEAST_GAIN = 0.1
"""In success, three of thirty starts: below it a difference is chance, and the one that learns from more is kept."""
GOOD = 0.9
"""Success with which nothing else is tried: a training and thirty starts take 10 to 30 s on one core."""

Successes = Callable[[PolicyNetwork, int], int]
"""Of a network on so many starts, which are evaluated on nowhere else. Raises ``TrainingCancelled``."""

Train = Callable[[TrainingSettings, int, Report], TrainingResult]
"""Trains with these settings, as the candidate of that number."""

_TRAINING = 0.85
"""Share of a candidate's time in which it trains; the rest is its trial."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to learn from the same data."""

    title: str
    """In a sentence: "12 of 30 starts <title>"."""
    kept: str
    """What is said when it is kept."""
    settings: TrainingSettings


@dataclass(frozen=True, slots=True)
class TakeoverTrial:
    """How the candidates did on the same starts."""

    starts: int
    tried: tuple[tuple[Candidate, int], ...]
    """Each with its successes, in the order in which they were tried."""

    @property
    def best(self) -> int:
        """Index of the one that is kept: a later one needs ``LEAST_GAIN`` more than the one kept so far."""
        best = 0
        for index, (_, successes) in enumerate(self.tried):
            if successes - self.tried[best][1] >= LEAST_GAIN * self.starts:
                best = index
        return best

    @property
    def settings(self) -> TrainingSettings:
        """With which the policy that is kept was trained."""
        return self.tried[self.best][0].settings

    @property
    def text(self) -> str:
        """One or two sentences for people."""
        numbers = ", ".join(f"{successes} {candidate.title}" for candidate, successes in self.tried)
        return f"{self.tried[self.best][0].kept} Successes on {self.starts} trial starts: {numbers}."


def candidates(steps: SupervisedSteps, settings: TrainingSettings) -> tuple[Candidate, ...]:
    """Return what is tried, in this order; one or none where there is nothing to compare."""
    if not settings.takeover_trial or not settings.takeovers or not method_info(settings.method).uses("takeovers"):
        return ()
    if not steps.intervention.any():
        return ()
    imitated = Candidate("imitating the takeovers", "The policy imitates the takeovers.", settings)
    without, demonstrated = replace(settings, takeovers=0.0), bool(steps.demonstration.any())
    found = [imitated]
    if settings.calm and bool(calm_steps(steps).any()):
        kept = "The policy learned when the robot was right, and does not imitate the takeovers."
        found.append(Candidate("without imitating them", kept, without))
    if demonstrated and settings.silence_rule == "fixed":
        kept = "The policy learned from the demonstrations: the recorded episodes made it worse."
        alone = replace(without, calm=0.0, silence=0.0)
        found.append(Candidate("from the demonstrations alone", kept, alone))
    return tuple(found)


def train_tried(
    steps: SupervisedSteps, settings: TrainingSettings, train: Train, successes: Successes, report: Report
) -> tuple[TrainingResult, TakeoverTrial | None]:
    """Train and try the candidates until one is ``GOOD``; return the best one and the trial.

    Raises whatever ``train`` and ``successes`` raise.
    """
    wanted, starts = candidates(steps, settings), settings.takeover_trial
    if len(wanted) < 2:
        return train(settings, 0, report), None
    results, trial = [], TakeoverTrial(starts, ())
    for number, (candidate, said) in enumerate(zip(wanted, _parts(report, len(wanted)), strict=True)):
        results.append(train(candidate.settings, number, said))
        said(_trying(candidate, starts))
        found = successes(results[-1].network, starts)
        trial = TakeoverTrial(starts, (*trial.tried, (candidate, found)))
        if found >= GOOD * starts:
            break
    kept, found = trial.tried[trial.best]
    # One line of the panel; the whole sentence stays with the policy.
    report(Progress(stage="policy", fraction=1.0, text=f"Kept: {found} of {starts}, {kept.title}"))
    if trial.best:
        report(Warned(text=trial.text))
    return results[trial.best], trial


def _trying(candidate: Candidate, starts: int) -> Progress:
    # The fraction of a whole training: ``_parts`` scales it.
    return Progress(stage="policy", fraction=1.0, text=f"Trial on {starts} starts, {candidate.title}")


def _parts(report: Report, count: int) -> Iterator[Report]:
    """Yield a report for each candidate: progress of its own share, epochs counted on, warnings of the first one only.

    Each share is half of what is left, because the trial may end with any candidate: time left is then never more than
    twice too long.
    """
    last = 0
    for number in range(count):
        begin, before = 1 - 0.5**number, last

        def part(event: RunEvent, number: int = number, begin: float = begin, before: int = before) -> None:
            nonlocal last
            if isinstance(event, Progress) and event.stage == "policy":
                fraction = begin + (1 - begin) / 2 * _TRAINING * event.fraction
                # Counted on: a curve over epochs must not go back in time.
                epoch, epochs = (before + event.epoch, before + event.epochs) if event.epoch else (0, 0)
                last = max(last, epoch)
                changed = {"fraction": fraction, "seconds_left": None, "epoch": epoch, "epochs": epochs}
                report(msgspec.structs.replace(event, **changed))
            # The same data would be warned of again.
            elif number == 0 or not isinstance(event, Warned):
                report(event)

        yield part
