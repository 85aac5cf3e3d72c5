"""What an episode says about the prediction of takeovers, kept with the catalogue so that tables can sort by it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mile_desktop.storage.alarms import alarm_events
from mile_desktop.storage.records import Episode
from mile_desktop.storage.workspace import Workspace

_STORE = (
    "INSERT INTO episode_detail (episode_id, threshold, false_alarms, misses, brier) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (episode_id) DO UPDATE SET threshold = excluded.threshold, false_alarms = excluded.false_alarms, "
    "misses = excluded.misses, brier = excluded.brier WHERE edits = ?"
)
_STALE = (
    "SELECT episode_id, coalesce(edits, 0) AS edits FROM episode LEFT JOIN episode_detail USING (episode_id) "
    "WHERE threshold IS NULL OR threshold <> ? ORDER BY deleted, started_at DESC"
)


@dataclass(frozen=True, slots=True)
class Insight:
    """How the number that was shown did in one episode."""

    threshold: float
    """Of the alarm, for the next two."""
    false_alarms: int
    misses: int
    brier: float | None
    """Mean squared difference between p as shown and ν; None where no p was shown."""


def insight_of(episode: Episode, threshold: float) -> Insight:
    """Return how p as it was shown, and the number that called, did in ``episode``, with its edits."""
    shown = np.isfinite(episode.intervention_prob)
    if not shown.any():
        return Insight(threshold, 0, 0, None)
    events = alarm_events(episode.alarm, episode.intervention, threshold)
    differences = episode.intervention_prob[shown].astype(np.float64) - episode.intervention[shown]
    return Insight(threshold, len(events.false_alarms), len(events.misses), float(np.mean(differences**2)))


def stale_insights(workspace: Workspace, threshold: float) -> tuple[tuple[str, int], ...]:
    """Return id and number of edits of every episode without an insight at ``threshold``, newest first."""
    return tuple((row["episode_id"], row["edits"]) for row in workspace.query(_STALE, (threshold,)))


def store_insights(workspace: Workspace, insights: Iterable[tuple[str, int, Insight]]) -> None:
    """Keep insights with the id and the number of edits of their episodes; one edited since then is left out."""
    with workspace.transaction() as connection:
        for episode_id, edits, each in insights:
            values = (episode_id, each.threshold, each.false_alarms, each.misses, each.brier, edits)
            connection.execute(_STORE, values)
