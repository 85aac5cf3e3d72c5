"""A scorecard at a threshold, as values; no Qt, no torch."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mile_desktop.arrays import BoolArray, Float64Array
from mile_desktop.evaluation.scorecard import CurvePoint, Scorecard, ScoredEpisode, ScoredPredictor
from mile_desktop.storage.alarms import AlarmEvents, ReasonCount, alarm_events, count_by_reason
from mile_desktop.ui.plots.series_model import Series, Style
from mile_desktop.ui.plots.table import Table

LEAD_BIN_S = 0.25
LAST_LEAD_S = 2.0
"""Takeovers that were announced this long before, or longer, share the last bar."""

_STYLES: dict[str, tuple[str, Style]] = {
    "forecast": ("policy", "line"),
    "mile, ensemble": ("takeover", "line"),
    "mile, single": ("takeover", "dashed"),
    "temporal": ("success", "line"),
    "neural classifier": ("stopped", "dashed"),
    "history logistic": ("asking", "dashed"),
    "stall": ("hold", "dashed"),
    "stopwatch": ("secondary", "dashed"),
    "majority": ("secondary", "dotted"),
}
_SHOWN_FIRST = ("forecast", "mile, ensemble")
"""The predictor that is shown first is the first of these in the scorecard."""
_UNANSWERED = "call without a takeover, no success"


@dataclass(frozen=True, slots=True)
class StepRange:
    """Consecutive steps that belong to a point or a bar of a plot."""

    episode_id: str
    row: int
    """First row of the range, in the recording."""
    rows: int
    """Length of the range."""
    probability: float
    """Largest p in the range; NaN where nothing was predicted."""
    text: str


@dataclass(frozen=True, slots=True)
class ThresholdScore:
    """The quality of an alarm at one threshold."""

    true_positive_rate: float
    false_positive_rate: float
    precision: float
    takeovers: int
    announced: int
    median_lead_s: float
    false_alarms: int
    false_alarms_per_minute: float

    def summary(self) -> str:
        """Return the figures in one sentence."""
        lead = "" if math.isnan(self.median_lead_s) else f", {self.median_lead_s:.1f} s before"
        return (
            f"{self.announced} of {self.takeovers} takeovers announced{lead} · "
            f"{_percent(self.precision)} of the steps above it before a takeover · "
            f"{self.false_alarms_per_minute:.1f} false alarms a minute"
        )


@dataclass(frozen=True, slots=True)
class EpisodeScore:
    """One episode at the threshold."""

    episode_id: str
    outcome: str
    steps: int
    takeovers: int
    announced: int
    false_alarms: int
    brier: float
    mean: float
    """Mean p; NaN where nothing was predicted."""


class ScorecardModel:
    """Scores at any threshold, and the steps at each point of a plot; read-only."""

    def __init__(self, card: Scorecard) -> None:
        self.card = card
        self._ahead = [np.array(each.ahead, np.bool_) for each in card.episodes]
        self._scored = [np.array(each.asked, np.bool_) for each in card.episodes]
        self._intervention = [np.array(each.intervention, np.bool_) for each in card.episodes]
        self._traces = {
            # JSON has no NaN; the command sends null for "nothing predicted".
            each.name: [np.array([math.nan if p is None else p for p in trace]) for trace in each.traces]
            for each in card.predictors
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The predictors."""
        return tuple(each.name for each in self.card.predictors)

    @property
    def shown_first(self) -> str:
        """The predictor to show first."""
        return next((name for name in _SHOWN_FIRST if name in self.names), self.names[0])

    def predictor(self, name: str) -> ScoredPredictor:
        """Return the scores of one predictor."""
        return next(each for each in self.card.predictors if each.name == name)

    # ── plots ────────────────────────────────────────────────────────────────────────────────────────────────────

    def roc(self) -> tuple[Series, ...]:
        """Return the ROC curve of every predictor."""
        return tuple(_curve(each.name, each.roc) for each in self.card.predictors)

    def precision_recall(self) -> tuple[Series, ...]:
        """Return the precision–recall curve of every predictor."""
        return tuple(_curve(each.name, each.precision_recall) for each in self.card.predictors)

    def reliability(self, name: str) -> tuple[Series, ...]:
        """Return observed against predicted rate of one predictor, and the diagonal."""
        points = self.predictor(name).reliability
        colour, _ = curve_style(name)
        return (
            Series("perfect", ((0.0, 0.0), (1.0, 1.0)), "secondary", "dotted"),
            Series(
                name,
                tuple((each.predicted, each.observed) for each in points),
                colour,
                "points",
                tips=tuple(f"{each.steps} steps, p from {each.low:.3f} to {each.high:.3f}" for each in points),
            ),
        )

    def early(self) -> tuple[Series, ...]:
        """Return balanced accuracy against how early the alarm has to come, of every predictor."""
        series = []
        for each in self.card.predictors:
            colour, style = curve_style(each.name)
            tips = tuple(
                f"{point.announced:.0%} of {point.takeovers} takeovers announced, {point.calm:.0%} of calm steps quiet"
                for point in each.early
            )
            points = tuple((point.lead_s, point.balanced_accuracy) for point in each.early)
            series.append(Series(each.name, points, colour, style, tips=tips))
        return tuple(series)

    def leads(self, name: str, threshold: float) -> tuple[Series, ...]:
        """Return a histogram of the lead times of takeovers; the bar at 0 counts those that were not announced."""
        counts = np.bincount(
            [self._bar(lead) for _, _, lead in self._announcements(name, threshold)], minlength=self._bars
        )
        colour, _ = curve_style(name)
        points = tuple((bar * LEAD_BIN_S, float(count)) for bar, count in enumerate(counts))
        tips = ("not announced", *(f"up to {bar * LEAD_BIN_S:.2f} s before" for bar in range(1, len(points) - 1)))
        return (Series("takeovers", points, colour, "bars", tips=(*tips, f"more than {LAST_LEAD_S:g} s before")),)

    # ── at a threshold ───────────────────────────────────────────────────────────────────────────────────────────

    def at(self, name: str, threshold: float) -> ThresholdScore:
        """Return the quality of an alarm by predictor ``name`` at ``threshold``."""
        above, ahead = self._decided(name, threshold)
        hits = int((above & ahead).sum())
        events = [each for _, each in self._events(name, threshold)]
        leads = [lead for each in events for lead in each.leads]
        announced = [lead for lead in leads if lead > 0]
        false_alarms = sum(len(each.false_alarms) for each in events)
        # A minute of autonomy: while a person drives there is nothing to announce.
        minutes = sum(int((~each).sum()) for each in self._intervention) / self.card.rate_hz / 60
        return ThresholdScore(
            true_positive_rate=_share(hits, int(ahead.sum())),
            false_positive_rate=_share(int((above & ~ahead).sum()), int((~ahead).sum())),
            precision=_share(hits, int(above.sum())),
            takeovers=len(leads),
            announced=len(announced),
            median_lead_s=float(np.median(announced)) / self.card.rate_hz if announced else math.nan,
            false_alarms=false_alarms,
            false_alarms_per_minute=_share(false_alarms, minutes),
        )

    def episodes(self, name: str, threshold: float) -> tuple[EpisodeScore, ...]:
        """Return the score of every episode at the threshold."""
        scores = []
        for episode, (number, events) in zip(self.card.episodes, self._events(name, threshold), strict=True):
            scored = self._scored[number]
            p, ahead = self._traces[name][number][scored], self._ahead[number][scored]
            scores.append(
                EpisodeScore(
                    episode_id=episode.episode_id,
                    outcome=episode.outcome,
                    steps=len(episode.intervention),
                    takeovers=len(events.onsets),
                    announced=sum(lead > 0 for lead in events.leads),
                    false_alarms=len(events.false_alarms),
                    brier=float(np.mean((p - ahead) ** 2)) if len(p) else math.nan,
                    mean=float(p.mean()) if len(p) else math.nan,
                )
            )
        return tuple(scores)

    def by_reason(self, name: str, threshold: float) -> tuple[ReasonCount, ...]:
        """Return the calls by reason; none for a predictor that gives no reasons."""
        reasons = self.predictor(name).reasons
        if not reasons:
            return ()
        return count_by_reason(
            (events, [row.split() for row in reasons[number]]) for number, events in self._events(name, threshold)
        )

    def calls_with_reason(self, name: str, threshold: float, kind: str) -> tuple[StepRange, ...]:
        """Return the calls for which ``kind`` was one of the reasons, in order."""
        reasons, found = self.predictor(name).reasons, []
        for number, events in self._events(name, threshold):
            for rows, text in (
                (events.hits, "call, takeover followed"),
                (events.false_alarms, "false alarm"),
                (events.unanswered, _UNANSWERED),
            ):
                found += [
                    self._single_step(name, number, row, text) for row in rows if kind in reasons[number][row].split()
                ]
        return tuple(found)

    def worst_false_alarms(self, name: str, threshold: float) -> tuple[StepRange, ...]:
        """Return the false alarms, the highest first; each from where it came on to where it ended."""
        found = []
        for number, events in self._events(name, threshold):
            trace, taken, episode = self._traces[name][number], self._intervention[number], self.card.episodes[number]
            for row in events.false_alarms:
                with np.errstate(invalid="ignore"):  # NaN ends an alarm
                    off = np.flatnonzero(~(trace[row:] >= threshold) | taken[row:])
                rows = int(off[0]) if len(off) else len(trace) - row
                highest = float(trace[row : row + rows].max())
                at = StepRange(episode.episode_id, row + episode.first_row, rows, highest, "false alarm")
                found.append(at)
        return tuple(sorted(found, key=lambda each: -each.probability))

    # ── steps at a point ─────────────────────────────────────────────────────────────────────────────────────────

    def errors_at_threshold(self, name: str, threshold: float) -> tuple[StepRange, ...]:
        """Return the steps where the alarm is wrong: above the threshold without a takeover, or below it before one."""
        found: list[StepRange] = []
        for number, episode in enumerate(self.card.episodes):
            p, scored, ahead = self._traces[name][number], self._scored[number], self._ahead[number]
            with np.errstate(invalid="ignore"):  # NaN, where nothing was predicted, is neither above nor below
                above = p >= threshold
            found += _stretches(episode, scored & above & ~ahead, p, "above, no takeover")
            found += _stretches(episode, scored & ~above & ahead, p, "below, takeover followed")
        return tuple(found)

    def steps_in_bin(self, name: str, index: int) -> tuple[StepRange, ...]:
        """Return the steps of one bin of the reliability diagram."""
        each = self.predictor(name).reliability[index]
        found: list[StepRange] = []
        for number, episode in enumerate(self.card.episodes):
            p, scored, ahead = self._traces[name][number], self._scored[number], self._ahead[number]
            with np.errstate(invalid="ignore"):
                inside = scored & (p >= each.low - _SLACK) & (p <= each.high + _SLACK)
            found += _stretches(episode, inside & ahead, p, "takeover followed")
            found += _stretches(episode, inside & ~ahead, p, "no takeover")
        return tuple(found)

    def takeovers_in_bar(self, name: str, threshold: float, bar: int) -> tuple[StepRange, ...]:
        """Return the takeovers of one bar of the lead-time histogram."""
        found = []
        for number, onset, lead in self._announcements(name, threshold):
            if self._bar(lead) == bar:
                text = f"announced {lead / self.card.rate_hz:.2f} s before" if lead else "not announced"
                found.append(self._single_step(name, number, onset, f"takeover, {text}"))
        return tuple(found)

    def events_in_episode(self, name: str, threshold: float, episode_id: str) -> tuple[StepRange, ...]:
        """Return takeovers and calls without a takeover of one episode, in order."""
        found: list[StepRange] = []
        for number, events in self._events(name, threshold):
            if self.card.episodes[number].episode_id != episode_id:
                continue
            for onset, lead in zip(events.onsets, events.leads, strict=True):
                text = f"takeover, announced {lead / self.card.rate_hz:.2f} s before" if lead else "takeover, missed"
                found.append(self._single_step(name, number, onset, text))
            found += [self._single_step(name, number, row, "false alarm") for row in events.false_alarms]
            found += [self._single_step(name, number, row, _UNANSWERED) for row in events.unanswered]
        return tuple(sorted(found, key=lambda each: each.row))

    def every_step(self) -> Table:
        """Return every scored step with the predictions of every predictor."""
        rows: list[tuple[object, ...]] = []
        for number, episode in enumerate(self.card.episodes):
            columns = [self._traces[name][number].tolist() for name in self.names]
            for row, (nu, ahead, *predicted) in enumerate(
                zip(episode.intervention, episode.ahead, *columns, strict=True)
            ):
                cells = ("" if math.isnan(p) else p for p in predicted)
                rows.append((episode.episode_id, row + episode.first_row, int(nu), int(ahead), *cells))
        return Table(("episode", "row", "intervention", "takeover ahead", *self.names), tuple(rows))

    # ── helpers ──────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _bars(self) -> int:
        # One bar more for "not announced" and one for "even earlier".
        return round(LAST_LEAD_S / LEAD_BIN_S) + 2

    def _bar(self, lead_steps: int) -> int:
        return min(math.ceil(lead_steps / self.card.rate_hz / LEAD_BIN_S - _SLACK), self._bars - 1)

    def _decided(self, name: str, threshold: float) -> tuple[BoolArray, BoolArray]:
        scored = np.concatenate(self._scored)
        # Steps that are not asked about, those of a takeover, would flatter every predictor.
        p = np.concatenate(self._traces[name])[scored]
        return p >= threshold, np.concatenate(self._ahead)[scored]

    def _events(self, name: str, threshold: float) -> Iterable[tuple[int, AlarmEvents]]:
        for number, trace in enumerate(self._traces[name]):
            taken, success = self._intervention[number], self.card.episodes[number].outcome == "success"
            yield (
                number,
                alarm_events(trace, taken, threshold, success=success, horizon_steps=self.card.horizon_steps),
            )

    def _announcements(self, name: str, threshold: float) -> Iterable[tuple[int, int, int]]:
        """Yield episode, first step and lead in steps of every takeover."""
        for number, events in self._events(name, threshold):
            for onset, lead in zip(events.onsets, events.leads, strict=True):
                yield number, onset, lead

    def _single_step(self, name: str, number: int, row: int, text: str) -> StepRange:
        episode = self.card.episodes[number]
        return StepRange(episode.episode_id, row + episode.first_row, 1, float(self._traces[name][number][row]), text)


