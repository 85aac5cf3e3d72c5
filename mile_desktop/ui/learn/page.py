"""The Learn panel: the data, the Retrain button, the run and its result."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.learning.method_info import METHODS
from mile_desktop.learning.progress import AnyRunEvent
from mile_desktop.ui.learn.advanced import AdvancedSettings
from mile_desktop.ui.learn.data_part import DataPart
from mile_desktop.ui.learn.explanation_part import ExplanationPart
from mile_desktop.ui.learn.model import LearnSummary, RetrainRequest, RunModel, RunState, Side
from mile_desktop.ui.learn.result_card import ResultCard
from mile_desktop.ui.plots.loss_curves import LossCurves
from mile_desktop.ui.plots.series_model import SUCCESS
from mile_desktop.ui.theme import theme

_CURVE_HEIGHT = 120
_LAID_OUT_MS = 50
_NOTES: dict[RunState, tuple[str, str]] = {
    RunState.CANCELLED: ("Cancelled; nothing has changed.", "quiet"),
    RunState.FAILED: ("", "error"),
    RunState.READY: ("", "quiet"),
}


class LearnPanel(QScrollArea):
    """Fed by ``show_summary``, ``show_running`` and ``on_event``; emits a person's requests. Window's thread only."""

    retrain_requested = Signal(object)
    """Carries a ``RetrainRequest``."""
    cancel_requested = Signal()
    use_requested = Signal(str)
    """Carries the id of the new policy."""
    keep_requested = Signal()
    evaluate_more_requested = Signal()
    go_back_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = RunModel()
        self._summary: LearnSummary | None = None
        self._names: dict[str, str] = {}
        self._note_text = ""
        self._wants_more = False
        """The run that starts next is a larger comparison of the last one's result."""
        self._scene = self._run_scene = ""
        self._lines = [_label("body") for _ in range(4)]
        self._warnings = _label("warning")
        self.data = DataPart()
        self._method = QComboBox()
        self._method_text = _label("secondary")
        self._fold = _fold_button()
        self.advanced = AdvancedSettings()
        self._retrain = QPushButton("Retrain")
        self._bar = QProgressBar()
        self._progress_text = _label("body")
        self._stage_text = _label("secondary")
        self._losses = LossCurves(_CURVE_HEIGHT)
        self._cancel = QPushButton("Cancel")
        self._run_warnings = _label("warning")
        self.card = ResultCard()
        self.explanation = ExplanationPart()
        self._note = _label("quiet")
        self._back = QPushButton("Go back")
        self._running_part = QWidget()
        self._set_up()
        self._build_layout()
        self._connect()
        self._refresh()

    def _set_up(self) -> None:
        self.setAccessibleName("Learn")
        self.setWidgetResizable(True)
        # By Tab only: a click between two fields must not draw the focus ring around the whole panel.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        theme.bound(self, least_width=288)
        for method in METHODS:
            self._method.addItem(method.title, method.name)
        self._method.setAccessibleName("Learning method")
        # Finer than per cent, so that the bar also moves during a long training.
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Training progress")
        theme.set_role(self._retrain, "primary")
        theme.set_icon(self._retrain, "mdi6.school-outline", "on_accent")
        self._retrain.setToolTip("Train in the background; the running episode continues")
        theme.set_icon(self._cancel, "mdi6.close")
        self._cancel.setToolTip("Stop the training and delete what it made")
        theme.set_icon(self._back, "mdi6.undo")

    def _build_layout(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        theme.space(column, (16, 12, 16, 16), 8)
        facts = QVBoxLayout()
        theme.space(facts, (0, 0, 0, 0), 2)
        for line in self._lines:
            facts.addWidget(line)
        column.addLayout(facts)
        running = QVBoxLayout(self._running_part)
        theme.space(running, (0, 8, 0, 0), 8)
        # Cancel stands above everything that wraps or appears during a run: it must not move away under the mouse.
        for widget in (self._bar, self._cancel, self._progress_text, self._stage_text, self._losses):
            running.addWidget(widget)
        parts = (
            *(self._warnings, self.data, self._method, self._method_text, self._fold, self.advanced, self._retrain),
            *(self._running_part, self._run_warnings, self.card, self.explanation, self._note, self._back),
        )
        for part in parts:
            column.addWidget(part)
        # Filled by the composition root: a calibration is a part of this panel, but this module need not know its
        # controller.
        self._further = QVBoxLayout()
        column.addLayout(self._further)
        column.addStretch(1)
        self.setWidget(inside)

    def _connect(self) -> None:
        self._method.currentIndexChanged.connect(self._method_changed)
        self._fold.toggled.connect(self._unfold)
        self._retrain.clicked.connect(self._ask_to_retrain)
        self._cancel.clicked.connect(self._ask_to_cancel)
        self.card.use.connect(self._use)
        self.card.keep.connect(self._keep)
        self.card.evaluate_more.connect(self._evaluate_more)
        self._back.clicked.connect(self._go_back)
        self._unfold(False)
        self._method_changed()

    def add_part(self, part: QWidget) -> None:
        """Add a part below the panel's own."""
        self._further.addWidget(part)

    # ── input ────────────────────────────────────────────────────────────────────────────────────────────

    def show_summary(self, summary: LearnSummary | None) -> None:
        """Show the data to learn from; None while it is unknown."""
        self._summary = summary
        self._refresh()

    def show_scene(self, scene: str) -> None:
        """Show the run of ``scene`` only: a result of another scene must not be decided here.

        It is shown again when its scene is loaded. A training that still runs is shown in every scene, with its Cancel.
        """
        self._scene = scene
        self._refresh()

    def set_run_scene(self, scene: str) -> None:
        """Set the scene of the run that is shown, where it was not started in this window."""
        self._run_scene = scene
        self._refresh()

    def set_policy_names(self, names: Mapping[str, str]) -> None:
        """Set the short names of policies by their ids."""
        self._names = dict(names)
        self._refresh()

    def show_running(self, running: bool) -> None:
        """Show that a trainer has started or ended."""
        if running and not self._run.running:
            # Nothing of the last run may be mixed into this one; a larger comparison goes on with its result.
            self._run = self._run.with_more() if self._wants_more else RunModel(state=RunState.RUNNING)
            self._wants_more = False
            self._run_scene = self._scene
            self._note_text = ""
        elif not running and self._run.running:
            # It ended without saying how; with a last event the state would already be another one.
            self._run.state = RunState.READY
        self._refresh()

    def on_event(self, event: AnyRunEvent) -> None:
        """Handle an event of the trainer."""
        self._run.apply(event)
        self._refresh()

    @property
    def state(self) -> RunState:
        """What is shown; a run of another scene is shown only while it runs."""
        return self._run.state if self._run.running or self._run_scene == self._scene else RunState.READY

    @property
    def can_retrain(self) -> bool:
        """Whether Retrain can be pressed: there is data and no run."""
        return not self._run.running and self._summary is not None and self._summary.can_train

    @property
    def request(self) -> RetrainRequest:
        """What Retrain would ask for."""
        asked = self.advanced.request(str(self._method.currentData()))
        return replace(
            asked,
            settings=replace(asked.settings, left_out=self.data.left_out),
            generated=self.data.learns_generated,
            shifted=self.data.learns_shifted,
            operator_names=self.data.operators.names,
        )

    @property
    def trained_policy(self) -> str:
        """Id of the policy that the latest run made; empty where there is none."""
        return self._run.trained.policy if self._run.trained is not None else ""

    def show_request(self, request: RetrainRequest) -> None:
        """Show ``request`` as what Retrain would ask for."""
        self._method.setCurrentIndex(max(0, self._method.findData(request.settings.method)))
        self.advanced.show_request(request)
        self.data.show_left_out(request.settings.left_out)

    # ── requests ────────────────────────────────────────────────────────────────────────────────────────────

    def _ask_to_retrain(self) -> None:
        self.retrain_requested.emit(self.request)

    def _ask_to_cancel(self) -> None:
        self._run.state = RunState.CANCELLING
        self._refresh()
        self.cancel_requested.emit()

    def _use(self) -> None:
        if self._run.trained is None:
            return
        before, after = self._pair()
        # Shown at once; the policy itself changes with the next episode.
        self._run.state = RunState.USED
        self._note_text = f"{after} runs from the next episode."
        self._back.setText(f"Go back to {before}" if before else "Go back")
        self._refresh()
        self.use_requested.emit(self._run.trained.policy)

    def _keep(self) -> None:
        before, after = self._pair()
        self._run.state = RunState.READY
        self._note_text = f"{before or 'The old policy'} keeps driving; {after} stays under Policies."
        self._refresh()
        self.keep_requested.emit()

    def _evaluate_more(self) -> None:
        self._wants_more = True
        self.evaluate_more_requested.emit()

    def _go_back(self) -> None:
        before, _ = self._pair()
        self._run.state = RunState.READY
        self._note_text = f"{before or 'The old policy'} runs from the next episode."
        self._refresh()
        self.go_back_requested.emit()

    # ── display ────────────────────────────────────────────────────────────────────────────────────────────

    def _refresh(self) -> None:
        state = self.state
        running = self._run.running
        self._show_facts()
        for widget in (self.data, self._method, self._method_text, self._fold, self._retrain):
            widget.setVisible(not running)
        self.advanced.setVisible(not running and self._fold.isChecked())
        self._retrain.setEnabled(self._summary is not None and self._summary.can_train)
        self._running_part.setVisible(running)
        self._show_run()
        appears = self.card.isHidden() and state is RunState.DONE
        self.card.setVisible(state is RunState.DONE)
        if appears:
            # Later: the panel is laid out with the card by then. On a small screen its buttons are below the edge.
            QTimer.singleShot(_LAID_OUT_MS, self, self._scroll_to_card)
        self.explanation.setVisible(self._has_lost)
        self._back.setVisible(state is RunState.USED)
        # One primary button at a time: a result waits for a decision before the next run.
        theme.set_role(self._retrain, "plain" if state is RunState.DONE else "primary")
        theme.set_icon(self._retrain, "mdi6.school-outline", "text" if state is RunState.DONE else "on_accent")
        if state is RunState.DONE:
            simulated = self._summary is None or self._summary.simulated
            self.card.show_result(*self._pair(), self._run.compared, simulated=simulated)
        self._show_note()

    def _scroll_to_card(self) -> None:
        self.ensureWidgetVisible(self.card.more_button, 0, theme.px(24))

    @property
    def _has_lost(self) -> bool:
        """Whether a result waits for a decision and its comparison showed a loss."""
        compared = self._run.compared
        return self.state is RunState.DONE and compared is not None and compared.suggestion == "keep"

    def _show_facts(self) -> None:
        known = self._summary
        empty = known is None or not known.episodes
        hint = "Press Start and take over when the robot makes a mistake."
        lines: tuple[str, ...] = ("Nothing to learn from yet.", hint, "", "")
        if known is None:
            lines = ("Nothing is loaded yet.", "", "", "")  # not "nothing to learn from": there may be a lot
        if known is not None and not empty:
            lines = known.lines()
        for label, text in zip(self._lines, lines, strict=True):
            label.setText(text)
            label.setVisible(bool(text))
        # They are advice before a training. During one they are no help, and its result repeats what still matters.
        before = not self._run.running and self.state is not RunState.DONE
        warnings = known.warnings() if known is not None and not empty and before else ()
        self._warnings.setText("\n".join(f"! {text}" for text in warnings))
        self._warnings.setVisible(bool(warnings))

    def _show_run(self) -> None:
        run = self._run
        # A bar paints at once when its value changes, and with it everything in the window that waits to be painted.
        self._bar.setUpdatesEnabled(False)
        self._bar.setValue(round(1000 * run.fraction))
        self._bar.setUpdatesEnabled(True)
        self._progress_text.setText(run.progress_text())
        self._stage_text.setText(run.text)
        self._stage_text.setVisible(bool(run.text))
        self._cancel.setEnabled(run.state is RunState.RUNNING)
        self._cancel.setText("Cancelling …" if run.state is RunState.CANCELLING else "Cancel")
        self._losses.setVisible(bool(run.curves or run.success))
        if run.running and (run.curves or run.success):
            before, after = self._pair()
            names: dict[Side, str] = {"before": before or "before", "after": after}
            success = [(names[side], {SUCCESS: curve}) for side, curve in run.success.items()]
            self._losses.show_curves([("now", run.curves), *success])
        shown = run.warnings if run.running or self.state is RunState.DONE else []
        self._run_warnings.setText("\n".join(f"! {text}" for text in shown))
        self._run_warnings.setVisible(bool(shown))

    def _show_note(self) -> None:
        text, role = _NOTES.get(self.state, ("", "quiet"))
        if self.state is RunState.FAILED:
            text = f"✕ {self._run.failure}"
        elif not text and self._run_scene == self._scene and self.state in {RunState.READY, RunState.USED}:
            text = self._note_text
        theme.set_role(self._note, role)
        self._note.setText(text)
        self._note.setVisible(bool(text))

    def _pair(self) -> tuple[str, str]:
        """Return the names of the policies before and after."""
        # The names come from the comparison where there is one: meanwhile another policy may drive.
        compared, trained = self._run.compared, self._run.trained
        running = self._summary.policy_name if self._summary is not None else ""
        before = self._names.get(compared.before_policy, running or compared.before_policy) if compared else running
        after = self._names.get(trained.policy, trained.policy) if trained else "the new policy"
        return before, after

    def _method_changed(self) -> None:
        method = METHODS[max(0, self._method.currentIndex())]
        self._method_text.setText(method.summary)
        self.advanced.show_method(method)

    def _unfold(self, unfolded: bool) -> None:
        theme.set_icon(self._fold, "mdi6.chevron-down" if unfolded else "mdi6.chevron-right")
        self.advanced.setVisible(unfolded and not self._run.running)


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    theme.set_role(label, role)
    return label


def _fold_button() -> QToolButton:
    button = QToolButton()
    button.setText("Advanced")
    button.setCheckable(True)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setToolTip("Mental model, epochs, batch and other settings")
    return button
