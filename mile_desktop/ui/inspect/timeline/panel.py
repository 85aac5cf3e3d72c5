"""The timeline under the viewer: p and actions of one recording, linked in zoom, pan, place and hover."""

import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from mile_desktop.ui.inspect.model import RecordedEpisode, TimelineEvent
from mile_desktop.ui.inspect.timeline.action_plot import ActionTimeline
from mile_desktop.ui.inspect.timeline.probability_plot import Appraisal, ProbabilityTimeline
from mile_desktop.ui.plots.plot_export import PlotSharing
from mile_desktop.ui.plots.table import Table
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.discrete_choices import choice_text
from mile_desktop.ui.widgets.elided_label import ElidedLabel


class Timeline(QFrame):
    """Shows a ``RecordedEpisode``; says where the person points. Window's thread only."""

    row_chosen = Signal(int)
    """Row the viewer is to show."""
    stretch_changed = Signal()
    threshold_moved = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self._recording: RecordedEpisode | None = None
        self._choices: tuple[str, ...] = ()
        """Names of discrete actions."""
        self._row = 0
        self._stretch: tuple[int, int] | None = None
        self._events: tuple[TimelineEvent, ...] = ()
        self.probability = ProbabilityTimeline()
        self.action_plot = ActionTimeline()
        self.action_plot.setXLink(self.probability)
        self._plots = (self.probability, self.action_plot)
        self._values = ElidedLabel()
        theme.set_role(self._values, "secondary")
        self._sharing = [
            PlotSharing(plot, name, self.numbers)
            for plot, name in zip(self._plots, ("p over time", "actions over time"), strict=True)
        ]
        self._values.set_full_text(" ")
        self._lay_out()
        for plot in self._plots:
            plot.place_chosen.connect(self._place_chosen)
            plot.stretch_chosen.connect(self._stretched)
            plot.hovered.connect(self._hovered)
        self.probability.threshold_moved.connect(self._threshold_moved)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        theme.space(column, (0, 4, 4, 4), 0)
        column.addWidget(self._values)
        column.addWidget(self.probability, 5)
        column.addWidget(self.action_plot, 6)
        self._values.setIndent(theme.px(52))
        theme.bound(self.probability, least_height=64)
        theme.bound(self.action_plot, least_height=96)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────

    def show_recording(
        self, recording: RecordedEpisode | None, action_labels: tuple[str, ...] = (), *, discrete: bool = False
    ) -> None:
        """Show another recording, or nothing; ``discrete``: one of the actions is chosen a step."""
        self._recording = recording
        self._choices = ()
        self._row = 0
        self._set_stretch(None)
        if recording is not None:
            width = recording.episode.action.shape[1]
            names = action_labels if len(action_labels) == width else tuple(f"a{index + 1}" for index in range(width))
            self.action_plot.set_actions(names, discrete=discrete)
            self._choices = names if discrete else ()
        for plot in self._plots:
            plot.show_recording(recording)
        self._find_events()
        self.show_row(0)

    def show_row(self, row: int) -> None:
        """Draw the viewer's place."""
        if self._recording is None:
            self._values.set_full_text(" ")
            return
        row = self._row = min(row, len(self._recording) - 1)
        time = self._recording.time(row)
        for plot in self._plots:
            plot.show_place(time)
        self.probability.keep_in_sight(time)
        self._values.set_full_text(self._text_of(self._recording, row))

    def _text_of(self, recording: RecordedEpisode, row: int) -> str:
        return values_text(recording, row, self.probability.appraisal, self._choices)

    def show_appraisal(self, appraisal: Appraisal | None) -> None:
        """Draw p as a model sees it now beside p as it was shown."""
        self.probability.show_appraisal(appraisal)
        self.show_row(self._row)

    def set_threshold(self, threshold: float) -> None:
        """Judge misses and false alarms at ``threshold``."""
        self.probability.set_threshold(threshold)
        self._find_events()

    @property
    def threshold(self) -> float:
        """The threshold in force here."""
        return self.probability.threshold

    @property
    def events(self) -> tuple[TimelineEvent, ...]:
        """Everything that can be jumped to, in order."""
        return self._events

    def _find_events(self) -> None:
        recording = self._recording
        self._events = () if recording is None else (*recording.events, *recording.alarm_rows(self.threshold))
        timed = () if recording is None else tuple((recording.time(event.row), event) for event in self._events)
        self.probability.show_events(timed)
        self.action_plot.show_events(tuple(each for each in timed if each[1].kind in {"rewind", "hold"}))

    # ── stretch ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def stretch(self) -> tuple[int, int] | None:
        """First and last row that were chosen."""
        return self._stretch

    def begin_stretch(self) -> None:
        """Let the stretch begin at the viewer's place."""
        last = self._stretch[1] if self._stretch else self._row
        self._set_stretch((self._row, max(self._row, last)))

    def end_stretch(self) -> None:
        """Let the stretch end at the viewer's place."""
        first = self._stretch[0] if self._stretch else self._row
        self._set_stretch((min(first, self._row), self._row))

    def clear_stretch(self) -> None:
        """Choose no stretch."""
        self._set_stretch(None)

    def zoom_in(self) -> None:
        """Zoom in around the viewer's place."""
        self.probability.zoom(2)

    def zoom_out(self) -> None:
        """Zoom out around the viewer's place."""
        self.probability.zoom(-2)

    def show_all(self) -> None:
        """Zoom out to the whole recording."""
        self.probability.show_all()

    def _set_stretch(self, stretch: tuple[int, int] | None) -> None:
        self._stretch = stretch
        recording = self._recording
        shown = None
        if stretch is not None and recording is not None:
            shown = recording.time(stretch[0]), recording.time(stretch[1] + 1)
        for plot in self._plots:
            plot.show_stretch(shown)
        self.stretch_changed.emit()

    # ── mouse ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _place_chosen(self, time: float) -> None:
        if self._recording is not None:
            self.row_chosen.emit(self._recording.row_at(time))

    def _stretched(self, start: float, end: float) -> None:
        if self._recording is not None:
            self._set_stretch((self._recording.row_at(start), self._recording.row_at(end)))

    def _hovered(self, time: float | None) -> None:
        recording = self._recording
        for plot in self._plots:
            plot.show_hover(time)
        if recording is None:
            return
        row = self._row if time is None else recording.row_at(time)
        self._values.set_full_text(self._text_of(recording, row))

    def _threshold_moved(self, threshold: float) -> None:
        self._find_events()
        self.threshold_moved.emit(threshold)

    def numbers(self) -> Table:
        """Return what is drawn, a row a step."""
        recording = self._recording
        if recording is None:
            return Table(("row",), ())
        episode, appraisal = recording.episode, self.probability.appraisal
        columns = ["row", "time (s)", "step", "intervention", "p", "p low", "p high", "forecast"]
        arrays = [
            range(len(recording)),
            [recording.time(row) for row in range(len(recording))],
            recording.step.tolist(),
            episode.intervention.astype(int).tolist(),
            *(
                each.tolist()
                for each in (
                    episode.intervention_prob,
                    episode.intervention_prob_low,
                    episode.intervention_prob_high,
                    episode.forecast,
                )
            ),
        ]
        if appraisal is not None:
            columns.append(f"p {appraisal.title}")
            arrays.append(appraisal.probability.tolist())
        # a discrete action is proposed as probabilities
        said = ("probable", episode.policy_mean) if self._choices else ("spread", episode.policy_std)
        for lane, name in enumerate(self.action_plot.action_names):
            columns += [f"proposed {name}", f"{said[0]} {name}", f"executed {name}"]
            arrays += [each[:, lane].tolist() for each in (episode.policy_action, said[1], episode.action)]
        return Table(tuple(columns), tuple(zip(*arrays, strict=True)))


