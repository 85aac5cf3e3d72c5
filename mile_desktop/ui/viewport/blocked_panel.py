"""A panel in the middle of the view: why nothing can be shown, and the way out."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from mile_desktop.ui.theme import theme

_WIDTH = 460


class BlockedPanel(QFrame):
    """Explains a state that the person cannot wait out; hidden until ``explain``. Window's thread only."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self._title = QLabel()
        theme.set_role(self._title, "figure")
        self._text = QLabel()
        for label in (self._title, self._text):
            label.setTextFormat(Qt.TextFormat.PlainText)  # an error may quote a file name with tags in it
            label.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._action = QPushButton()
        theme.set_role(self._action, "primary")
        self._run: Callable[[], object] | None = None
        self._action.clicked.connect(self._run_action)
        column = QVBoxLayout(self)
        theme.space(column, (24, 16, 24, 16), 12)
        column.addWidget(self._title)
        column.addWidget(self._text)
        column.addWidget(self._action, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    @property
    def text(self) -> str:
        """What is explained."""
        return self._text.text()

    def explain(self, title: str, text: str, label: str = "", run: Callable[[], object] | None = None) -> None:
        """Show the panel, with a button where an action helps."""
        self._title.setText(title)
        self._text.setText(text)
        self._run = run
        self._action.setText(label)
        self._action.setVisible(run is not None)
        self.show()
        self.place()
        self.raise_()

    def place(self) -> None:
        """Stand in the middle of the parent."""
        parent = self.parentWidget()
        if parent is None:
            return
        width = min(theme.px(_WIDTH), parent.width() - theme.px(32))
        layout = self.layout()
        needed = layout.totalHeightForWidth(width) if layout is not None else self.sizeHint().height()
        height = min(needed, parent.height() - theme.px(16))
        self.setGeometry((parent.width() - width) // 2, (parent.height() - height) // 2, width, height)

    def _run_action(self) -> None:
        if self._run is not None:
            self._run()
