"""Recorded episodes as contiguous tensors, and their split by episode.

Everything that learns reads the same ``SupervisedSteps``; batches are cut from it by index, nothing is collated
sample by sample.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mile_desktop.arrays import Float32Array
from mile_desktop.errors import UserError
from mile_desktop.intervention.call_marks import CODES
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.data_hygiene import is_demonstration
from mile_desktop.storage.errors import ONE_EPISODE
from mile_desktop.storage.records import TIME_LIMIT, Episode

_NOBODY = "none"
"""Operator of an unattended run, see ``operators.no_operator``. Written here again: learning imports no operators."""

MINIMUM_FOR_HOLDING_OUT = 5
"""With fewer supervised episodes every one of them is learned from."""


class DatasetError(UserError, ValueError):
    """The episodes cannot be learned from together; the message says which and why."""


def supervised_steps(episodes: Iterable[Episode], demonstrations: Iterable[Episode] = ()) -> SupervisedSteps:
    """Stack episodes into contiguous tensors, silent steps included, in recorded order.

    Parameters
    ----------
    episodes : iterable of Episode
        Supervised rollouts; those whose operator is ``demonstration`` or ``expert`` count as demonstrations.
    demonstrations : iterable of Episode
        Always demonstrations, whatever their operator says.

    Raises
    ------
    DatasetError
        When there is no step at all, when sizes differ between episodes, or when recorded values are not finite.
    """
    marked = [(each, is_demonstration(each)) for each in episodes] + [(each, True) for each in demonstrations]
    # Edits can leave an episode without a step.
    used = [(episode, demonstration) for episode, demonstration in marked if len(episode)]
    if not used:
        raise DatasetError("There is no recorded step to learn from; supervise an episode first.")
    _check_sizes([episode for episode, _ in used])
    stacked = {name: _stack(used, read) for name, read in _COLUMNS.items()}
    lengths = [len(episode) for episode, _ in used]
    return SupervisedSteps(
        **stacked,
        episode=torch.repeat_interleave(torch.arange(len(used)), torch.tensor(lengths)),
        step=torch.cat([torch.arange(length) for length in lengths]),
        episode_ids=tuple(episode.record.episode_id for episode, _ in used),
        call_mark=_call_marks([episode for episode, _ in used]),
        unattended=_unattended([episode for episode, _ in used]),
        failed=_failed([episode for episode, _ in used]),
    )


def _call_marks(episodes: list[Episode]) -> torch.Tensor | None:
    """Return the marks on calls as codes, int64[t]; None where there are none, as in most recordings."""
    codes = [CODES.get(text, 0) for episode in episodes for text in episode.call_mark]
    return torch.tensor(codes) if any(codes) else None


def _unattended(episodes: list[Episode]) -> torch.Tensor | None:
    """Return for each step whether no person could have taken over, bool[t]; None where a person always could."""
    alone = [episode.record.start.operator == _NOBODY for episode in episodes]
    return torch.tensor(np.repeat(alone, [len(episode) for episode in episodes])) if any(alone) else None


def _failed(episodes: list[Episode]) -> torch.Tensor:
    failed = [episode.record.outcome in {"failure", TIME_LIMIT} for episode in episodes]
    return torch.tensor(np.repeat(failed, [len(episode) for episode in episodes]))


_Reader = Callable[[Episode, bool], NDArray[np.generic]]


def _unless_demonstration(values: Float32Array, demonstration: bool) -> Float32Array:
    return np.full_like(values, np.nan) if demonstration else values


_COLUMNS: dict[str, _Reader] = {
    "observation": lambda episode, _: episode.observation,
    "action": lambda episode, _: episode.action,
    "human_action": lambda episode, _: episode.human_action,
    # NaN and not 0: a demonstration has no robot whose action a person could have expected.
    "policy_mean": lambda episode, demonstration: _unless_demonstration(episode.policy_mean, demonstration),
    "policy_std": lambda episode, demonstration: _unless_demonstration(episode.policy_std, demonstration),
    "intervention": lambda episode, demonstration: episode.intervention & (not demonstration),
    "demonstration": lambda episode, demonstration: np.full(len(episode), demonstration),
    "success": lambda episode, _: np.full(len(episode), episode.record.outcome == "success"),
}


def _stack(used: list[tuple[Episode, bool]], read: _Reader) -> torch.Tensor:
    # Once for each column: to join tensors step by step would copy everything again and again.
    stacked = np.concatenate([read(episode, demonstration) for episode, demonstration in used])
    kind = np.bool_ if stacked.dtype == np.bool_ else np.float32
    return torch.from_numpy(np.ascontiguousarray(stacked, dtype=kind))


def _check_sizes(episodes: list[Episode]) -> None:
    first = episodes[0]
    expected = (first.observation.shape[1], first.action.shape[1])
    for episode in episodes:
        name = episode.record.episode_id
        found = (episode.observation.shape[1], episode.action.shape[1])
        if found != expected:
            raise DatasetError(
                f"Episode {name} has {found[0]} observation and {found[1]} action entries, episode "
                f"{first.record.episode_id} has {expected[0]} and {expected[1]}; episodes of different scenes cannot "
                "be mixed."
            )
        if not _is_finite(episode):
            raise DatasetError(f"Episode {name} holds values that are not finite; delete it in Inspect.")


def _is_finite(episode: Episode) -> bool:
    # Elsewhere NaN is right: the person gave no command.
    human = episode.human_action[episode.intervention]
    return all(bool(np.isfinite(values).all()) for values in (episode.observation, episode.action, human))


@dataclass(frozen=True, slots=True)
class UsableEpisodes:
    """The episodes that can be learned from, and what is said about the others."""

    episodes: tuple[Episode, ...]
    left_out: tuple[str, ...]
    """Ids of the episodes that are left out."""
    text: str
    """One sentence with their number and the first reason; empty where none is left out."""


def usable_episodes(readers: Iterable[tuple[str, Callable[[], Episode]]]) -> UsableEpisodes:
    """Read episodes by ``(id, reader)`` and leave out those that cannot be read or hold a value that is not finite.

    One bad episode must not keep all others from being learned from, and it is never left out silently.
    """
    kept: list[Episode] = []
    reasons: dict[str, str] = {}
    for name, read in readers:
        try:
            episode = read()
        except ONE_EPISODE as error:
            reasons[name] = str(error)
            continue
        if _is_finite(episode):
            kept.append(episode)
        else:
            reasons[name] = f"Episode {name} holds values that are not finite; delete it in Inspect."
    count = f"{len(reasons)} episodes are" if len(reasons) > 1 else "1 episode is"
    text = f"{count} left out: {next(iter(reasons.values()))}" if reasons else ""
    return UsableEpisodes(tuple(kept), tuple(reasons), text)


def select_steps(steps: SupervisedSteps, mask: torch.Tensor) -> SupervisedSteps:
    """Return the steps where ``mask`` (bool[t]) is True; episode indices keep their meaning."""
    return steps.select(mask)


def steps_of(steps: SupervisedSteps, episode_ids: Iterable[str]) -> torch.Tensor:
    """Return bool[t]: the step belongs to one of ``episode_ids``."""
    wanted = set(episode_ids)
    chosen = torch.tensor([name in wanted for name in steps.episode_ids], dtype=torch.bool)
    return chosen[steps.episode]


def human_targets(steps: SupervisedSteps) -> torch.Tensor:
    """Return float32[t, a]: what to imitate, the human's command where there was one, else what was executed."""
    return torch.where(steps.intervention[:, None], steps.human_action, steps.action)


