"""The Scorecard tab: how well each predictor would have announced the takeovers of the selected episodes."""

import math
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QStackedLayout,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.evaluation.scorecard import Scorecard
from mile_desktop.ui.inspect.scorecard.bar import ScorecardBar
from mile_desktop.ui.inspect.scorecard.model import ScorecardModel, StepRange
from mile_desktop.ui.inspect.scorecard.table_columns import (
    EPISODES,
    EPISODES_LEAVE_OUT,
    PREDICTORS,
    PREDICTORS_LEAVE_OUT,
    REASONS,
    REASONS_LEAVE_OUT,
    STEP_RANGES,
    STEPS_LEAVE_OUT,
    PredictorLine,
)
from mile_desktop.ui.inspect.scorecard.threshold_plot import ThresholdPlot
from mile_desktop.ui.plots.plot_export import PlotExport
from mile_desktop.ui.plots.series_model import Axis
from mile_desktop.ui.plots.series_plot import SeriesPlot
from mile_desktop.ui.plots.table import Table
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.splitter import Splitter
from mile_desktop.ui.widgets.tables import RowsModel, RowsTable

_EMPTY = (
    "Score shows the predictive quality of each predictor on held-out episodes. "
    "Select several episodes above to score only those."
)
_RATE = (0.0, 1.0)
_LEAST_LAST = 92
"""Width of the last column of a table below which a less important one is left out, px at 100 %."""


