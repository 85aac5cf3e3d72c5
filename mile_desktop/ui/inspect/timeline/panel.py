"""The timeline: p and actions of one recording in two plots, linked in zoom, pan, position and hover."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from mile_desktop.ui.inspect.model import RecordedEpisode, TimelineEvent
from mile_desktop.ui.inspect.timeline.action_plot import ActionTimeline
from mile_desktop.ui.inspect.timeline.model import Prediction, step_table, values_text
from mile_desktop.ui.inspect.timeline.probability_plot import ProbabilityTimeline
from mile_desktop.ui.plots.plot_export import PlotExport
from mile_desktop.ui.plots.table import Table
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.call_reasons_button import CallReasonsButton
from mile_desktop.ui.widgets.elided_label import ElidedLabel


class Timeline(QFrame):
    """Shows a ``RecordedEpisode``; clicks and drags become signals. Window's thread only."""

    row_chosen = Signal(int)
    """The row that the viewer shows."""
    stretch_changed = Signal()
    threshold_moved = Signal(float)
    moment_chosen = Signal(str, int)
    """Episode and step of a recorded moment that the shown one is like."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self._recording: RecordedEpisode | None = None
        self._choices: tuple[str, ...] = ()
        """Names of discrete actions; empty: the actions are continuous."""
        self._row = 0
        self._stretch: tuple[int, int] | None = None
        self._events: tuple[TimelineEvent, ...] = ()
        self.probability = ProbabilityTimeline()
        self.action_plot = ActionTimeline()
        self.action_plot.setXLink(self.probability)
        self._plots = (self.probability, self.action_plot)
        self._values = ElidedLabel()
        self._why = CallReasonsButton()
        self._why.moment_chosen.connect(self.moment_chosen)
        theme.set_role(self._values, "secondary")
        self._sharing = [
            PlotExport(plot, name, self.numbers)
            for plot, name in zip(self._plots, ("p over time", "actions over time"), strict=True)
        ]
        self._values.set_full_text(" ")
        self._lay_out()
        for plot in self._plots:
            plot.time_chosen.connect(self._time_chosen)
            plot.stretch_chosen.connect(self._stretch_dragged)
            plot.hovered.connect(self._hovered)
        self.probability.threshold_moved.connect(self._threshold_moved)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        theme.space(column, (0, 4, 4, 4), 0)
        line = QHBoxLayout()
        theme.space(line, (0, 0, 8, 0), 4)
        line.addWidget(self._values, 1)
        line.addWidget(self._why)
        # The button comes and goes from row to row; without its place the plots below would move while it plays.
        place = self._why.sizePolicy()
        place.setRetainSizeWhenHidden(True)
        self._why.setSizePolicy(place)
        column.addLayout(line)
        column.addWidget(self.probability, 5)
        column.addWidget(self.action_plot, 6)
        self._values.setIndent(theme.px(52))
        theme.bound(self.probability, least_height=64)
        theme.bound(self.action_plot, least_height=96)

    # ── content ──────────────────────────────────────────────────────────────────────────────────────────────────

    def show_recording(
        self, recording: RecordedEpisode | None, action_labels: tuple[str, ...] = (), *, discrete: bool = False
    ) -> None:
        """Show another recording, None: nothing; ``discrete``: each step executes one of the named actions."""
        self._recording = recording
        self._choices = ()
        self._row = 0
        self._set_stretch(None)
        if recording is not None:
            width = recording.episode.action.shape[1]
            # A recording of an older version of the scene may have another number of entries.
            names = action_labels if len(action_labels) == width else tuple(f"a{index + 1}" for index in range(width))
            self.action_plot.set_actions(names, discrete=discrete)
            self._choices = names if discrete else ()
        for plot in self._plots:
            plot.show_recording(recording)
        self._find_events()
        self.show_row(0)

    def show_row(self, row: int) -> None:
        """Mark the row that the viewer shows."""
        if self._recording is None:
            self._values.set_full_text(" ")
            return
        row = self._row = min(row, len(self._recording) - 1)  # on a longer simulated path, stay at the end
        time = self._recording.time(row)
        for plot in self._plots:
            plot.show_time(time)
        self.probability.keep_in_sight(time)  # the other plot follows: their time axes are linked
        self._values.set_full_text(self._text_of(self._recording, row))
        self._show_why(self._recording, row)

    def _show_why(self, recording: RecordedEpisode, row: int) -> None:
        """Offer the reasons of the row, and the moments that it is like."""
        self._why.forget()
        self._why.show_reasons(recording.episode.reasons[row], recording.rate_hz)

    def _text_of(self, recording: RecordedEpisode, row: int) -> str:
        return values_text(recording, row, self.probability.prediction, self._choices)

    def show_prediction(self, prediction: Prediction | None) -> None:
        """Draw a prediction beside p as it was shown; None: remove it."""
        self.probability.show_prediction(prediction)
        self.show_row(self._row)

    def set_threshold(self, threshold: float) -> None:
        """Count misses and false alarms at ``threshold``, without a signal."""
        self.probability.set_threshold(threshold)
        self._find_events()

    @property
    def threshold(self) -> float:
        """P at which an alarm is raised."""
        return self.probability.threshold

    @property
    def events(self) -> tuple[TimelineEvent, ...]:
        """Everything that can be jumped to: first the events without a threshold, then the alarms."""
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
        """First and last row of the chosen stretch; None: no stretch."""
        return self._stretch

    def begin_stretch(self) -> None:
        """Start the stretch at the row that the viewer shows."""
        # A begin after the end moves the end along, so that a stretch is never empty.
        last = self._stretch[1] if self._stretch else self._row
        self._set_stretch((self._row, max(self._row, last)))

    def end_stretch(self) -> None:
        """End the stretch at the row that the viewer shows."""
        first = self._stretch[0] if self._stretch else self._row
        self._set_stretch((min(first, self._row), self._row))

    def clear_stretch(self) -> None:
        """Remove the stretch."""
        self._set_stretch(None)

    def zoom_in(self) -> None:
        """Zoom in around the row that the viewer shows."""
        self.probability.zoom(2)

    def zoom_out(self) -> None:
        """Zoom out around the row that the viewer shows."""
        self.probability.zoom(-2)

    def show_all(self) -> None:
        """Zoom out to the whole recording."""
        self.probability.show_all()

    def _set_stretch(self, stretch: tuple[int, int] | None) -> None:
        self._stretch = stretch
        recording = self._recording
        shown = None
        if stretch is not None and recording is not None:
            # A step lasts until the next one begins, so the last row belongs to the stretch as a whole.
            shown = recording.time(stretch[0]), recording.time(stretch[1] + 1)
        for plot in self._plots:
            plot.show_stretch(shown)
        self.stretch_changed.emit()

    # ── mouse ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _time_chosen(self, time: float) -> None:
        if self._recording is not None:
            self.row_chosen.emit(self._recording.row_at(time))

    def _stretch_dragged(self, start: float, end: float) -> None:
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
        """Return the drawn values, one row for each step."""
        recording = self._recording
        if recording is None:
            return Table(("row",), ())
        return step_table(
            recording, self.probability.prediction, self.action_plot.action_names, discrete=bool(self._choices)
        )
