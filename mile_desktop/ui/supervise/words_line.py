"""The line for commands in words: text, its meaning while it is typed, and numbered choices."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from mile_desktop.operators.words.segment import MAX_CHARACTERS, Understanding
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_EXAMPLE = "left a bit · 3 cm up · close · towards … · slower · again · undo · stop"


class WordsLine(OverrideGuard, QWidget):
    """A line edit that shows what it is understood as; knows neither grammar nor worker."""

    typed = Signal(str)
    """The text changed."""
    submitted = Signal(str)
    """Enter was pressed, or a choice was made: a complete line."""
    language_chosen = Signal(str)

    def __init__(self, languages: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """``languages``: (name, title) of each language."""
        super().__init__(parent)
        self._choices: tuple[str, ...] = ()
        self.edit = _WordsEdit()
        self.edit.setPlaceholderText(_EXAMPLE)
        self.edit.setMaxLength(MAX_CHARACTERS)
        self.edit.setAccessibleName("Command in words")
        self.language = QComboBox()
        self.language.setAccessibleName("Language of the commands")
        self.language.setToolTip("Language of the commands")
        for name, title in languages:
            self.language.addItem(title, name)
        self._meaning = QLabel()
        self._meaning.setTextFormat(Qt.TextFormat.PlainText)
        self._meaning.setWordWrap(True)
        theme.set_role(self._meaning, "secondary")
        row = QHBoxLayout()
        row.addWidget(self.edit, 1)
        row.addWidget(self.language)
        column = QVBoxLayout(self)
        theme.space(column, (0, 0, 0, 0), 4)
        column.addLayout(row)
        column.addWidget(self._meaning)
        self.edit.textEdited.connect(self.typed)
        self.edit.returnPressed.connect(self._submit)
        self.edit.choice_pressed.connect(self._choose)
        self.language.activated.connect(lambda _: self.language_chosen.emit(self.language.currentData()))

    def set_language(self, name: str) -> None:
        """Select a language without a signal."""
        self.language.setCurrentIndex(max(0, self.language.findData(name)))

    def show_meaning(self, understood: Understanding, *, driven: bool = False) -> None:
        """Show what the text is understood as; ``driven``: what the robot does now."""
        self._choices = understood.ask
        self.edit.choices = len(understood.ask)
        text = understood.text()
        self._meaning.setText(f"The robot drives: {text}" if driven else text)
        theme.set_role(self._meaning, "error" if understood.refused else "secondary")

    @property
    def meaning(self) -> str:
        """The text that is shown under the line."""
        return self._meaning.text()

    def _submit(self) -> None:
        if text := self.edit.text().strip():
            self.submitted.emit(text)

    def _choose(self, number: int) -> None:
        if number <= len(self._choices):
            self.submitted.emit(self._choices[number - 1])


class _WordsEdit(OverrideGuard, QLineEdit):
    """Sends 1, 2 and 3 as choices while a question is open; everything else is text."""

    choice_pressed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.choices = 0
        """How many choices the open question has; 0: none is open."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take a number that answers the question."""
        number = event.key() - Qt.Key.Key_0
        if 1 <= number <= self.choices and event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        ):
            self.choice_pressed.emit(number)
            return
        super().keyPressEvent(event)