class ScorecardPanel(QWidget):
    """Shows a ``Scorecard``; window's thread only.

    The predictions come from another process. The panel computes only the scores at the chosen threshold, and the steps
    at a clicked point.
    """

    score_requested = Signal(str, tuple)
    """Scene, and ids of the episodes to score; empty: all of the scene."""
    cancel_requested = Signal()
    step_chosen = Signal(str, int)
    """Episode and row of a chosen step."""
    threshold_changed = Signal(float)
    """The person has moved the threshold."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = ""
        self._episodes: tuple[str, ...] = ()
        self._model: ScorecardModel | None = None
        self._name = ""
        self._threshold = 0.5
        self.bar = ScorecardBar()
        self._notes = _text_label("secondary")
        self._score_text = _text_label("body")
        self._empty = _text_label("quiet")
        self.roc = ThresholdPlot(
            "ROC", Axis("false positive rate", range=_RATE), Axis("true positive rate", range=_RATE)
        )
        self.precision = ThresholdPlot(
            "Precision and recall", Axis("recall", range=_RATE), Axis("precision", range=_RATE)
        )
        self.reliability = SeriesPlot("Reliability", Axis("predicted", range=_RATE), Axis("observed", range=_RATE))
        self.leads = SeriesPlot("Lead time", Axis("announced before", "s"), Axis("takeovers", counts=True))
        self.early = SeriesPlot("How early", Axis("before the takeover", "s"), Axis("balanced accuracy", range=_RATE))
        # The table of predictors is the legend, in the colours of the curves.
        self.early.names_series = False
        self._predictors = RowsModel(PREDICTORS, lambda each: each.predictor.name, self)
        self._scores = RowsModel(EPISODES, lambda each: each.episode_id, self)
        self._reasons = RowsModel(REASONS, lambda each: each.kind, self)
        self._step_ranges = RowsModel(STEP_RANGES, lambda each: (each.episode_id, each.row, each.text), self)
        self.predictors = RowsTable(self._predictors, "Predictors")
        self.episodes = RowsTable(self._scores, "Episodes of the scorecard")
        self.reasons = RowsTable(self._reasons, "Reasons of the calls")
        self.steps = RowsTable(self._step_ranges, "Steps at the chosen point")
        for table, dispensable in (
            (self.predictors, PREDICTORS_LEAVE_OUT),
            (self.episodes, EPISODES_LEAVE_OUT),
            (self.reasons, REASONS_LEAVE_OUT),
            (self.steps, STEPS_LEAVE_OUT),
        ):
            table.may_leave_out(dispensable, _LEAST_LAST)
        self.lists = QTabWidget()
        self._card = QWidget()
        self._stack = QStackedLayout()
        self.export = PlotExport(self._card, "Scorecard", self.numbers)
        self._lay_out()
        self._connect()
        self.show_selection("", ())

    def _lay_out(self) -> None:
        plots = QWidget()
        grid = QGridLayout(plots)
        theme.space(grid, (0, 0, 0, 0), 4)
        for number, plot in enumerate((self.roc, self.precision, self.early, self.reliability, self.leads)):
            theme.bound(plot, least_width=150, least_height=120)
            # five plots in two rows of three: the last one is twice as wide
            grid.addWidget(plot, number // 3, number % 3, 1, 2 if plot is self.leads else 1)
        for table, title in (
            (self.predictors, "Predictors"),
            (self.episodes, "Episodes"),
            (self.reasons, "Reasons"),
            (self.steps, "Steps at this point"),
        ):
            self.lists.addTab(table, title)
        self.lists.setDocumentMode(True)
        halves = Splitter(Qt.Orientation.Horizontal)
        halves.addWidget(plots)
        halves.addWidget(self.lists)
        halves.setSizes([theme.px(560), theme.px(520)])
        inside = QVBoxLayout(self._card)
        theme.space(inside, (0, 0, 0, 0), 4)
        inside.addWidget(self._notes)
        inside.addWidget(self._score_text)
        inside.addWidget(halves, 1)
        empty = QWidget()
        middle = QVBoxLayout(empty)
        theme.space(middle, (16, 16, 16, 16), 8)
        self._empty.setText(_EMPTY)
        middle.addWidget(self._empty)
        middle.addStretch(1)
        self._stack.addWidget(empty)
        self._stack.addWidget(self._card)
        column = QVBoxLayout(self)
        theme.space(column, (8, 8, 8, 4), 6)
        column.addWidget(self.bar)
        column.addLayout(self._stack, 1)

    def _connect(self) -> None:
        self.bar.score_requested.connect(self.score)
        self.bar.cancel_requested.connect(self.cancel_requested)
        self.bar.save_requested.connect(self.export.show_save_dialog)
        self.bar.worst_requested.connect(self.show_worst_false_alarms)
        self.bar.threshold.valueChanged.connect(self._person_moved_threshold)
        for plot in (self.roc, self.precision):
            plot.threshold_dragged.connect(self._person_moved_threshold)
            plot.point_chosen.connect(self._curve_clicked)
        self.reliability.point_chosen.connect(self._reliability_clicked)
        self.leads.point_chosen.connect(self._lead_clicked)
        self.predictors.selectionModel().currentRowChanged.connect(self._predictor_chosen)
        self.episodes.activated.connect(self._episode_chosen)
        self.episodes.clicked.connect(self._episode_chosen)
        self.reasons.activated.connect(self._reason_chosen)
        self.reasons.clicked.connect(self._reason_chosen)
        self.steps.activated.connect(self._step_chosen)
        self.steps.clicked.connect(self._step_chosen)

    # ── shown by others ──────────────────────────────────────────────────────────────────────────────────────────

    def show_selection(self, scene: str, episode_ids: Sequence[str]) -> None:
        """Set the selected episodes; they are scored when the person presses Score.

        The table always has one selected episode, the shown one. So one episode means: all of the scene.
        """
        self._scene, self._episodes = scene, tuple(episode_ids)
        self.bar.show_selection(len(self._episodes))

    def show_progress(self, share: float, text: str) -> None:
        """Show the progress of scoring."""
        self.bar.show_progress(share, text)

    def show_failure(self, text: str) -> None:
        """Show why there are no scores."""
        self.bar.show_idle()
        self._empty.setText(text)
        theme.set_role(self._empty, "error")
        self._stack.setCurrentIndex(0)

    def show_idle(self) -> None:
        """Show that no scoring runs; the scores before it stay."""
        self.bar.show_idle()

    def show_card(self, card: Scorecard) -> None:
        """Show scores."""
        self.bar.show_idle()
        self.bar.show_card(True)
        self._model = model = ScorecardModel(card)
        # a new scorecard keeps the predictor that the person has chosen
        self._name = self._name if self._name in model.names else model.shown_first
        self.roc.show_series(model.roc())
        self.precision.show_series(model.precision_recall())
        self.early.show_series(model.early())
        count = len(card.episodes)
        basis = f"{count} held-out episode{'s' if count != 1 else ''}; the baselines learned from {card.learned_from}."
        fitted = (each.stall.text for each in card.predictors if each.stall is not None)
        self._notes.setText(" ".join((basis, *card.notes, *fitted)))
        # They belong to the scorecard before.
        self._step_ranges.show_rows(())
        self._stack.setCurrentIndex(1)
        # The table is filled here, so the row can only be chosen afterwards.
        self._show_threshold()
        self.predictors.choose(lambda line: line.predictor.name == self._name)

    def set_threshold(self, threshold: float) -> None:
        """Show the scores at another threshold, without a signal."""
        self._threshold = threshold
        self.bar.set_threshold(threshold)
        self._show_threshold()

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────

    def score(self) -> None:
        """Request the scores of the selected episodes."""
        if self.bar.can_score:
            self.score_requested.emit(self._scene, self._episodes if len(self._episodes) > 1 else ())

    def show_worst_false_alarms(self) -> None:
        """List the false alarms of the chosen predictor, the highest first, and show the first one."""
        if self._model is None:
            return
        found = self._model.worst_false_alarms(self._name, self._threshold)
        self._show_steps(found, "False alarms")
        if found:
            self.steps.selectRow(0)
            self.step_chosen.emit(found[0].episode_id, found[0].row)

    @property
    def threshold(self) -> float:
        """The threshold that is shown."""
        return self._threshold

    @property
    def shown(self) -> ScorecardModel | None:
        """The scorecard that is shown; None: none."""
        return self._model

    def numbers(self) -> Table:
        """Return every scored step with the predictions of every predictor."""
        return self._model.every_step() if self._model is not None else Table((), ())

    def _person_moved_threshold(self, threshold: float) -> None:
        self.set_threshold(threshold)
        self.threshold_changed.emit(threshold)

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _show_threshold(self) -> None:
        model = self._model
        if model is None:
            return
        predictor, score = model.predictor(self._name), model.at(self._name, self._threshold)
        varies = bool(predictor.roc)  # a constant has no curve
        self.roc.show_handle(predictor.roc, (score.false_positive_rate, score.true_positive_rate) if varies else None)
        known = varies and not math.isnan(score.precision)
        self.precision.show_handle(
            predictor.precision_recall, (score.true_positive_rate, score.precision) if known else None
        )
        self.reliability.show_series(model.reliability(self._name))
        self.leads.show_series(model.leads(self._name, self._threshold))
        meaning = f" · {predictor.curve.meaning(self._threshold)}" if predictor.curve is not None else ""
        self._score_text.setText(f"{self._name} at {self._threshold:.2f}: {score.summary()}{meaning}")
        self._predictors.show_rows(
            [PredictorLine(each, model.at(each.name, self._threshold)) for each in model.card.predictors]
        )
        self._scores.show_rows(model.episodes(self._name, self._threshold))
        self._reasons.show_rows(model.by_reason(self._name, self._threshold))

    def _show_steps(self, ranges: Sequence[StepRange], title: str) -> None:
        self._step_ranges.show_rows(ranges)
        self.lists.setTabText(self.lists.indexOf(self.steps), f"{title} ({len(ranges)})")
        self.lists.setCurrentWidget(self.steps)

    # ── clicks ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _predictor_chosen(self) -> None:
        line = self.predictors.current()
        if line is not None and line.predictor.name != self._name:
            self._name = line.predictor.name
            self._show_threshold()

    def _curve_clicked(self, series: int, index: int) -> None:
        model = self._model
        if model is None:
            return
        predictor = model.card.predictors[series]
        # both plots share this slot
        points = predictor.roc if self.sender() is self.roc else predictor.precision_recall
        self._name = predictor.name
        self.predictors.choose(lambda line: line.predictor.name == predictor.name)
        self._person_moved_threshold(points[index].threshold)
        self._show_steps(model.errors_at_threshold(self._name, self._threshold), "Wrong")

    def _reliability_clicked(self, series: int, index: int) -> None:
        if self._model is not None and series == 1:  # series 0 is the diagonal
            self._show_steps(self._model.steps_in_bin(self._name, index), "In this bin")

    def _lead_clicked(self, _series: int, index: int) -> None:
        if self._model is not None:
            self._show_steps(self._model.takeovers_in_bar(self._name, self._threshold, index), "Takeovers")

    def _episode_chosen(self) -> None:
        score = self.episodes.current()
        if self._model is not None and score is not None:
            rows = self._model.events_in_episode(self._name, self._threshold, score.episode_id)
            self._show_steps(rows, "In the episode")

    def _reason_chosen(self) -> None:
        count = self.reasons.current()
        if self._model is not None and count is not None:
            rows = self._model.calls_with_reason(self._name, self._threshold, count.kind)
            self._show_steps(rows, "Calls")

    def _step_chosen(self) -> None:
        each = self.steps.current()
        if each is not None:
            self.step_chosen.emit(each.episode_id, each.row)


def _text_label(role: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    theme.set_role(label, role)
    return label
