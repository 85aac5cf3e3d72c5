"""What waits for the recorder's thread, and what of it is kept in a file when the database does not take it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from mile_desktop.storage.records import EpisodeStart, Outcome, Step
from mile_desktop.storage.spill import UnwrittenEpisode
from mile_desktop.storage.steps import encode, shape_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class End:
    """Close the episode."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Discard:
    """Close the episode and put it in the bin."""


Item = EpisodeStart | Step | End | Discard


@dataclass(frozen=True, slots=True)
class Pending:
    """One item that is not committed yet."""

    item: Item
    start: EpisodeStart
    """The episode that it belongs to."""
    number: int
    """Of a step, within its episode."""
    since: float
    """``time.monotonic()`` when it was given to the recorder, s."""

    @property
    def is_step(self) -> bool:
        """Whether it is a step."""
        return isinstance(self.item, Step)


def unwritten_episodes(waiting: Sequence[Pending]) -> list[UnwrittenEpisode]:
    """Return what waits, by episode, in the form that is written beside the database."""
    episodes: dict[str, UnwrittenEpisode] = {}
    for pending in waiting:
        key = pending.start.episode_id
        # The start travels with each item, because it may itself have been committed before the disk failed.
        found = episodes.setdefault(key, UnwrittenEpisode(pending.start, []))
        match pending.item:
            case Step() as step:
                found.steps.extend(_encoded(step, pending))
            case End(outcome):
                episodes[key] = msgspec.structs.replace(found, outcome=outcome)
            case Discard():
                episodes[key] = msgspec.structs.replace(found, outcome="aborted", deleted=True)
    return [each for each in episodes.values() if each.steps or each.outcome is not None]


def _encoded(step: Step, pending: Pending) -> list[tuple[int, bytes]]:
    try:
        # Checked here as the journal would do it. A step that the next start cannot read would spoil the good ones
        # beside it.
        shape_of(step)
        return [(pending.number, encode(step))]
    except (ValueError, TypeError):
        _log.exception("Step %d of %s contradicts itself and is not kept", pending.number, pending.start.episode_id)
        return []
