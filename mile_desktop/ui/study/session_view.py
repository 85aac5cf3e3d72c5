"""What a participant reads and answers between the episodes."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextBlockFormat, QTextCursor
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from mile_desktop.study.questionnaires import Questionnaire
from mile_desktop.ui.study.form import QuestionnaireForm
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.page_frame import ColumnScroll

_WIDTH = 760
_PARAGRAPH, _LINE_PERCENT = 12, 130.0


class SessionView(QWidget):
    """One step at a time: a text with a button, the consent with its box, or a questionnaire."""

    went_on = Signal()
    """The participant has read the step, or agreed."""
    declined = Signal()
    """The participant does not agree."""
    answered = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form: QuestionnaireForm | None = None
        self._text = QTextBrowser()
        self._text.setAccessibleName("Text of this step")
        self._text.setOpenExternalLinks(False)
        self._text.setOpenLinks(False)
        self._title = QLabel()
        theme.set_role(self._title, "title")
        self._scroll = ColumnScroll(QWidget(), "Questions")
        self.agree = QCheckBox("I have read this and I agree to take part")
        self.problem = QLabel()
        theme.set_role(self.problem, "warning")
        self.problem.setWordWrap(True)
        self.go_on = QPushButton("Go on")
        theme.set_role(self.go_on, "primary")
        self.decline = QPushButton("I do not agree")
        self._lay_out()
        self.agree.toggled.connect(self.go_on.setEnabled)
        self.go_on.clicked.connect(self._pressed)
        self.decline.clicked.connect(self.declined)

    def _lay_out(self) -> None:
        inner = QWidget()
        theme.bound(inner, most_width=_WIDTH)
        column = QVBoxLayout(inner)
        theme.space(column, (0, 0, 0, 0), 12)
        column.addWidget(self._title)
        column.addWidget(self._text, 1)
        column.addWidget(self._scroll, 1)
        column.addWidget(self.agree)
        column.addWidget(self.problem)
        buttons = QHBoxLayout()
        theme.space(buttons, spacing=8)
        buttons.addStretch(1)
        buttons.addWidget(self.decline)
        buttons.addWidget(self.go_on)
        column.addLayout(buttons)
        row = QHBoxLayout(self)
        theme.space(row, (0, 0, 0, 0), 0)
        row.addStretch(1)
        row.addWidget(inner, 100)
        row.addStretch(1)

    @property
    def form(self) -> QuestionnaireForm | None:
        """The questionnaire that is shown; None while a text is."""
        return self._form

    def show_text(self, markdown: str, *, button: str = "Go on", consent: bool = False) -> None:
        """Show a text; with ``consent`` the button works only once the box is ticked."""
        self._form = None
        self._text.setMarkdown(markdown)
        self._set_apart()
        self._text.show()
        self._title.hide()
        self._scroll.hide()
        self.problem.hide()
        self.agree.setVisible(consent)
        self.agree.setChecked(False)
        self.decline.setVisible(consent)
        self.go_on.setText("I agree" if consent else button)
        self.go_on.setEnabled(not consent)
        self.go_on.setVisible(bool(button))
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _set_apart(self) -> None:
        """Leave room between paragraphs and lines: Qt sets Markdown without any."""
        cursor = self._text.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        space = QTextBlockFormat()
        space.setBottomMargin(theme.px(_PARAGRAPH))
        space.setLineHeight(_LINE_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.mergeBlockFormat(space)

    def ask(self, asked: Questionnaire) -> None:
        """Show a questionnaire."""
        self._form = QuestionnaireForm(asked)
        self._form.changed.connect(self.problem.hide)
        self._scroll.setWidget(self._form)
        self._title.setText(asked.title)
        self._title.show()
        self._scroll.show()
        for each in (self._text, self.agree, self.decline, self.problem):
            each.hide()
        self.go_on.setText("Save answers")
        self.go_on.setEnabled(True)
        self.go_on.show()

    def show_problem(self, text: str) -> None:
        """Say which answer is missing."""
        self.problem.setText(text)
        self.problem.show()

    def _pressed(self) -> None:
        if self._form is not None:
            self.answered.emit(self._form.answers)
        else:
            self.went_on.emit()
