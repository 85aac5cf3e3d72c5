"""A data set from elsewhere, before it is compared with a scene: the one form that all readers return."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mile_desktop.interchange.features import Values
from mile_desktop.storage.records import EpisodeStart, Outcome


@dataclass(frozen=True, slots=True, eq=False)
class ForeignEpisode:
    """One episode as it was read."""

    name: str
    """For messages, for example ``episode 3``."""
    columns: Mapping[str, Values]
    """Name as in ``features.FEATURES`` → values; ``STATE`` and ``ACTION`` (float32[t, size]) are always there."""
    outcome: Outcome
    """``unknown`` where the data set does not say it."""
    origin: EpisodeStart | None = None
    """The beginning of the episode that this program exported."""
    tags: tuple[str, ...] = ()
    """Of an episode that this program exported."""


@dataclass(frozen=True, slots=True)
class ForeignDataset:
    """What a data set says about all of its episodes, and how to read them one by one."""

    source: Path
    format: str
    """For people, for example ``LeRobot v2.1``."""
    episodes: int
    rate_hz: float | None
    """None where it does not say it."""
    state_names: tuple[str, ...]
    """Names of the entries of the observation; empty where it does not say them."""
    action_names: tuple[str, ...]
    notes: tuple[str, ...]
    """What is not taken, one sentence each."""
    read: Callable[[], Iterator[ForeignEpisode]]
    """Yields the episodes in order; raises ``InterchangeError``. Can be called again."""
