"""The dialog that makes a scene of a gymnasium environment."""

import gymnasium
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QCompleter,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.side_dialog import SideDialog

_SIZE = (560, 320)
_EXPLANATION = (
    "Enter the id that gymnasium.make takes, such as Pendulum-v1, or module:id for an environment of another installed "
    "package. The program looks at it once and writes a description that you can change (scene.toml)."
)


class EnvironmentDialog(SideDialog):
    """Asks for an id; not modal, because the robot may move meanwhile. Lives on the window's thread."""

    add_requested = Signal(str, str, str)
    """Id, name (may be empty) and arguments (JSON, may be empty)."""
    cancel_requested = Signal()
    """The person does not want to wait."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.env_id, self.name, self.arguments = QLineEdit(), QLineEdit(), QLineEdit()
        self.add, self.close_button = QPushButton("Add"), QPushButton("Close")
        self._busy_bar = QProgressBar()
        self._message = QLabel(_EXPLANATION)
        self._working = False
        self.setWindowTitle("Add a gymnasium environment")
        self._lay_out()
        self._connect()
        self._update()

    @property
    def message(self) -> str:
        """The text that is shown."""
        return self._message.text()

    def begin(self) -> None:
        """Show that the environment is looked at."""
        self._working = True
        self._show("Looking at the environment. This takes some seconds.")

    def fail(self, text: str) -> None:
        """Show why it cannot be a scene; what was entered stays."""
        # Before ``hide``, which would otherwise cancel the work that has just ended.
        self._working = False
        self._show(text, "failure")
        self.env_id.setFocus()

    def finish(self) -> None:
        """Close; the scene was added."""
        self._working = False
        for field in (self.env_id, self.name, self.arguments):
            field.clear()
        self._show(_EXPLANATION)
        self.hide()

    def _show(self, text: str, role: str = "secondary") -> None:
        self._message.setText(text)
        theme.set_role(self._message, role)
        self._update()

    def _lay_out(self) -> None:
        self.take_size(*_SIZE)
        # registered names only: nothing of the environments themselves is imported here
        names = QCompleter(sorted(name for name in gymnasium.registry if not name.startswith("mile/")), self)
        names.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        names.setFilterMode(Qt.MatchFlag.MatchContains)
        self.env_id.setCompleter(names)
        # The list belongs to no window, so it would keep the colours with which the program was started.
        if (offered := names.popup()) is not None:
            theme.give_own_sheet(offered)
        self.env_id.setPlaceholderText("Pendulum-v1")
        self.name.setPlaceholderText("from the id")
        self.arguments.setPlaceholderText('none; for example {"g": 5.0}')
        form = QFormLayout()
        for label, field in (("Environment", self.env_id), ("Name", self.name), ("Arguments", self.arguments)):
            form.addRow(label, field)
            field.setAccessibleName(label)
        self._message.setWordWrap(True)
        self._message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.set_role(self._message, "secondary")
        # Qt's way to show work of unknown length: importing a package gives no progress.
        self._busy_bar.setRange(0, 0)
        self._busy_bar.setTextVisible(False)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.add)
        column = QVBoxLayout(self)
        theme.space(column, (16, 16, 16, 16), 12)
        column.addLayout(form)
        column.addWidget(self._message)
        column.addWidget(self._busy_bar)
        column.addStretch(1)
        column.addLayout(buttons)
        self.add.setDefault(True)

    def _connect(self) -> None:
        self.env_id.textChanged.connect(self._update)
        self.add.clicked.connect(self._ask)
        self.close_button.clicked.connect(self._leave)
        self.escape_pressed.connect(self._leave)

    def _update(self) -> None:
        self.add.setEnabled(bool(self.env_id.text().strip()) and not self._working)
        self.close_button.setText("Cancel" if self._working else "Close")
        self._busy_bar.setVisible(self._working)
        for field in (self.env_id, self.name, self.arguments):
            field.setEnabled(not self._working)

    def _ask(self) -> None:
        self.add_requested.emit(self.env_id.text().strip(), self.name.text().strip(), self.arguments.text().strip())

    def _leave(self) -> None:
        if self._working:
            self.cancel_requested.emit()
        else:
            self.hide()

    def hideEvent(self, event: QHideEvent) -> None:
        """End the look at the environment: its result would not be seen."""
        if self._working:
            self.cancel_requested.emit()
        super().hideEvent(event)