_SLACK = 1e-5
"""Probabilities were rounded when they were sent as text; without it a step at the edge of a bin is in no bin."""


def nearest_threshold(points: Sequence[CurvePoint], x: float, y: float) -> float | None:
    """Return the threshold of the point of a curve nearest to (x, y); None where there is no curve."""
    if not points:
        return None
    return min(points, key=lambda each: (each.x - x) ** 2 + (each.y - y) ** 2).threshold


def _curve(name: str, points: Sequence[CurvePoint]) -> Series:
    colour, style = curve_style(name)
    tips = tuple(f"threshold {each.threshold:.3f}" for each in points)
    return Series(name, tuple((each.x, each.y) for each in points), colour, style, tips=tips)


def curve_style(name: str) -> tuple[str, Style]:
    """Return colour and line style of a predictor."""
    return _STYLES.get(name, ("text", "line"))


def _stretches(episode: ScoredEpisode, wanted: BoolArray, p: Float64Array, text: str) -> list[StepRange]:
    """Return the runs of consecutive wanted rows."""
    # False at both ends: each run then has a rising and a falling edge
    edges = np.flatnonzero(np.diff(np.concatenate(([False], wanted, [False])).astype(np.int8)))
    return [
        StepRange(
            episode.episode_id, int(first) + episode.first_row, int(end - first), float(np.max(p[first:end])), text
        )
        for first, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.0%}"
