"""Recorded steps of a person that a policy should rather not learn from, found before a training; no torch, no Qt.

Only takeovers are looked at. A step can be found for several reasons.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np

from mile_desktop.arrays import BoolArray, Float32Array, Float64Array
from mile_desktop.learning.step_problem import StepProblem
from mile_desktop.storage.records import PARTIAL, Episode


class TakeoverPlace(msgspec.Struct, frozen=True):
    """One takeover, by a step of it; written into run configurations."""

    episode_id: str
    row: int
    """Row of the recording of any of its steps; a row between takeovers stands for no takeover."""


@dataclass(frozen=True, slots=True)
class DoubtfulSpan:
    """Consecutive steps of one episode with the same problem."""

    problem: StepProblem
    episode_id: str
    first: int
    """Row of the episode."""
    steps: int


DEMONSTRATORS = frozenset({"demonstration", "expert"})
"""Operators whose whole episode is a demonstration."""
IDLE_COMMAND = 0.05
"""Size below which an entry of a command is no motion: below the tremor of a steady simulated hand (.08)."""
GRIPPER_ENTRY = 3
"""Index of the gripper in an action (dx, dy, dz, gripper); it may keep its command while the hand is idle."""
GRIPPER_SETTLES = 10
"""Steps after a change of the gripper's command in which standing still is part of the task: closing takes .5 s."""
CONTRADICTING = 0.6
"""Root mean square over the entries between an action and the mean of its neighbours. A wrong key is at .7 and more, a
key held fully down in the right direction at .3."""
AGREEING = 0.35
"""Spread (root mean square) of the neighbours' own actions below which they agree."""
NEIGHBOURS = 5
"""States that an action is compared with, at most."""
LEAST_DETOUR = 6
"""Steps; shorter ways back are tremor."""
FAR = 3.0
"""A detour goes at least this many neighbourhood radii away."""
LEAST_PROGRESS = 0.25
"""Steps by which the time to go has to fall in each step of a takeover; demonstrations have 1. On the drawer, takeovers
of a novice that taught the wrong thing were at −.77 to −.17 (decision 41)."""

_ENOUGH = 3  # neighbours: of two, one may be the wrong one
_CHUNK = 256  # rows whose distances to all others are computed at once


def is_demonstration(episode: Episode) -> bool:
    """Return whether every executed action of ``episode`` is a human's (or an expert's) own."""
    return episode.record.start.operator in DEMONSTRATORS


class HygieneReport:
    """The doubtful steps of some episodes.

    Parameters
    ----------
    episodes : sequence of Episode
        Supervised rollouts.
    demonstrations : sequence of Episode
        Compared with, never doubted.
    """

    def __init__(self, episodes: Sequence[Episode], demonstrations: Sequence[Episode] = ()) -> None:
        self._episodes = tuple(episodes)
        self._demonstrations = tuple(demonstrations)
        self._found: dict[StepProblem, tuple[BoolArray, ...]] = {}

    def masks(self, problem: StepProblem) -> tuple[BoolArray, ...]:
        """Return bool[t] for each episode: the step has ``problem``."""
        # The policy and the window ask for the same problem, and to find contradictions takes a while.
        if problem not in self._found:
            self._found[problem] = self._find(problem)
        return self._found[problem]

    def _find(self, problem: StepProblem) -> tuple[BoolArray, ...]:
        match problem:
            case StepProblem.IDLE:
                return tuple(map(idle_steps, self._episodes))
            case StepProblem.FAILED:
                return tuple(map(failed_steps, self._episodes))
            case StepProblem.CONTRADICTION:
                return self._space.contradictions()
            case StepProblem.DETOUR:
                return self._space.detours()
            case StepProblem.NO_PROGRESS:
                return self._space.without_progress()

    @cached_property
    def _space(self) -> "_Space":
        """Distances between all states: computed once, and only where a problem needs them."""
        return _Space(self._episodes, self._demonstrations)

    def steps(self, problem: StepProblem) -> int:
        """Return the number of steps with ``problem``."""
        return sum(int(mask.sum()) for mask in self.masks(problem))

    def steps_by(self, problem: StepProblem, operators: Collection[str]) -> int:
        """Return the number of steps with ``problem`` that one of ``operators`` drove."""
        drove = (
            # Older files do not name the operator of a step: there the one of the episode is meant.
            episode.operator[row] or episode.record.start.operator
            for episode, mask in zip(self._episodes, self.masks(problem), strict=True)
            for row in np.flatnonzero(mask).tolist()
        )
        return sum(each in operators for each in drove)

    def doubtful(self, problems: Sequence[StepProblem]) -> tuple[BoolArray, ...]:
        """Return bool[t] for each episode: the step has one of ``problems``."""
        doubtful = [np.zeros(len(each), bool) for each in self._episodes]
        for problem in problems:
            doubtful = [mask | found for mask, found in zip(doubtful, self.masks(problem), strict=True)]
        return tuple(doubtful)

    def spans(self, problem: StepProblem) -> tuple[DoubtfulSpan, ...]:
        """Return where the steps with ``problem`` are, in recorded order."""
        return tuple(
            DoubtfulSpan(problem, episode.record.episode_id, first, last - first)
            for episode, mask in zip(self._episodes, self.masks(problem), strict=True)
            for first, last in runs(mask)
        )


