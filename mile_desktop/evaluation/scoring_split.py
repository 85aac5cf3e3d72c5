"""Splits the episodes: the baselines learn from one part, and the other part is held out and scored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from mile_desktop.evaluation.prediction import HELD_OUT_SHARE
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.scores import ScoreError
from mile_desktop.learning.dataset import select_steps, split_episodes

FEWEST_TO_LEARN_FROM = 5
"""With fewer other episodes the baselines learn from a part of the chosen ones, which are then not scored."""

MOST_EPISODES = 300
"""Only the newest 300 are scored: every probability goes to the window, which must not freeze."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoringSplit:
    """The part that predictors learn from, and the part for scoring, which none of them has seen."""

    train: SupervisedSteps
    test: SupervisedSteps
    held_out: tuple[str, ...]
    """Ids of the episodes of ``test``."""
    notes: tuple[str, ...] = ()
    """Sentences that say which predictor had seen which episodes."""


def make_scoring_split(
    model: InterventionModel, steps: SupervisedSteps, episode_ids: Sequence[str], seed: int
) -> ScoringSplit:
    """Hold out the chosen episodes that can be scored; an empty choice means all episodes.

    Raises
    ------
    ScoreError
        When no chosen episode can be held out.
    """
    supervised = _supervised(steps)
    wanted = set(episode_ids)
    chosen = [name for name in supervised if name in wanted] if wanted else supervised
    unknown = [name for name in episode_ids if name not in steps.episode_ids]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise ScoreError(f"There is no episode {unknown[0]}{more} of this scene that can be learned from.")
    # Before the model is asked, so that the message names the real cause.
    if not chosen:
        raise ScoreError("None of the chosen episodes was supervised; choose some in which a person could take over.")
    unseen, left_out = _unseen(model, steps, chosen)
    split = _with_newest(_learned_from(steps, supervised, unseen, seed), steps)
    return replace(split, notes=(*left_out, *split.notes, *_notes_on(model, split.held_out)))


def _supervised(steps: SupervisedSteps) -> list[str]:
    """Return the episodes that were supervised rather than demonstrations."""
    there = _with_any(steps, ~steps.demonstration)
    return [name for name in steps.episode_ids if name in there]


def _with_any(steps: SupervisedSteps, rows: torch.Tensor) -> set[str]:
    """Return the episodes that contain any of these rows."""
    found = torch.zeros(len(steps.episode_ids), dtype=torch.bool)
    found[steps.episode[rows]] = True
    return {name for name, there in zip(steps.episode_ids, found.tolist(), strict=True) if there}


def _unseen(model: InterventionModel, steps: SupervisedSteps, chosen: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Leave out episodes that every member of the model has seen; return the others and a note."""
    judged = _with_any(steps, model.unseen(steps).any(0))
    unseen = [name for name in chosen if name in judged]
    if not unseen:
        raise ScoreError(
            f"Every member of the intervention model has seen all {len(chosen)} chosen episodes; choose episodes that "
            "were recorded later, or a model of more members."
        )
    left = len(chosen) - len(unseen)
    note = f"{left} of {len(chosen)} chosen episodes are left out: every member of the model has seen them."
    return unseen, (note,) if left else ()


def _learned_from(steps: SupervisedSteps, supervised: list[str], held_out: list[str], seed: int) -> ScoringSplit:
    """Let the baselines learn from the other episodes; if they are too few, from a part of the held-out ones."""
    scored = set(held_out)
    others = [name for name in supervised if name not in scored]
    if len(others) >= FEWEST_TO_LEARN_FROM:
        return ScoringSplit(_episodes(steps, others), _episodes(steps, held_out), tuple(held_out))
    split = split_episodes(_episodes(steps, held_out), share=HELD_OUT_SHARE, seed=seed)
    if not len(split.held_out):
        raise ScoreError(
            f"{len(held_out)} episodes are too few to hold some of them out; select or record at least "
            f"{FEWEST_TO_LEARN_FROM}."
        )
    # Rows are split by episode, so the ids of the rows say which episodes were held out.
    kept = {split.held_out.episode_ids[number] for number in split.held_out.episode.tolist()}
    left = tuple(name for name in held_out if name in kept)
    note = (
        f"{len(left)} of {len(held_out)} selected episodes are held out and scored; the baselines learn from the rest "
        "of the selection, because too few episodes are outside it."
    )
    return ScoringSplit(split.train, _episodes(steps, left), left, (note,))


def _with_newest(split: ScoringSplit, steps: SupervisedSteps) -> ScoringSplit:
    """Return the split with no more held-out episodes than the window can show."""
    if len(split.held_out) <= MOST_EPISODES:
        return split
    # The newest, because people change and the model is to help with the episodes to come.
    newest = split.held_out[-MOST_EPISODES:]
    note = f"Of {len(split.held_out)} held-out episodes the newest {MOST_EPISODES} are scored."
    return replace(split, test=_episodes(steps, newest), held_out=newest, notes=(*split.notes, note))


def _notes_on(model: InterventionModel, held_out: Sequence[str]) -> tuple[str, ...]:
    config = model.config
    notes = []
    seen = len(set(config.episode_ids) & set(held_out))
    if seen:
        notes.append(
            f"The model was fitted to {seen} of the {len(held_out)} episodes; each of them is predicted "
            "only by members that have not seen it. Cost and scale were fitted to all."
        )
    weighed = len(set(config.forecast.episode_ids) & set(held_out)) if config.forecast else 0
    if weighed:
        notes.append(
            f"The forecast's networks are used in the same way; its nine weights were fitted to {weighed} of them."
        )
    return tuple(notes)


def _episodes(steps: SupervisedSteps, names: Sequence[str]) -> SupervisedSteps:
    chosen = set(names)
    wanted = torch.tensor([name in chosen for name in steps.episode_ids])
    return select_steps(steps, wanted[steps.episode])
