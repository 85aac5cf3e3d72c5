"""Why a step of a takeover is doubtful, and how that is said; no torch, no Qt."""

from dataclasses import dataclass
from enum import StrEnum


class StepProblem(StrEnum):
    """A problem of a person's step; the values are written into run configurations and policies."""

    IDLE = "idle"
    """The takeover is held and nothing is commanded: no motion, and the gripper is left as it is."""
    FAILED = "failed"
    """The episode did not end in success."""
    CONTRADICTION = "contradiction"
    """At nearby states, demonstrations and other takeovers agree on a clearly different action."""
    DETOUR = "detour"
    """Within one takeover the robot comes back to where it was: a mistake of the person, and the way back from it."""
    NO_PROGRESS = "no-progress"
    """A takeover in an episode that failed, after which the task was hardly nearer to its end than before."""


@dataclass(frozen=True, slots=True)
class ProblemInfo:
    """How a problem is shown."""

    title: str
    """After a number of steps: ``42 steps without a command``."""
    meaning: str
    """One or two sentences, for a tooltip."""


PROBLEMS: dict[StepProblem, ProblemInfo] = {
    StepProblem.IDLE: ProblemInfo(
        "without a command",
        "The takeover was held and nothing was commanded. A policy that imitates these steps learns to stand still.",
    ),
    StepProblem.FAILED: ProblemInfo(
        "in failed episodes",
        "Takeovers in episodes that did not end in success. They may still show the right way.",
    ),
    StepProblem.CONTRADICTION: ProblemInfo(
        "contradicting others",
        "In nearby states, demonstrations and other takeovers agree on a clearly different action.",
    ),
    StepProblem.DETOUR: ProblemInfo(
        "on detours",
        "Within one takeover the robot went away and came back to where it was: a mistake and the way back from it.",
    ),
    StepProblem.NO_PROGRESS: ProblemInfo(
        "without progress",
        "The takeover did not bring the task nearer to its end, and the episode failed. Compared with demonstrations.",
    ),
}
"""In the order in which they are shown."""
