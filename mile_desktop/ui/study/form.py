"""A questionnaire as a form: scales of the NASA-TLX, rating scales and free text."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QRadioButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.study.questionnaires import TLX_STEPS, Item, Questionnaire
from mile_desktop.ui.theme import theme

_TEXT_HEIGHT = 72
_ENDS_WIDTH = 120


class QuestionnaireForm(QFrame):
    """Shows the questions and collects the answers; nothing is preset, so that no answer is given by default."""

    changed = Signal()

    def __init__(self, asked: Questionnaire, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.asked = asked
        self._readers: dict[str, Callable[[], int | str | None]] = {}
        self._writers: dict[str, Callable[[int | str], None]] = {}
        column = QVBoxLayout(self)
        theme.space(column, (8, 8, 8, 8), 16)
        for item in asked.asked:
            column.addLayout(self._question(item))
        column.addStretch(1)

    @property
    def answers(self) -> dict[str, int | str | None]:
        """What is answered so far; None: not yet."""
        return {name: read() for name, read in self._readers.items()}

    def fill(self, answers: dict[str, int | str | None]) -> None:
        """Answer in place of a person."""
        for name, value in answers.items():
            if value is not None:
                self._writers[name](value)

    def _question(self, item: Item) -> QVBoxLayout:
        block = QVBoxLayout()
        theme.space(block, spacing=4)
        label = QLabel(item.text + ("" if item.required else "  (may be left empty)"))
        label.setWordWrap(True)
        block.addWidget(label)
        make = {"text": self._free_text, "scale": self._scale, "likert": self._rating}[item.kind]
        block.addWidget(make(item))
        return block

    def _free_text(self, item: Item) -> QWidget:
        field = QPlainTextEdit()
        field.setAccessibleName(item.text)
        field.setTabChangesFocus(True)
        field.setPlaceholderText("Please write no names.")
        theme.bound(field, height=_TEXT_HEIGHT)
        field.textChanged.connect(self.changed)
        self._readers[item.name] = lambda: field.toPlainText().strip() or None
        self._writers[item.name] = lambda value: field.setPlainText(str(value))
        return field

    def _scale(self, item: Item) -> QWidget:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setAccessibleName(item.text)
        slider.setRange(0, 100 // TLX_STEPS)
        slider.setPageStep(2)
        slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        slider.setTickInterval(1)
        slider.setValue(50 // TLX_STEPS)
        value = QLabel("–")
        theme.bound(value, width=32)
        touched: list[bool] = []

        def touch() -> None:
            # The slider has to stand somewhere; only a scale that was touched is an answer.
            touched.append(True)
            value.setText(str(slider.value() * TLX_STEPS))
            self.changed.emit()

        slider.valueChanged.connect(touch)
        slider.sliderPressed.connect(touch)
        self._readers[item.name] = lambda: slider.value() * TLX_STEPS if touched else None

        def write(given: int | str) -> None:
            slider.setValue(int(given) // TLX_STEPS)
            touch()

        self._writers[item.name] = write
        return _between_ends(item, slider, value)

    def _rating(self, item: Item) -> QWidget:
        group = QButtonGroup(self)
        holder = QWidget()
        row = QHBoxLayout(holder)
        theme.space(row, (0, 0, 0, 0), 12)
        for number in range(1, item.points + 1):
            button = QRadioButton(str(number))
            button.setAccessibleName(f"{item.text} {number} of {item.points}")
            group.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        group.idClicked.connect(self.changed)
        self._readers[item.name] = lambda: group.checkedId() if group.checkedId() > 0 else None
        self._writers[item.name] = lambda value: group.button(int(value)).click()
        return _between_ends(item, holder)


def _between_ends(item: Item, *widgets: QWidget) -> QWidget:
    """Return the widgets in a row between what the lowest and the highest answer mean."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    theme.space(row, (0, 0, 0, 0), 12)
    first, *rest = widgets
    for text, place in ((item.low, Qt.AlignmentFlag.AlignRight), (item.high, Qt.AlignmentFlag.AlignLeft)):
        end = QLabel(text)
        theme.set_role(end, "secondary")
        theme.bound(end, width=_ENDS_WIDTH)
        end.setAlignment(place | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(end)
        if place is Qt.AlignmentFlag.AlignRight:
            row.addWidget(first, 1)
    for widget in rest:
        row.addWidget(widget)
    return holder
