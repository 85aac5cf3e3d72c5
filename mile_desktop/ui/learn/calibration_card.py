"""The part of the Learn panel about cost and scale: a button, its progress, the proposed numbers, and undo."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from mile_desktop.ui.learn.calibration_model import CalibrationResult
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.background_job import BackgroundJob, plain_label

_TIP = (
    "Fit the cost of stepping in and the decision noise to your recorded interventions; the networks stay as they are. "
    "Each training does this itself"
)
_UNDO = "Go back to the intervention model of before"
_NOTHING_YET = "Take over at least once: calibration learns from interventions."


class CalibrationPart(BackgroundJob):
    """Fed by ``show_…``; reports what the person asks for. Window's thread only."""

    use_requested = Signal(str)
    """Carries the id of the proposed model, which is not in force before that."""
    keep_requested = Signal()
    """The proposal is thrown away; the numbers in use stay."""
    undo_requested = Signal()
    """About the calibration in use, whenever it was made."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Calibrate", "mdi6.tune-vertical", "Calibration progress", parent)
        self._takeovers = 0
        self._in_use = ""
        self._proposed = ""
        self.back = QPushButton("Undo the calibration")
        theme.set_icon(self.back, "mdi6.undo")
        self.back.setToolTip(_UNDO)
        self.card = CalibrationCard()
        self.add_below(self.card, before_note=True)
        self.add_below(self.back)
        self.back.clicked.connect(self.undo_requested)
        self.card.use.connect(self._use)
        self.card.keep.connect(self._keep)
        self.show_nothing()

    @property
    def can_calibrate(self) -> bool:
        """Whether there are decisions to fit to, and no fit is running."""
        return self._takeovers > 0 and not self.running

    def show_takeovers(self, takeovers: int) -> None:
        """Set the number of recorded takeovers."""
        self._takeovers = takeovers
        self._refresh()

    def show_in_use(self, text: str) -> None:
        """Show which calibration is in use and can be undone; empty: none."""
        # Only the note about the calibration in use is replaced; a result or an error stays until it is read.
        if self.note.text() == self._in_use:
            self.show_note("")
        self._in_use = text
        self._refresh()

    def show_progress(self, share: float, text: str) -> None:
        """Show that a calibration is running."""
        super().show_progress(share, text)
        self.card.hide()
        self._refresh()

    def show_result(self, result: CalibrationResult) -> None:
        """Show a proposal and ask whether to use it."""
        self._proposed = result.model
        self.card.show_result(result)
        self.show_idle("Not in force yet.")
        self.card.show()
        self._refresh()

    def show_accepted(self) -> None:
        """Show that the proposal is in force."""
        self._proposed = ""
        self._end("The new calibration is used from the next episode on.")

    def show_failure(self, text: str) -> None:
        """Show why there is no calibration."""
        self.show_idle(text, failed=True)
        self._refresh()

    def show_undone(self) -> None:
        """Show that the previous numbers are used again."""
        self._end("Undone: the previous calibration is used from the next episode on.")

    def show_nothing(self) -> None:
        """Show the button alone."""
        self._end("")

    def _end(self, note: str) -> None:
        self.card.hide()
        self.show_idle(note)
        self._refresh()

    def _use(self) -> None:
        self.card.hide()
        self.use_requested.emit(self._proposed)

    def _keep(self) -> None:
        self._proposed = ""
        self._end("Kept: the numbers in use stay as they were.")
        self.keep_requested.emit()

    def _refresh(self) -> None:
        self.offer(self.can_calibrate, _TIP if self._takeovers else _NOTHING_YET)
        # While a proposal waits for a decision, Undo would be a third answer to a question with two.
        may_undo = bool(self._in_use) and not self.running and self.card.isHidden()
        self.back.setVisible(may_undo)
        if may_undo and not self.note.text():
            self.show_note(self._in_use)


class CalibrationCard(QFrame):
    """Cost, scale, rates, likelihood and ranking before and now; asks whether to use the new ones."""

    use = Signal()
    keep = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "raised")
        self._grid = QGridLayout()
        self._cells: list[tuple[QLabel, QLabel, QLabel]] = []
        self._verdict = plain_label("secondary")
        self._use = QPushButton("Use")
        self._keep = QPushButton("Keep")
        self._lay_out()
        self._use.clicked.connect(self.use)
        self._keep.clicked.connect(self.keep)

    def _lay_out(self) -> None:
        title = plain_label("heading")
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
            cells = (plain_label("secondary"), _figure("secondary"), _figure("body"))
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


def _figure(role: str) -> QLabel:
    label = QLabel()
    theme.set_role(label, role)
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label