def idle_steps(episode: Episode) -> BoolArray:
    """Return bool[t]: the person holds the takeover and commands nothing. None where actions are discrete."""
    human = episode.intervention.astype(bool)
    if not human.any() or is_discrete(episode):
        return np.zeros(len(episode), bool)
    # Where the robot drove there is no command of a person; these rows are masked below.
    command = np.nan_to_num(episode.human_action)
    motion = np.delete(command, GRIPPER_ENTRY, axis=1) if command.shape[1] > GRIPPER_ENTRY else command
    still = np.abs(motion).max(axis=1) < IDLE_COMMAND
    idle: BoolArray = human & still & ~_gripper_moves(episode)
    return idle


def failed_steps(episode: Episode) -> BoolArray:
    """Return bool[t]: steps of the person in an episode that did not end in success.

    A partial success is not meant: a person has said that what was done there is worth learning.
    """
    human: BoolArray = episode.intervention.astype(bool)
    return np.zeros(len(episode), bool) if _ended_well(episode) else human


def _ended_well(episode: Episode) -> bool:
    return episode.record.outcome in {"success", PARTIAL}


def is_discrete(episode: Episode) -> bool:
    """Return whether every executed action is one choice of several (one entry 1, the others 0)."""
    action = episode.action
    return bool(action.shape[1] > 1 and np.isin(action, (0.0, 1.0)).all() and (action.sum(axis=1) == 1).all())


