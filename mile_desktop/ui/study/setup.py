"""Choose a protocol and make a study with it, or open one that there is."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from mile_desktop.study.protocol import find_protocol, read_protocol, shipped_protocols
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.form_rows import rows
from mile_desktop.ui.widgets.page_frame import Panel

_WIDTH = 720


class StudySetup(QWidget):
    """Makes and opens studies; decides nothing."""

    create_asked = Signal(str, str)
    """Folder and protocol of a new study."""
    open_asked = Signal(str)
    """Folder of a study."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.protocol = QComboBox()
        self.protocol.setAccessibleName("Protocol")
        for name in shipped_protocols():
            self.protocol.addItem(f"{read_protocol(find_protocol(name)).title} ({name}, ships)", name)
        self._own = QPushButton("Another file …")
        self.folder = QLineEdit("~/study")
        self.folder.setAccessibleName("Folder of the study")
        self.make = QPushButton("Make the study")
        theme.set_role(self.make, "primary")
        self.open = QPushButton("Open a study …")
        self.problem = QLabel()
        theme.set_role(self.problem, "warning")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self._lay_out()
        self._own.clicked.connect(self._choose_protocol)
        self.open.clicked.connect(self._choose_study)
        self.make.clicked.connect(self._create)

    def _lay_out(self) -> None:
        new = Panel("A new study")
        theme.bound(new, most_width=_WIDTH)
        line = QHBoxLayout()
        theme.space(line, spacing=8)
        line.addStretch(1)
        for each in (self._own, self.make):
            line.addWidget(each)
        new.body.addLayout(
            rows(
                ("Protocol", self.protocol, "Conditions, blocks, texts and questionnaires: a TOML file."),
                ("Folder", self.folder, "New or empty. It becomes a workspace, and everything of the study is in it."),
            )
        )
        new.body.addWidget(self.problem)
        new.body.addLayout(line)
        there = Panel("An earlier study")
        theme.bound(there, most_width=_WIDTH)
        there.body.addWidget(self.open, 0, Qt.AlignmentFlag.AlignLeft)
        column = QVBoxLayout(self)
        theme.space(column, (0, 0, 0, 0), 16)
        column.addWidget(new)
        column.addWidget(there)
        column.addStretch(1)

    def show_problem(self, text: str) -> None:
        """Say why no study could be made or opened; empty: nothing is wrong."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def add_protocol(self, path: str) -> None:
        """Offer a file as the protocol, and select it."""
        self.protocol.addItem(path, path)
        self.protocol.setCurrentIndex(self.protocol.count() - 1)

    def _create(self) -> None:
        self.create_asked.emit(self.folder.text().strip(), str(self.protocol.currentData()))

    def _choose_protocol(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Protocol", "", "Protocols (*.toml);;All files (*)")
        if path:
            self.add_protocol(path)

    def _choose_study(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of a study")
        if folder:
            self.open_asked.emit(folder)
