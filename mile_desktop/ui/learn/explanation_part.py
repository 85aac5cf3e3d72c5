"""The part of the Learn panel for a retraining that got worse: why, and one click to retrain without the cause."""

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from mile_desktop.learning.data_hygiene import TakeoverPlace
from mile_desktop.learning.step_problem import StepProblem
from mile_desktop.ui.theme import theme

_TIP = (
    "Trains again without one takeover at a time, and once with another seed, and compares them on the same starts. "
    "It takes some minutes in the background; supervision continues"
)


@dataclass(frozen=True, slots=True)
class Remedy:
    """The change to retrain with."""

    takeovers: tuple[TakeoverPlace, ...] = ()
    problems: tuple[StepProblem, ...] = ()
    seed: int | None = None


class ExplanationPart(QWidget):
    """Fed by ``show_…``; window's thread only."""

    explain_requested = Signal()
    cancel_requested = Signal()
    place_requested = Signal(str, int)
    """Carries an episode's id and a row of the takeover that is blamed."""
    retrain_requested = Signal(object)
    """Carries a ``Remedy``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._remedy: Remedy | None = None
        self._ask = QPushButton("Find out why")
        self._bar = QProgressBar()
        self._text = QLabel()
        self._cancel = QPushButton("Cancel")
        self._show = QPushButton("Show it in Inspect")
        self._retrain = QPushButton("Retrain without it")
        self._style()
        self._ask.clicked.connect(self.explain_requested)
        self._cancel.clicked.connect(self._ask_to_cancel)
        self._show.clicked.connect(self._show_place)
        self._retrain.clicked.connect(self._ask_to_retrain)
        self.clear()

    def _style(self) -> None:
        theme.set_icon(self._ask, "mdi6.magnify")
        theme.set_icon(self._cancel, "mdi6.close")
        theme.set_icon(self._retrain, "mdi6.school-outline")
        theme.set_role(self._text, "secondary")
        self._text.setWordWrap(True)
        self._ask.setToolTip(_TIP)
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the explanation")
        column = QVBoxLayout(self)
        theme.space(column, (0, 0, 0, 0), 8)
        for widget in (self._ask, self._bar, self._text, self._cancel, self._show, self._retrain):
            column.addWidget(widget)

    # ── input ────────────────────────────────────────────────────────────────────────────────────────────

    def clear(self) -> None:
        """Show the question alone."""
        self._remedy = None
        self._show_only(self._ask)

    def show_progress(self, fraction: float, text: str) -> None:
        """Show that the cause is being looked for."""
        self._bar.setValue(round(1000 * fraction))
        self._text.setText(text)
        self._cancel.setEnabled(True)
        self._show_only(self._bar, self._text, self._cancel)

    def show_explanation(self, text: str, remedy: Remedy | None) -> None:
        """Show what was found, and how to retrain; None where nothing helps."""
        self._remedy = remedy
        self._text.setText(text)
        shown: list[QWidget] = [self._text]
        if remedy is not None:
            self._retrain.setText("Retrain without it" if remedy.seed is None else "Retrain with another seed")
            shown += [self._show, self._retrain] if remedy.takeovers else [self._retrain]
        self._show_only(*shown)

    def show_failure(self, text: str) -> None:
        """Show why nothing was found; it can be tried again."""
        self._text.setText(f"✕ {text}")
        self._show_only(self._ask, self._text)

    def _show_only(self, *shown: QWidget) -> None:
        for widget in (self._ask, self._bar, self._text, self._cancel, self._show, self._retrain):
            widget.setVisible(widget in shown)

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────

    def _ask_to_cancel(self) -> None:
        self._cancel.setEnabled(False)
        self._text.setText("Cancelling …")
        self.cancel_requested.emit()

    def _show_place(self) -> None:
        if self._remedy is not None and self._remedy.takeovers:
            place = self._remedy.takeovers[0]
            self.place_requested.emit(place.episode_id, place.row)

    def _ask_to_retrain(self) -> None:
        if self._remedy is not None:
            self.retrain_requested.emit(self._remedy)