def values_text(
    recording: RecordedEpisode, row: int, appraisal: Appraisal | None = None, choices: tuple[str, ...] = ()
) -> str:
    """Return what is known of ``row``: time, step, p, who drove, and which of ``choices`` was proposed and done."""
    episode = recording.episode
    parts = [f"{recording.time(row):.2f} s", f"step {int(recording.step[row])}"]
    p, low, high = (
        float(each[row])
        for each in (episode.intervention_prob, episode.intervention_prob_low, episode.intervention_prob_high)
    )
    if not math.isnan(p):
        band = "" if math.isnan(low) or math.isnan(high) else f" [{low:.2f}–{high:.2f}]"
        parts.append(f"p {p:.2f}{band}")
    if not math.isnan(float(episode.forecast[row])):
        parts.append(f"forecast {episode.forecast[row]:.2f}")
    if appraisal is not None and row < len(appraisal.probability) and not math.isnan(appraisal.probability[row]):
        parts.append(f"{appraisal.title} {appraisal.probability[row]:.2f}")
    who = episode.operator[row] or episode.record.start.operator
    parts.append(f"{who or 'a person'} drove" if episode.intervention[row] else "policy drove")
    if choices:
        proposed, done = episode.policy_action[row].tolist(), episode.action[row].tolist()
        parts.append(choice_text(proposed, done, choices, episode.policy_mean[row].tolist()))
    parts += [event.text for event in recording.events if event.row == row and event.kind in {"rewind", "hold", "end"}]
    return " · ".join(parts)
