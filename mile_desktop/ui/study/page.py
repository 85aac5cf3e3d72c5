"""The Study page: setup, overview of a study, and what a participant reads and answers."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.ui.study.bar import ExperimenterMenu
from mile_desktop.ui.study.model import StudyOverview
from mile_desktop.ui.study.session_view import SessionView
from mile_desktop.ui.study.setup import StudySetup
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.page_frame import PageFrame, Panel

_COLUMNS = ("Participant", "Order", "State", "Place", "Episodes")
_SETUP, _OVERVIEW, _SESSION = range(3)


class StudyPage(PageFrame):
    """Shows one of three things; decides nothing. Window's thread only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Study", "An experiment with participants: protocol, sessions, analysis and export.", parent)
        self._purpose = self.purpose.text()
        self.setup = StudySetup()
        self.overview = OverviewPanel()
        self.session = SessionView()
        self.menu = ExperimenterMenu()
        self._progress = QLabel()
        theme.set_role(self._progress, "heading")
        self._stack = QStackedWidget()
        for each in (self.setup, self.overview, self.session):
            self._stack.addWidget(each)
        self.top.addWidget(self._progress)
        self.top.addWidget(self.menu)
        self.body.addWidget(self._stack, 1)
        self.show_setup()

    def show_setup(self) -> None:
        """Offer protocols and studies: none is open."""
        self._turn_to(_SETUP, "")

    def show_overview(self, shown: StudyOverview) -> None:
        """Show a study to the experimenter."""
        self.overview.show_overview(shown)
        self._turn_to(_OVERVIEW, "")

    def show_session(self, progress: str) -> None:
        """Show the participant's step, which is set in ``session``."""
        self._turn_to(_SESSION, progress)

    def _turn_to(self, place: int, progress: str) -> None:
        self._progress.setText(progress)
        self._progress.setVisible(bool(progress))
        self.menu.setVisible(place == _SESSION)
        # A participant is not interested in what the page can do; the room stays, so that nothing moves.
        self.purpose.setText("" if place == _SESSION else self._purpose)
        self._stack.setCurrentIndex(place)


class OverviewPanel(QWidget):
    """Participants of the open study and what can be done with it."""

    new_asked = Signal()
    run_asked = Signal(str)
    """Code of the participant whose session is to go on."""
    withdraw_asked = Signal(str)
    analyse_asked = Signal()
    export_asked = Signal()
    report_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._question, self._summary = QLabel(), QLabel(), QLabel()
        theme.set_role(self._title, "title")
        for label in (self._question, self._summary):
            theme.set_role(label, "quiet")
            label.setWordWrap(True)
        self.table = _table(_COLUMNS, "Participants")
        self.square = _table((), "Order of the conditions")
        self.new = QPushButton("New participant")
        theme.set_role(self.new, "primary")
        self.run = QPushButton("Go on with the session")
        self.withdraw = QPushButton("Erase, the participant withdraws …")
        theme.set_role(self.withdraw, "danger")
        self.analyse = QPushButton("Analyse")
        self.export = QPushButton("Export …")
        self.report = QPushButton("Open the report")
        self.job = QLabel()
        theme.set_role(self.job, "secondary")
        self.job.setWordWrap(True)
        self._can_go_on: tuple[bool, ...] = ()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        people, order = Panel("Participants"), Panel("Order of the conditions (balanced Latin square)")
        people.body.addWidget(self.table, 1)
        order.body.addWidget(self.square, 1)
        buttons = QHBoxLayout()
        theme.space(buttons, spacing=8)
        for each in (self.new, self.run, self.withdraw):
            buttons.addWidget(each)
        buttons.addStretch(1)
        people.body.addLayout(buttons)
        results = QHBoxLayout()
        theme.space(results, spacing=8)
        for each in (self.analyse, self.report, self.export):
            results.addWidget(each)
        results.addWidget(self.job, 1)
        column = QVBoxLayout(self)
        theme.space(column, (0, 0, 0, 0), 12)
        for label in (self._title, self._question, self._summary):
            column.addWidget(label)
        column.addWidget(people, 3)
        column.addWidget(order, 2)
        column.addLayout(results)

    def _connect(self) -> None:
        self.new.clicked.connect(self.new_asked)
        self.run.clicked.connect(lambda: self.run_asked.emit(self.selected))
        self.withdraw.clicked.connect(lambda: self.withdraw_asked.emit(self.selected))
        self.analyse.clicked.connect(self.analyse_asked)
        self.export.clicked.connect(self.export_asked)
        self.report.clicked.connect(self.report_asked)
        self.table.itemSelectionChanged.connect(self._refresh)
        self.table.itemDoubleClicked.connect(self._double_clicked)

    @property
    def selected(self) -> str:
        """Code of the selected participant; empty for none."""
        row = self.table.currentRow()
        item = self.table.item(row, 0) if row >= 0 else None
        return item.text() if item is not None else ""

    def show_overview(self, shown: StudyOverview) -> None:
        """Show the study."""
        before = self.selected
        self._title.setText(shown.title)
        self._question.setText(shown.question)
        self._summary.setText(shown.summary)
        self._can_go_on = tuple(each.can_go_on for each in shown.rows)
        _fill(self.table, [(e.code, e.order, e.stage, e.place, str(e.episodes)) for e in shown.rows])
        blocks = len(shown.square[0])
        _head(self.square, ("", *(f"Block {number + 1}" for number in range(blocks))))
        _fill(self.square, [(f"row {number + 1}", *names) for number, names in enumerate(shown.square)])
        codes = [each.code for each in shown.rows]
        if codes:
            self.table.selectRow(codes.index(before) if before in codes else len(codes) - 1)
        self._refresh()

    def show_job(self, text: str, *, running: bool) -> None:
        """Show how far an analysis or an export is."""
        self.job.setText(text)
        self.analyse.setText("Cancel" if running else "Analyse")
        self.export.setEnabled(not running)

    def _refresh(self) -> None:
        row = self.table.currentRow()
        self.run.setEnabled(0 <= row < len(self._can_go_on) and self._can_go_on[row])
        self.withdraw.setEnabled(bool(self.selected))

    def _double_clicked(self) -> None:
        if self.run.isEnabled():
            self.run_asked.emit(self.selected)


def _table(columns: Sequence[str], name: str) -> QTableWidget:
    table = QTableWidget()
    table.setAccessibleName(name)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.verticalHeader().hide()
    _head(table, columns)
    return table


def _head(table: QTableWidget, columns: Sequence[str]) -> None:
    table.setColumnCount(len(columns))
    table.setHorizontalHeaderLabels(list(columns))
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def _fill(table: QTableWidget, rows: Sequence[Sequence[str]]) -> None:
    table.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            table.setItem(row, column, item)
