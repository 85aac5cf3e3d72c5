"""Plain data of the Inspect page: a recorded episode, simulated paths, requests, the position of playback; no Qt."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mile_desktop.scenes.shift import recorded_shift
from mile_desktop.storage.alarms import alarm_events
from mile_desktop.storage.edits import EditHistory, Trim, edited
from mile_desktop.storage.generated_episodes import Lineage
from mile_desktop.storage.reasons import decode_reasons, reasons_text
from mile_desktop.storage.records import Episode
from mile_desktop.ui.plots.strip_model import StripWindow

EventKind = Literal["takeover", "hand back", "miss", "false alarm", "call", "rewind", "hold", "end"]
_HELD_PERIODS = 4.0
"""A gap between two steps of more than this many usual gaps is a hold: a late tick drops one step, not three."""


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """Something that happened at a row."""

    row: int
    kind: EventKind
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class RecordedEpisode:
    """Every recorded row of an episode, ``t`` rows: marked stretches are applied, trimmed rows are still here."""

    episode: Episode
    history: EditHistory
    kept: tuple[int, int]
    """First and last row that are not trimmed."""
    step: NDArray[np.int64]
    """int64[t]: number of the step within the episode; jumps back where the scene was rewound."""
    events: tuple[TimelineEvent, ...]
    """Events that do not depend on a threshold, in order."""

    def __len__(self) -> int:
        return len(self.episode)

    @property
    def rate_hz(self) -> float:
        """Rows per second at the speed of the robot."""
        return self.episode.record.start.rate_hz

    def time(self, row: float) -> float:
        """Return the time of ``row`` on the time axis, s."""
        return row / self.rate_hz

    def row_at(self, time: float) -> int:
        """Return the row nearest to ``time`` (s), within the recording."""
        return min(max(round(time * self.rate_hz), 0), len(self) - 1)

    def alarm_rows(self, threshold: float) -> tuple[TimelineEvent, ...]:
        """Return misses and false alarms at ``threshold`` of the recorded alarm signal, in order."""
        success = self.episode.record.outcome == "success"
        found = alarm_events(self.episode.alarm, self.episode.intervention, threshold, success=success)
        # Without an alarm signal each takeover would count as missed.
        if not np.isfinite(self.episode.alarm).any():
            return ()
        events = [TimelineEvent(row, "miss", "missed takeover") for row in found.misses]
        events += [TimelineEvent(row, "false alarm", "false alarm") for row in found.false_alarms]
        events += [
            TimelineEvent(row, "call", reasons_text(decode_reasons(self.episode.reasons[row]), self.rate_hz) or "call")
            for row in found.calls
        ]
        return tuple(sorted(events, key=_row))

    def window(self) -> StripWindow:
        """Return the rows as the plots draw them; time starts at the first row."""
        episode, rows = self.episode, np.arange(len(self), dtype=np.float64)
        p, low, high, forecast = (each.astype(np.float64) for each in episode.shown_estimates)
        return StripWindow(
            time=rows / self.rate_hz,
            probability=p,
            low=low,
            high=high,
            forecast=forecast,
            human=episode.intervention,
            serial=np.zeros(len(self)),
            number=np.zeros(len(self)),
            step=self.step.astype(np.float64),
            proposed=episode.policy_action.astype(np.float64),
            executed=episode.action.astype(np.float64),
        )


def recording_of(episode: Episode, history: EditHistory) -> RecordedEpisode:
    """Return an unedited ``episode`` with its edits applied; raises ``EditError`` where they do not fit.

    A trim is not applied but returned as ``kept``: the page shows trimmed rows in grey, so that the trim can be undone.
    """
    # A trim would remove the rows that the page wants to show in grey.
    marks = EditHistory(history.episode_id, tuple(e for e in history.in_force if not isinstance(e.change, Trim)))
    marked = edited(episode, marks)
    trim = history.trim
    kept = (trim.first, trim.last) if trim else (0, len(episode) - 1)
    step = _steps(episode)
    return RecordedEpisode(marked, history, kept, step, _events(marked, step))


def lineage_text(lineage: Lineage | None) -> str:
    """Return what a generated episode came from, for its details; empty for a recorded one."""
    if lineage is None:
        return ""
    parts = [
        f"Generated in {lineage.set_id}, not recorded",
        f"policy {lineage.policy} ({lineage.policy_id}) drove",
        f"model {lineage.model_id} stood in for you",
        f"start {lineage.seed}",
        f"scene drawn from {lineage.randomisation}",
    ]
    values = recorded_shift(lineage.randomisation, lineage.ranges).drawn_values(lineage.seed)
    drawn = ", ".join(f"{key.replace('_', ' ')} {value:.3g}" for key, value in values.items())
    return " · ".join(parts) + (f": {drawn}" if drawn else "")


def next_row(events: tuple[TimelineEvent, ...], kinds: frozenset[str], row: int, direction: int) -> int | None:
    """Return the row of the nearest event of ``kinds`` after (+1) or before (−1) ``row``; None where there is none."""
    rows = [event.row for event in events if event.kind in kinds]
    if direction > 0:
        return min((each for each in rows if each > row), default=None)
    return max((each for each in rows if each < row), default=None)


def _steps(episode: Episode) -> NDArray[np.int64]:
    # After a rewind the count continues from the row whose state was restored.
    steps = np.arange(len(episode), dtype=np.int64)
    for row in np.flatnonzero(episode.starts_at_row >= 0).tolist():
        steps[row:] += steps[episode.starts_at_row[row]] - steps[row]
    return steps


def _events(episode: Episode, step: NDArray[np.int64]) -> tuple[TimelineEvent, ...]:
    human = episode.intervention.astype(np.int8)
    # zeros at both ends: a takeover that begins or ends with the episode is a change, too
    changes = np.diff(np.concatenate([[0], human, [0]]))
    events = [TimelineEvent(row, "takeover", _who(episode, row)) for row in np.flatnonzero(changes == 1).tolist()]
    events += [
        TimelineEvent(row, "hand back", "handed back")
        for row in np.flatnonzero(changes == -1).tolist()
        if row < len(episode)
    ]
    rewinds = np.flatnonzero(episode.starts_at_row >= 0).tolist()
    events += [TimelineEvent(row, "rewind", f"rewound to step {step[row]}") for row in rewinds]
    gaps = np.diff(episode.timestamp)
    usual = float(np.median(gaps)) if len(gaps) else 0.0
    # Holds are not recorded as rows; only the time between two rows shows them.
    for row in np.flatnonzero(gaps > _HELD_PERIODS * usual).tolist() if usual > 0 else ():
        if row + 1 not in rewinds:  # a rewind takes time, too, and has its own event
            events.append(TimelineEvent(row + 1, "hold", f"held for {gaps[row]:.1f} s"))
    events.append(TimelineEvent(len(episode) - 1, "end", episode.record.outcome))
    return tuple(sorted(events, key=_row))


def _who(episode: Episode, row: int) -> str:
    who = episode.operator[row] or episode.record.start.operator
    typed = f": {episode.words[row]}" if episode.words[row] else ""
    return f"takeover by {who}{typed}" if who else "takeover"


def _row(event: TimelineEvent) -> int:
    return event.row


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedPath:
    """Where a policy would have gone from a row on, in ``n`` steps."""

    name: str
    colour: str
    row: int
    """The recorded row it starts from."""
    states: NDArray[np.float32]
    """float32[n + 1, k]."""
    actions: NDArray[np.float32]
    """float32[n, a]."""
    positions: NDArray[np.float32]
    """float32[n + 1, 3], m: of the end effector; empty where the scene has none."""
    outcome: str

    @property
    def length(self) -> int:
        """Number of rows from the start of the recording to the end of the path."""
        return self.row + len(self.states)


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a drop-down list."""

    reference: str
    """Id of a model or policy, or another name that the inspection process understands."""
    title: str
    tip: str = ""


@dataclass(frozen=True, slots=True)
class PredictionRequest:
    """What the inspection process is to compute; see ``inspection.messages.PredictAgain``."""

    model: str
    """Empty: the model in use."""
    source: str
    policy: str
    """Empty: the recorded one."""
    title: str
    """For the legend of the timeline."""