@dataclass(frozen=True, slots=True)
class EpisodeSplit:
    """Which steps are learned from and which are held out, by whole episodes."""

    train: SupervisedSteps
    held_out: SupervisedSteps


def split_episodes(steps: SupervisedSteps, *, share: float, seed: int) -> EpisodeSplit:
    """Hold out about ``share`` of the episodes, of supervised ones and of demonstrations alike.

    Whether an episode is held out follows from its id and ``seed`` alone, so an episode that was held out in one
    round is not learned from in the next and the loss on it stays comparable across rounds.
    """
    demonstrated = set(steps.episode[steps.demonstration].tolist())
    there = sorted(set(steps.episode.tolist()))  # episodes of which no step was selected cannot be held out
    groups = (
        ([steps.episode_ids[number] for number in there if number in demonstrated], 2),
        ([steps.episode_ids[number] for number in there if number not in demonstrated], MINIMUM_FOR_HOLDING_OUT),
    )
    # Both kinds for themselves: by chance all demonstrations could be held out.
    held_out_ids = [name for names, minimum in groups for name in _held_out_names(names, share, seed, minimum)]
    mask = steps_of(steps, held_out_ids)
    return EpisodeSplit(train=select_steps(steps, ~mask), held_out=select_steps(steps, mask))


def _held_out_names(names: list[str], share: float, seed: int, minimum: int) -> list[str]:
    """Choose by draw; at least one of enough episodes, and never so many that fewer than half are learned from."""
    if share <= 0 or len(names) < minimum:
        return []
    # Sorted by the draw, so that one more episode moves no other one from one side to the other.
    draws = sorted((_draw(name, seed), name) for name in names)
    below = sum(draw < share for draw, _ in draws)
    return [name for _, name in draws[: min(max(below, 1), len(names) // 2)]]


def _draw(name: str, seed: int) -> float:
    """Return a number in [0, 1) that depends on nothing but ``name`` and ``seed``."""
    digest = hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
