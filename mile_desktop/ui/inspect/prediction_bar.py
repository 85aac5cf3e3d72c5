"""Who is to say p of the episode now: model, how it computes, and what was expected of the robot."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from mile_desktop.ui.theme import theme

_SOURCES = (
    ("ensemble", "ensemble", "The average over the ensemble, with its band"),
    ("published", "published", "The published model: one member"),
    ("temporal", "evidence over time", "The temporal model, where one was fitted"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose, by id."""

    reference: str
    title: str
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What p is asked of."""

    model: str
    """Empty: the model in use; see ``inspection.messages.Appraise``."""
    source: str
    policy: str
    title: str


class AppraisalBar(QWidget):
    """Three choices in a row; the first one also says that nothing is asked."""

    asked_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._source, self._policy = QComboBox(), QComboBox(), QComboBox()
        self._said = QLabel()
        theme.set_role(self._said, "secondary")
        self._said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for box, name, tip in (
            (
                self._model,
                "Seen now by",
                "Draw p as a model or calibration sees it now, beside what was shown",
            ),
            (self._source, "Computed by", "Ensemble, published model or evidence over time"),
            (
                self._policy,
                "Expected robot",
                "What the person expected of: the policy that drove, or another",
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
            self._source.setItemData(self._source.count() - 1, tip, 3)
        self._policy.addItem("robot as recorded", "")
        row = QHBoxLayout(self)
        theme.space(row, (0, 0, 0, 0), 6)
        for widget in (self._model, self._source, self._policy):
            row.addWidget(widget)
        row.addWidget(self._said, 1)
        self._refresh()

    @property
    def asked(self) -> Asked | None:
        """What is to be computed; None: nothing."""
        model = self._model.currentData()
        if model is None:
            return None
        words = [self._model.currentText(), self._source.currentText() if self._source.currentIndex() else ""]
        if self._policy.currentIndex() > 0:
            words.append(f"of {self._policy.currentText()}")
        title = "by " + ", ".join(word for word in words if word)
        return Asked(model, self._source.currentData(), self._policy.currentData() or "", title)

    def offer(self, models: Sequence[Choice], policies: Sequence[Choice]) -> None:
        """Offer these; what was chosen stays chosen if it is among them."""
        for box, fixed, choices in ((self._model, 1, models), (self._policy, 1, policies)):
            chosen = box.currentData()
            with QSignalBlocker(box):
                while box.count() > fixed:
                    box.removeItem(fixed)
                for choice in choices:
                    box.addItem(choice.title, choice.reference)
                    box.setItemData(box.count() - 1, choice.tip, 3)
                place = box.findData(chosen) if chosen is not None else 0
                box.setCurrentIndex(max(place, 0))
        self._refresh()

    def say(self, text: str) -> None:
        """Say what came of it, beside the choices."""
        self._said.setText(text)
        self._said.setToolTip(text)

    def _changed(self) -> None:
        self._refresh()
        self.asked_changed.emit()

    def _refresh(self) -> None:
        for box in (self._source, self._policy):
            box.setVisible(self._model.currentData() is not None)
        if self._model.currentData() is None:
            self.say("")
