"""How well takeovers were predicted in each episode; stored in the catalogue so that tables can sort by it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mile_desktop.storage.alarms import alarm_events, worst_false_alarm
from mile_desktop.storage.reasons import decode_reasons
from mile_desktop.storage.records import Episode
from mile_desktop.storage.workspace import Workspace

_STORE = (
    "INSERT INTO episode_detail (episode_id, threshold, false_alarms, misses, brier, reasons, worst_alarm, worst_row, "
    "words) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (episode_id) DO UPDATE SET threshold = excluded.threshold, false_alarms = excluded.false_alarms, "
    "misses = excluded.misses, brier = excluded.brier, reasons = excluded.reasons, worst_alarm = excluded.worst_alarm, "
    "worst_row = excluded.worst_row, words = excluded.words WHERE edits = ?"
)
_STALE = (
    "SELECT episode_id, coalesce(edits, 0) AS edits FROM episode LEFT JOIN episode_detail USING (episode_id) "
    "WHERE threshold IS NULL OR threshold <> ? ORDER BY deleted, started_at DESC"
)


@dataclass(frozen=True, slots=True)
class Insight:
    """Quality of the shown probability in one episode."""

    threshold: float
    """Threshold of the alarm for the two counts below."""
    false_alarms: int
    misses: int
    brier: float | None
    """Mean squared difference between p as shown and ν; None where no p was shown."""
    reasons: tuple[str, ...] = ()
    """Kinds of the reasons of the calls at the threshold, see ``storage.reasons``."""
    worst_alarm: float | None = None
    """The highest number that the alarm reached in a false alarm; None: there is none."""
    worst_row: int | None = None
    """Row at which that false alarm began, counted from the trimmed beginning."""
    words: tuple[str, ...] = ()
    """Typed commands that drove, as recorded, in order."""


def insight_of(episode: Episode, threshold: float) -> Insight:
    """Return the quality of the shown p, and of the number that called the person, in the edited ``episode``."""
    shown = np.isfinite(episode.intervention_prob)
    typed = tuple(dict.fromkeys(filter(None, episode.words)))
    if not shown.any():
        return Insight(threshold, 0, 0, None, words=typed)
    success = episode.record.outcome == "success"
    events = alarm_events(episode.alarm, episode.intervention, threshold, success=success)
    differences = episode.intervention_prob[shown].astype(np.float64) - episode.intervention[shown]
    kinds = {reason.kind for row in events.calls for reason in decode_reasons(episode.reasons[row])}
    brier = float(np.mean(differences**2))
    worst, row = worst_false_alarm(episode.alarm, episode.intervention, threshold, events) or (None, None)
    counts = len(events.false_alarms), len(events.misses)
    return Insight(threshold, *counts, brier, tuple(sorted(kinds)), worst, row, typed)


def stale_insights(workspace: Workspace, threshold: float) -> tuple[tuple[str, int], ...]:
    """Return id and number of edits of every episode without an insight at ``threshold``, newest first."""
    return tuple((row["episode_id"], row["edits"]) for row in workspace.query(_STALE, (threshold,)))


def store_insights(workspace: Workspace, insights: Iterable[tuple[str, int, Insight]]) -> None:
    """Store insights with id and number of edits of their episodes; an episode edited since then is skipped."""
    with workspace.transaction() as connection:
        # The number of edits is compared in the statement itself. An edit that came between reading and storing wins.
        for episode_id, edits, each in insights:
            # Blanks at both ends, so that a search for one kind needs no special case.
            kinds = f" {' '.join(each.reasons)} " if each.reasons else ""
            counts = each.threshold, each.false_alarms, each.misses, each.brier
            found = kinds, each.worst_alarm, each.worst_row, "\n".join(each.words)
            connection.execute(_STORE, (episode_id, *counts, *found, edits))
