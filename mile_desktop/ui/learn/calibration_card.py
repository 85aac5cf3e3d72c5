"""The part of the Learn panel about cost and scale: a button, its progress, the proposed numbers, and undo."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.ui.learn.calibration_model import CalibrationResult
from mile_desktop.ui.theme import theme

_TIP = (
    "Fit the cost of stepping in and the decision noise to your recorded interventions; the networks stay as they are. "
    "Each training does this itself"
)
_UNDO = "Go back to the intervention model of before"
_NOTHING_YET = "Take over at least once: calibration learns from interventions."


class CalibrationPart(QWidget):
    """Fed by ``show_…``; reports what the person asks for. Window's thread only."""

    calibrate_requested = Signal()
    cancel_requested = Signal()
    use_requested = Signal(str)
    """Carries the id of the proposed model, which is not in force before that."""
    keep_requested = Signal()
    """The proposal is thrown away; the numbers in use stay."""
    undo_requested = Signal()
    """About the calibration in use, whenever it was made."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._takeovers = 0
        self._running = False
        self._button = QPushButton("Calibrate")
        self._bar = QProgressBar()
        self._text = _label("secondary")
        self._cancel = QPushButton("Cancel")
        self._note = _label("quiet")
        self._in_use = ""
        self._proposed = ""
        self._back = QPushButton("Undo the calibration")
        self.card = CalibrationCard()
        self._style()
        self._button.clicked.connect(self.calibrate_requested)
        self._cancel.clicked.connect(self._ask_to_cancel)
        self._back.clicked.connect(self.undo_requested)
        self.card.use.connect(self._use)
        self.card.keep.connect(self._keep)
        self.show_nothing()

    def _style(self) -> None:
        theme.set_icon(self._button, "mdi6.tune-vertical")
        theme.set_icon(self._cancel, "mdi6.close")
        theme.set_icon(self._back, "mdi6.undo")
        self._back.setToolTip(_UNDO)
        # Finer than per cent, so that the bar also moves during a long fit.
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Calibration progress")
        column = QVBoxLayout(self)
        theme.space(column, (0, 8, 0, 0), 8)
        for widget in (self._button, self._bar, self._text, self._cancel, self.card, self._note, self._back):
            column.addWidget(widget)

    @property
    def can_calibrate(self) -> bool:
        """Whether there are decisions to fit to, and no fit is running."""
        return self._takeovers > 0 and not self._running

    def show_takeovers(self, takeovers: int) -> None:
        """Set the number of recorded takeovers."""
        self._takeovers = takeovers
        self._refresh()

    def show_in_use(self, text: str) -> None:
        """Show which calibration is in use and can be undone; empty: none."""
        # Only the note about the calibration in use is replaced; a result or an error stays until it is read.
        if self._note.text() == self._in_use:
            self._show_note("", "quiet")
        self._in_use = text
        self._refresh()

    def show_progress(self, fraction: float, text: str) -> None:
        """Show that a calibration is running."""
        self._running = True
        self._bar.setValue(round(1000 * fraction))
        self._text.setText(text)
        self._cancel.setEnabled(True)
        self.card.hide()
        self._show_note("", "quiet")
        self._refresh()

    def show_result(self, result: CalibrationResult) -> None:
        """Show a proposal and ask whether to use it."""
        self._running = False
        self._proposed = result.model
        self.card.show_result(result)
        self._show_note("Not in force yet.", "quiet")
        self.card.show()
        self._refresh()

    def show_accepted(self) -> None:
        """Show that the proposal is in force."""
        self._running = False
        self._proposed = ""
        self.card.hide()
        self._show_note("The new calibration is used from the next episode on.", "quiet")
        self._refresh()

    def show_failure(self, text: str) -> None:
        """Show why there is no calibration."""
        self._running = False
        self._show_note(f"✕ {text}", "error")
        self._refresh()

    def show_undone(self) -> None:
        """Show that the previous numbers are used again."""
        self.card.hide()
        self._show_note("Undone: the previous calibration is used from the next episode on.", "quiet")
        self._refresh()

    def show_nothing(self) -> None:
        """Show the button alone."""
        self._running = False
        self.card.hide()
        self._show_note("", "quiet")
        self._refresh()

    def _use(self) -> None:
        self.card.hide()
        self.use_requested.emit(self._proposed)

    def _keep(self) -> None:
        self._proposed = ""
        self.card.hide()
        self._show_note("Kept: the numbers in use stay as they were.", "quiet")
        self._refresh()
        self.keep_requested.emit()

    def _ask_to_cancel(self) -> None:
        # The process needs a moment to end; a second press would have no effect.
        self._cancel.setEnabled(False)
        self._text.setText("Cancelling …")
        self.cancel_requested.emit()

    def _show_note(self, text: str, role: str) -> None:
        theme.set_role(self._note, role)
        self._note.setText(text)
        self._note.setVisible(bool(text))

    def _refresh(self) -> None:
        self._button.setVisible(not self._running)
        self._button.setEnabled(self.can_calibrate)
        self._button.setToolTip(_TIP if self._takeovers else _NOTHING_YET)
        for widget in (self._bar, self._text, self._cancel):
            widget.setVisible(self._running)
        # While a proposal waits for a decision, Undo would be a third answer to a question with two.
        may_undo = bool(self._in_use) and not self._running and self.card.isHidden()
        self._back.setVisible(may_undo)
        if may_undo and not self._note.text():
            self._show_note(self._in_use, "quiet")


class CalibrationCard(QFrame):
    """Cost, scale, rates, likelihood and ranking before and now; asks whether to use the new ones."""

    use = Signal()
    keep = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "raised")
        self._grid = QGridLayout()
        self._cells: list[tuple[QLabel, QLabel, QLabel]] = []
        self._verdict = _label("secondary")
        self._use = QPushButton("Use")
        self._keep = QPushButton("Keep")
        self._lay_out()
        self._use.clicked.connect(self.use)
        self._keep.clicked.connect(self.keep)

    def _lay_out(self) -> None:
        title = _label("heading")
        title.setText("A new calibration")
        self._use.setToolTip("The new numbers are used from the next episode on")
        self._keep.setToolTip("The numbers in use stay; the new ones are thrown away")
        theme.space(self._grid, (0, 0, 0, 0), 4)
        self._grid.setColumnStretch(0, 1)
        for column, name in ((1, "before"), (2, "now")):
            head = _figure("secondary")
            head.setText(name)
            self._grid.addWidget(head, 0, column)
        buttons = QHBoxLayout()
        theme.space(buttons, (0, 0, 0, 0), 8)
        buttons.addWidget(self._use)
        buttons.addWidget(self._keep)
        column_box = QVBoxLayout(self)
        theme.space(column_box, (12, 12, 12, 12), 8)
        column_box.addWidget(title)
        column_box.addLayout(self._grid)
        column_box.addWidget(self._verdict)
        column_box.addLayout(buttons)

    def show_result(self, result: CalibrationResult) -> None:
        """Show the result of a calibration."""
        rows = result.rows()
        while len(self._cells) < len(rows):
            cells = (_label("secondary"), _figure("secondary"), _figure("body"))
            for column, cell in enumerate(cells):
                self._grid.addWidget(cell, len(self._cells) + 1, column)
            self._cells.append(cells)
        for cells, texts in zip(self._cells, rows, strict=True):
            for cell, text in zip(cells, texts, strict=True):
                cell.setText(text)
        self._verdict.setText(result.verdict())
        for button, icon, suggested in (
            (self._use, "mdi6.check", result.better),
            (self._keep, "mdi6.shield-outline", not result.better),
        ):
            theme.set_role(button, "primary" if suggested else "plain")
            theme.set_icon(button, icon, "on_accent" if suggested else "text")

    def texts(self) -> list[str]:
        """Return every figure shown, row by row."""
        return [cell.text() for cells in self._cells for cell in cells]


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    theme.set_role(label, role)
    return label


def _figure(role: str) -> QLabel:
    label = QLabel()
    theme.set_role(label, role)
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label
