"""Choices above the timeline: which model predicts p of the recorded steps again, and how."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from mile_desktop.ui.inspect.model import Option, PredictionRequest
from mile_desktop.ui.theme import theme

_SOURCES = (
    ("ensemble", "ensemble", "The average over the ensemble, with its band"),
    ("published", "published", "The published model: one member"),
    ("temporal", "evidence over time", "The temporal model, if this model has one"),
)
"""Id of ``intervention.live_estimator.Source``, title, tooltip."""


class PredictionBar(QWidget):
    """Three drop-down lists in a row; the first one can also be set to no prediction."""

    request_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._source, self._policy = QComboBox(), QComboBox(), QComboBox()
        self._message = QLabel()
        theme.set_role(self._message, "secondary")
        # A long sentence is cut off instead of widening the page; the tooltip has all of it.
        self._message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for box, name, tip in (
            (
                self._model,
                "Predicted by",
                "Draw p as a model or calibration predicts it now, beside p as it was shown",
            ),
            (self._source, "Computed by", "Ensemble, published model or evidence over time"),
            (
                self._policy,
                "Expected robot",
                "The policy whose action the person expected: the recorded one, or another",
            ),
        ):
            box.setAccessibleName(name)
            box.setToolTip(tip)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(12)
            box.currentIndexChanged.connect(self._changed)
        self._model.addItem("p as shown only", None)
        for source, title, tip in _SOURCES:
            self._source.addItem(title, source)
            self._source.setItemData(self._source.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self._policy.addItem("robot as recorded", "")
        row = QHBoxLayout(self)
        theme.space(row, (0, 0, 0, 0), 6)
        for widget in (self._model, self._source, self._policy):
            row.addWidget(widget)
        row.addWidget(self._message, 1)
        self._refresh()

    @property
    def request(self) -> PredictionRequest | None:
        """What is to be computed; None: nothing."""
        model = self._model.currentData()
        if model is None:
            return None
        parts = [self._model.currentText(), self._source.currentText() if self._source.currentIndex() else ""]
        if self._policy.currentIndex() > 0:
            parts.append(f"of {self._policy.currentText()}")
        title = "by " + ", ".join(part for part in parts if part)
        return PredictionRequest(model, self._source.currentData(), self._policy.currentData() or "", title)

    def offer(self, models: Sequence[Option], policies: Sequence[Option]) -> None:
        """Fill the lists; what was chosen stays chosen if it is still there."""
        for box, fixed, options in ((self._model, 1, models), (self._policy, 1, policies)):
            chosen = box.currentData()
            with QSignalBlocker(box):  # each removed entry would otherwise request a prediction
                while box.count() > fixed:
                    box.removeItem(fixed)
                for option in options:
                    box.addItem(option.title, option.reference)
                    box.setItemData(box.count() - 1, option.tip, Qt.ItemDataRole.ToolTipRole)
                index = box.findData(chosen) if chosen is not None else 0
                box.setCurrentIndex(max(index, 0))
        self._refresh()

    def show_message(self, text: str) -> None:
        """Show a sentence about the prediction beside the lists."""
        self._message.setText(text)
        self._message.setToolTip(text)

    def _changed(self) -> None:
        self._refresh()
        self.request_changed.emit()

    def _refresh(self) -> None:
        # They mean nothing without a model.
        for box in (self._source, self._policy):
            box.setVisible(self._model.currentData() is not None)
        if self._model.currentData() is None:
            self.show_message("")
