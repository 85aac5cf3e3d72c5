"""The bar of the guided start above the pages: which step, what to do, skip and end."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from mile_desktop.ui.theme import theme


class GuideBar(QFrame):
    """Shows texts and emits what a person presses; it appears by itself, so it never takes the keyboard focus."""

    primary_pressed = Signal()
    secondary_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "raised")
        self.setAccessibleName("Guided start")
        self._count, self._title, self._text = QLabel(), QLabel(), QLabel()
        theme.set_role(self._count, "secondary")
        theme.set_role(self._title, "heading")
        self._text.setWordWrap(True)
        self._primary, self._secondary = QPushButton(), QPushButton()
        for button, pressed in ((self._primary, self.primary_pressed), (self._secondary, self.secondary_pressed)):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(pressed)
        theme.set_role(self._secondary, "quiet")
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        heading, texts, row = QHBoxLayout(), QVBoxLayout(), QHBoxLayout(self)
        theme.space(heading, spacing=12)
        heading.addWidget(self._count)
        heading.addWidget(self._title)
        heading.addStretch(1)
        # Below the title and not beside it: in a narrow window a sentence beside it would get one word a line.
        theme.space(texts, spacing=2)
        texts.addLayout(heading)
        texts.addWidget(self._text)
        theme.space(row, (16, 8, 8, 8), 12)
        row.addLayout(texts, 1)
        row.addWidget(self._primary)
        row.addWidget(self._secondary)

    @property
    def text(self) -> str:
        """What the bar says to do."""
        return self._text.text()

    @property
    def title(self) -> str:
        """Title of the step that is shown."""
        return self._title.text()

    def show_texts(self, count: str, title: str, text: str, *, primary: str, secondary: str) -> None:
        """Show these texts and buttons; an empty ``primary`` has no button."""
        texts = {self._count: count, self._title: title, self._text: text}
        # A status comes several times a second, and each new text lays out the window again.
        for label, shown in texts.items():
            if label.text() != shown:
                label.setText(shown)
            label.setVisible(bool(shown))
        self._primary.setText(primary)
        self._primary.setVisible(bool(primary))
        self._secondary.setText(secondary)
        theme.set_role(self._primary, "primary" if not count else "quiet")
        self.show()
