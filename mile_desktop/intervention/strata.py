"""Which recorded steps each member of an ensemble learns from, and for what."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from mile_desktop.errors import UserError
from mile_desktop.intervention.data import SupervisedSteps

_PARTS = 3  # each member learns from all but one third of the episodes


class NothingToLearnError(UserError, ValueError):
    """There is no human action among the steps; the message says what is missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """For each member the rows to draw from, in one padded table."""

    rows: torch.Tensor
    """int64[members, longest]; beyond ``length`` without meaning."""
    length: torch.Tensor
    """int64[members]."""

    def draw(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """Return int64[members, count], drawn with replacement."""
        place = torch.rand(len(self.rows), count, generator=generator) * self.length[:, None]
        # Clamped, because rounding can turn a number just below 1 into the length itself.
        return self.rows.gather(1, place.long().clamp(max=self.rows.shape[1] - 1))


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """What is drawn from in training."""

    decisions: Pool | None
    """Supervised steps, silent ones included; None where there are none."""
    corrections: Pool | None
    """ν = 1 steps; None where there are none."""
    anchors: Pool | None
    """Demonstrations, or else the silent steps of successful episodes; None where there are neither."""
    left_out: torch.Tensor
    """bool[members, t]: the member does not learn from this step's episode."""


def takeover_begins(steps: SupervisedSteps) -> torch.Tensor:
    """Return bool[t]: control went to the human at this step."""
    begins = steps.intervention.clone()
    # A takeover at the start of an episode begins there, although the last step of the episode before may be one.
    begins[1:] &= ~(steps.intervention[:-1] & (steps.episode[1:] == steps.episode[:-1]))
    return begins


def takeovers_in(steps: SupervisedSteps) -> int:
    """Count how often control went to the human."""
    return int(takeover_begins(steps).sum())


def imitated_actions(steps: SupervisedSteps) -> torch.Tensor:
    """Return float32[t, a]: the human's command where there was one, else what was executed."""
    return torch.where(steps.intervention[:, None], steps.human_action, steps.action)


def supervised_rows(steps: SupervisedSteps) -> torch.Tensor:
    """Return bool[t]: ν and π̂ were recorded."""
    # Without a finite π̂, p cannot be computed for a step.
    return ~steps.demonstration & torch.isfinite(steps.policy_mean).all(1) & torch.isfinite(steps.policy_std).all(1)


def stratify(steps: SupervisedSteps, members: int, generator: torch.Generator) -> Strata:
    """Assign the episodes to the members and sort the steps by what is learned from them.

    Raises
    ------
    NothingToLearnError
        When there is neither a takeover nor a demonstration nor a successful episode.
    """
    supervised = supervised_rows(steps)
    correction = supervised & steps.intervention
    # Successful silence is the second choice: it shows what the robot did, and a demonstration shows what the person
    # wants.
    anchor = steps.demonstration if bool(steps.demonstration.any()) else supervised & ~correction & steps.success
    if not bool((correction | anchor).any()):
        raise NothingToLearnError(
            "There is no takeover, no demonstration and no successful episode, so there is no human action to learn "
            "from. Take over at least once, or add demonstrations."
        )
    left_out = deal_out(steps, members, generator)[:, steps.episode]
    decisions, corrections, anchors = (pool_of(kind, left_out) for kind in (supervised, correction, anchor))
    return Strata(decisions, corrections, anchors, left_out)


def deal_out(steps: SupervisedSteps, members: int, generator: torch.Generator) -> torch.Tensor:
    """Return bool[members, episodes]; supervised episodes and demonstrations are dealt out separately.

    Every three members share one shuffled deal, so each episode is left out by nearly the same number of members. Of
    fewer than three members or three episodes nothing is left out.
    """
    table = torch.zeros(members, len(steps.episode_ids), dtype=torch.bool)
    present = torch.zeros(len(steps.episode_ids), dtype=torch.bool)
    present[steps.episode] = True
    demonstrated = torch.zeros_like(present)
    demonstrated[steps.episode[steps.demonstration]] = True
    for group in (present & ~demonstrated, present & demonstrated):
        episodes = group.nonzero()[:, 0]
        if members < _PARTS or len(episodes) < _PARTS:
            continue
        for member in range(members):
            part = member % _PARTS
            if part == 0:
                # One deal for three members: together they leave out each episode exactly once.
                deal = torch.randperm(len(episodes), generator=generator)
            table[member, episodes[deal % _PARTS == part]] = True
    return table


def unseen_by(steps: SupervisedSteps, episode_ids: Sequence[str], left_out: Sequence[Sequence[str]]) -> torch.Tensor:
    """Return bool[members, t]: the step's episode is none of ``episode_ids``, or the member left it out."""
    known, exempt = set(episode_ids), [set(names) for names in left_out]
    table = torch.tensor([[name not in known or name in names for name in steps.episode_ids] for names in exempt])
    return table[:, steps.episode]


def left_out_names(
    steps: SupervisedSteps, left_out: torch.Tensor, episode_ids: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    """Return for each member which of ``episode_ids`` it left out; ``left_out`` is bool[members, t]."""
    number = {name: index for index, name in enumerate(steps.episode_ids)}
    first = {name: int((steps.episode == number[name]).nonzero()[0, 0]) for name in episode_ids}
    return tuple(tuple(name for name in episode_ids if bool(mine[first[name]])) for mine in left_out)


def supervised_episodes(steps: SupervisedSteps) -> tuple[str, ...]:
    """Return the ids of the episodes with supervised steps."""
    return tuple(steps.episode_ids[each] for each in sorted(set(steps.episode[supervised_rows(steps)].tolist())))


def pool_of(kind: torch.Tensor, left_out: torch.Tensor) -> Pool | None:
    """Return the rows of ``kind`` each member learns from; a member left with none gets all of them."""
    if not bool(kind.any()):
        return None
    everything = kind.nonzero()[:, 0]
    chosen = [(kind & ~mine).nonzero()[:, 0] for mine in left_out]
    # With very few episodes a member could be left without any. It then learns from all, and nothing is held out for
    # it.
    chosen = [mine if len(mine) else everything for mine in chosen]
    rows = torch.nn.utils.rnn.pad_sequence(chosen, batch_first=True)
    return Pool(rows, torch.tensor([len(mine) for mine in chosen]))