def runs(mask: BoolArray) -> list[tuple[int, int]]:
    """Return (first, one after the last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _gripper_moves(episode: Episode) -> BoolArray:
    """Return bool[t]: the executed gripper command changed its sign within the last ``GRIPPER_SETTLES`` steps."""
    if episode.action.shape[1] <= GRIPPER_ENTRY:
        return np.zeros(len(episode), bool)
    sign = np.sign(episode.action[:, GRIPPER_ENTRY])
    changed = np.concatenate([[False], sign[1:] != sign[:-1]])
    settles = changed.copy()
    for later in range(1, min(GRIPPER_SETTLES, len(changed))):
        settles[later:] |= changed[:-later]
    return settles


class _Space:
    """Distances between recorded states, in standard deviations of each observation entry.

    A neighbourhood is as large as the data is dense: in half of all demonstrated states and states of takeovers it
    holds enough neighbours from other episodes to compare with.
    """

    def __init__(self, episodes: tuple[Episode, ...], demonstrations: tuple[Episode, ...]) -> None:
        self._episodes = episodes
        everything = (*episodes, *demonstrations)
        self._scale = _spread(everything)
        self._rows = [self._scaled(each.observation) for each in episodes]
        shown = [self._scaled(each.observation) for each in demonstrations]
        self._human = [each.intervention.astype(bool) for each in episodes]
        # The numbers of two episodes must not meet; no episode has a thousand takeovers.
        self._takeovers = [_numbered(mask, 1000 * number) for number, mask in enumerate(self._human)]
        known = [rows[mask] for rows, mask in zip(self._rows, self._human, strict=True)]
        self._known = _stacked([*known, *shown])
        self._known_actions = _stacked(
            [
                *(np.nan_to_num(each.human_action[mask]) for each, mask in zip(episodes, self._human, strict=True)),
                *(each.action for each in demonstrations),
            ]
        )
        owners = [numbers[mask] for numbers, mask in zip(self._takeovers, self._human, strict=True)]
        # Demonstrations count as takeovers with numbers of their own, below those of all takeovers.
        owners += [np.full(len(rows), -1 - number) for number, rows in enumerate(shown)]
        self._owners = np.concatenate(owners) if owners else np.zeros(0, np.int64)
        self._radius = self._neighbourhood()
        # Where demonstrations are, a person's slow successes would only blur how long the task takes.
        ended = demonstrations or tuple(each for each in episodes if each.record.outcome == "success")
        self._ended_rows = _stacked([self._scaled(each.observation) for each in ended])
        self._steps_left = np.concatenate([np.arange(len(each))[::-1] for each in ended]) if ended else np.zeros(0)

    def _scaled(self, observation: Float32Array) -> Float32Array:
        return (observation * self._scale).astype(np.float32)

    def _neighbourhood(self) -> float:
        """Return the radius; 0 where there is nothing to measure it on."""
        # A few hundred states are enough for a median, and every distance costs time.
        sample = self._known[:: max(1, len(self._known) // 400)]
        owners = self._owners[:: max(1, len(self._known) // 400)]
        if len(sample) < 2:
            return 0.0
        distances = _distances(sample, self._known)
        # Neighbouring steps of the same takeover are always near and say nothing about the density.
        distances[owners[:, None] == self._owners[None, :]] = np.inf
        column = min(_ENOUGH, distances.shape[1]) - 1
        nearest = np.partition(distances, column, axis=1)[:, column]
        finite = nearest[np.isfinite(nearest)]
        return float(np.median(finite)) if len(finite) else 0.0

    def contradictions(self) -> tuple[BoolArray, ...]:
        """Return bool[t] for each episode, see ``StepProblem.CONTRADICTION``."""
        return tuple(self._contradicting(number) for number in range(len(self._episodes)))

    def _contradicting(self, number: int) -> BoolArray:
        found = np.zeros(len(self._rows[number]), bool)
        # Idle steps are a problem of their own and would contradict every motion.
        asked = np.flatnonzero(self._human[number] & ~idle_steps(self._episodes[number]))
        actions = np.nan_to_num(self._episodes[number].human_action)
        # In parts: all distances at once would need gigabytes for many episodes.
        for part in np.array_split(asked, -(-len(asked) // _CHUNK)) if len(asked) else ():
            distances = _distances(self._rows[number][part], self._known)
            distances[self._takeovers[number][part][:, None] == self._owners[None, :]] = np.inf
            nearest = np.argsort(distances, axis=1)[:, :NEIGHBOURS]
            near = np.take_along_axis(distances, nearest, axis=1) <= self._radius
            for row, others, close in zip(part, nearest, near, strict=True):
                found[row] = self._disagrees(actions[row], others[close])
        return found

    def _disagrees(self, action: Float32Array, neighbours: np.ndarray) -> bool:
        if len(neighbours) < _ENOUGH:
            return False
        others = self._known_actions[neighbours]
        mean = others.mean(axis=0)
        agree = float(np.sqrt(((others - mean) ** 2).mean())) < AGREEING
        return agree and float(np.sqrt(((action - mean) ** 2).mean())) > CONTRADICTING

    def detours(self) -> tuple[BoolArray, ...]:
        """Return bool[t] for each episode, see ``StepProblem.DETOUR``."""
        found = []
        for rows, human in zip(self._rows, self._human, strict=True):
            mask = np.zeros(len(rows), bool)
            for first, last in runs(human):
                mask[first:last] = _loops(rows[first:last], self._radius)
            found.append(mask)
        return tuple(found)

    def without_progress(self) -> tuple[BoolArray, ...]:
        """Return bool[t] for each episode, see ``StepProblem.NO_PROGRESS``; none without an episode that succeeded."""
        return tuple(self._without_progress(number) for number in range(len(self._episodes)))

    def _without_progress(self, number: int) -> BoolArray:
        rows, mask = self._rows[number], np.zeros(len(self._rows[number]), bool)
        # In an episode that ended well, a takeover that goes back first was the beginning of the success.
        if _ended_well(self._episodes[number]) or not len(self._steps_left):
            return mask
        for first, last in runs(self._human[number]):
            # The state behind the last step shows what the whole takeover has done.
            begin, end = self._time_to_go(rows[[first, min(last, len(rows) - 1)]])
            mask[first:last] = begin - end < LEAST_PROGRESS * (last - first)
        return mask

    def _time_to_go(self, rows: Float32Array) -> Float64Array:
        """Return the mean number of steps that were left at the nearest states of episodes that succeeded."""
        nearest = np.argsort(_distances(rows, self._ended_rows), axis=1)[:, :NEIGHBOURS]
        left: Float64Array = self._steps_left[nearest].mean(axis=1)
        return left


def _loops(rows: Float32Array, radius: float) -> BoolArray:
    """Return bool[t]: the step is on a way that goes ``FAR`` away from an earlier state and returns to it."""
    loop = np.zeros(len(rows), bool)
    if radius <= 0 or len(rows) <= LEAST_DETOUR:
        return loop
    distances = _distances(rows, rows)
    row = 0
    while row < len(rows) - LEAST_DETOUR:
        # The last return counts: a way that comes back several times is one detour.
        later = row + LEAST_DETOUR + np.flatnonzero(distances[row, row + LEAST_DETOUR :] < radius)
        back = int(later[-1]) if len(later) else row
        if back > row and distances[row, row:back].max() > FAR * radius:
            loop[row:back] = True
            # Goes on behind the detour, so that no step is counted twice.
            row = back
        else:
            row += 1
    return loop


def _spread(episodes: Sequence[Episode]) -> Float64Array:
    """Return 1 / standard deviation of each observation entry; 0 for an entry that never changes."""
    rows = _stacked([each.observation for each in episodes])
    if not len(rows):
        return np.ones(1)
    std = rows.astype(np.float64).std(axis=0)
    # An entry that never changes has no scale; weight 0 leaves it out of the distances.
    scale: Float64Array = np.divide(1.0, std, out=np.zeros_like(std), where=std > 1e-6)
    return scale


def _numbered(mask: BoolArray, first: int) -> np.ndarray:
    """Return int64[t]: a number for each takeover, from ``first`` on; −1,000,000 elsewhere."""
    numbers = np.full(len(mask), -1_000_000, np.int64)
    for number, (begin, end) in enumerate(runs(mask), first):
        numbers[begin:end] = number
    return numbers


def _stacked(parts: Sequence[Float32Array]) -> Float32Array:
    kept = [each for each in parts if len(each)]
    return np.concatenate(kept).astype(np.float32) if kept else np.zeros((0, 1), np.float32)


def _distances(some: Float32Array, others: Float32Array) -> Float32Array:
    """Return the root mean square difference over the entries of every pair of rows, float32[len, len]."""
    # By the binomial formula: one matrix product instead of an array of all differences.
    squared = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None, :] - 2 * some @ others.T
    # Rounding can make the square of a tiny distance negative.
    distances: Float32Array = np.sqrt(np.maximum(squared, 0.0) / max(1, some.shape[1])).astype(np.float32)
    return distances
