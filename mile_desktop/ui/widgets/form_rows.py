"""Rows of a form: label, field and hint."""

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QLabel, QSpinBox, QWidget

from mile_desktop.ui.theme import theme

_LABEL_WIDTH = 128


def rows(*lines: tuple[str, QWidget, str]) -> QGridLayout:
    """Lay out rows of a label, a field and a hint; without any label the fields begin at the edge."""
    grid = QGridLayout()
    theme.space(grid, spacing=8)
    first = 1 if any(text for text, _, _ in lines) else 0
    grid.setColumnMinimumWidth(0, theme.px(_LABEL_WIDTH) * first)
    grid.setColumnStretch(2, 1)
    for index, (text, field, hint) in enumerate(lines):
        if text:
            label = QLabel(text)
            label.setBuddy(field)
            grid.addWidget(label, 2 * index, 0)
        # Two grid rows for each line: the hint stands below its field.
        grid.addWidget(field, 2 * index, first, 1, 1 if _is_short(field) else 3 - first)
        if hint:
            sentence = QLabel(hint)
            theme.set_role(sentence, "secondary")
            sentence.setWordWrap(True)
            grid.addWidget(sentence, 2 * index + 1, first, 1, 3 - first)
    return grid


def _is_short(field: QWidget) -> bool:
    """Whether the field is only as wide as its values, not as the panel."""
    return isinstance(field, (QSpinBox, QDoubleSpinBox)) or (isinstance(field, QComboBox) and field.count() > 0)


def combo(choices: Sequence[tuple[object, str]]) -> QComboBox:
    """Return a combo box with values and their titles."""
    field = QComboBox()
    for value, title in choices:
        field.addItem(title, value)
    return field


def choose(field: QComboBox, value: object) -> None:
    """Select ``value``; add it first if it is not offered (an unusual scale in the file)."""
    index = field.findData(value)
    if index < 0:
        field.addItem(f"{value:.0%}".replace("%", " %") if isinstance(value, float) else str(value), value)
        index = field.count() - 1
    field.setCurrentIndex(index)
