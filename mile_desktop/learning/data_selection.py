"""Which recorded steps a policy learns from: all but the doubtful ones and the takeovers that a person left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mile_desktop.arrays import BoolArray
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.data_hygiene import HygieneReport, TakeoverPlace, is_demonstration, runs
from mile_desktop.learning.dataset import select_steps
from mile_desktop.learning.step_problem import PROBLEMS, StepProblem
from mile_desktop.storage.records import Episode


@dataclass(frozen=True, slots=True)
class Selection:
    """The steps to learn from, and what is not among them."""

    steps: SupervisedSteps
    counts: dict[StepProblem, int]
    """Problem → steps that were left out for it; a step can count more than once."""
    takeovers: int
    """Takeovers that were left out as a whole."""

    @property
    def text(self) -> str:
        """One sentence for people; empty where everything is learned from."""
        parts = [f"{count} step{'' if count == 1 else 's'} {PROBLEMS[problem].title}"
                 for problem, count in self.counts.items() if count]  # fmt: skip
        if self.takeovers:
            parts.append(f"{self.takeovers} takeover{'' if self.takeovers == 1 else 's'} that you named")
        return f"Left out: {', '.join(parts)}." if parts else ""


def select_for_policy(
    steps: SupervisedSteps,
    episodes: Sequence[Episode],
    demonstrations: Sequence[Episode],
    problems: Sequence[StepProblem],
    takeovers: Sequence[TakeoverPlace] = (),
) -> Selection:
    """Return those of ``steps`` that a policy learns from.

    Parameters
    ----------
    steps : SupervisedSteps
        ``supervised_steps(episodes, demonstrations)``.
    problems : sequence of StepProblem
        Takeover steps with one of these are left out.
    takeovers : sequence of TakeoverPlace
        These takeovers are left out whole.
    """
    # Demonstrations are never doubted: they are what the takeovers are compared with.
    supervised = [each for each in episodes if not is_demonstration(each)]
    shown = [*demonstrations, *(each for each in episodes if is_demonstration(each))]
    report = HygieneReport(supervised, shown)
    masks = {id(each): mask for each, mask in zip(supervised, report.doubtful(problems), strict=True)}
    named = 0
    for episode in supervised:
        rows = [place.row for place in takeovers if place.episode_id == episode.record.episode_id]
        named += _leave_out(masks[id(episode)], episode, rows)
    left = [masks.get(id(each), np.zeros(len(each), bool)) for each in episodes]
    left_out = np.concatenate(left) if left else np.zeros(0, bool)
    keep = torch.ones(len(steps), dtype=torch.bool)
    # Demonstrations stand behind the episodes and are all kept.
    keep[: len(left_out)] = torch.from_numpy(~left_out)
    counts = {problem: report.steps(problem) for problem in problems}
    return Selection(select_steps(steps, keep) if not bool(keep.all()) else steps, counts, named)


def _leave_out(mask: BoolArray, episode: Episode, rows: Sequence[int]) -> int:
    """Mark the takeovers that hold one of ``rows`` of the recording; return how many."""
    found = [
        (first, last)
        for first, last in runs(episode.intervention.astype(bool))
        # A trim removes rows at the beginning, but the person named a row of the whole recording.
        if any(first <= row - episode.first_row < last for row in rows)
    ]
    for first, last in found:
        mask[first:last] = True
    return len(found)
