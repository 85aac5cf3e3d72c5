"""All episodes of an evaluation, and the picture of the watched one."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from mile_desktop.ui.evaluate.scrub_bar import ScrubBar
from mile_desktop.ui.evaluate.watch_view import WatchView
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.ui.widgets.policy_results import EpisodeRow, PolicyResults
from mile_desktop.ui.widgets.splitter import Splitter
from mile_desktop.ui.widgets.tables import ROW_ROLE, Column, RowsModel, RowsTable

_STATE_TEXTS = {"running": "▶ running", "success": "✓ success", "failure": "✕ failure", "crash": "! error"}
_COLOURS = {"running": "policy", "success": "success", "failure": "failure", "crash": "warning"}
_SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)


def _steps(row: EpisodeRow) -> str:
    return "" if row.steps is None else f"{row.steps}"


def _return(row: EpisodeRow) -> str:
    return "" if row.total_reward is None else f"{row.total_reward:.4g}"


COLUMNS: tuple[Column[EpisodeRow], ...] = (
    Column("Policy", lambda row: row.policy),
    Column("Seed", lambda row: f"{row.seed}", lambda row: row.seed, is_number=True),
    Column(
        "Outcome",
        lambda row: _STATE_TEXTS[row.state],
        tip=lambda row: row.reason,
        colour=lambda row: _COLOURS[row.state],
    ),
    Column("Steps", _steps, lambda row: -1 if row.steps is None else row.steps, is_number=True),
    Column(
        "Return",
        _return,
        lambda row: float("-inf") if row.total_reward is None else row.total_reward,
        is_number=True,
    ),
    Column("Error", lambda row: row.reason, tip=lambda row: row.reason),
)


class OutcomeFilter(OverrideGuard, QSortFilterProxyModel):
    """Shows the episodes of one policy and one outcome."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._policy = ""
        self._state = ""

    def show_only(self, policy_id: str, state: str) -> None:
        """Show only these; empty: all."""
        self.beginFilterChange()
        self._policy, self._state = policy_id, state
        self.endFilterChange()

    def filterAcceptsRow(self, source_row: int, source_parent: QModelIndex | QPersistentModelIndex) -> bool:
        """Return whether a row is shown."""
        row: EpisodeRow = self.sourceModel().index(source_row, 0, source_parent).data(ROW_ROLE)
        return self._policy in {"", row.policy_id} and self._state in {"", row.state}


class EpisodesView(QWidget):
    """A table with two filters, and a picture; requests by signals. Window's thread only."""

    watch_requested = Signal(object)
    """The ``EpisodeRow`` to watch; an episode that has ended is run again."""
    stop_requested = Signal()
    """Stop watching."""
    speed_chosen = Signal(float)
    """Multiple of real time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # An episode that is running and its result are two rows: a new key moves it to its place.
        self._model = RowsModel(COLUMNS, lambda row: (row.policy_id, row.seed, row.state == "running"), self)
        self._filter = OutcomeFilter(self)
        self.table = RowsTable(self._model, "Episodes", self._filter)
        self.view = WatchView()
        self.beside_view = WatchView()
        """A second policy from the same start; hidden while none is chosen."""
        self.beside_view.setAccessibleName("Second policy on the same seed")
        self.beside_view.hide()
        self.scrub = ScrubBar()
        self._beside = QComboBox()
        self._policy, self._state, self._speed = QComboBox(), QComboBox(), QComboBox()
        self._count = QLabel()
        self._watch = QPushButton("Watch")
        self._stop = QPushButton("Stop")
        self._set_up()
        self._lay_out()
        self._connect()
        self._refresh()

    # ── content ──────────────────────────────────────────────────────────────────────────────────────────────────

    def show_policies(self, shown: Sequence[PolicyResults]) -> None:
        """Fill the filter with these policies."""
        options = [("All policies", ""), *((each.name, each.policy_id) for each in shown)]
        present = [(self._policy.itemText(row), self._policy.itemData(row)) for row in range(self._policy.count())]
        if options == present:  # called several times a second during an evaluation
            return
        wanted = self._beside.currentData()
        self._beside.clear()
        self._beside.addItem("Beside: none", "")
        for each in shown:
            self._beside.addItem(f"Beside: {each.name}", each.policy_id)
        self._beside.setCurrentIndex(max(0, self._beside.findData(wanted)))
        self._beside.setVisible(len(shown) > 1)
        chosen = self._policy.currentData()
        # Every added entry changes the choice; the filter is applied once, at the end.
        self._policy.blockSignals(True)
        self._policy.clear()
        for name, policy_id in options:
            self._policy.addItem(name, policy_id)
        self._policy.setCurrentIndex(max(0, self._policy.findData(chosen)))
        self._policy.blockSignals(False)
        self._apply_filter()

    def show_episodes(self, rows: Sequence[EpisodeRow]) -> None:
        """Show these episodes."""
        # A reset of the model loses the selection; the watched episode should stay chosen when it ends.
        current = self.table.current()
        self._model.show_rows(rows)
        if isinstance(current, EpisodeRow):
            self.table.choose(lambda row: (row.policy_id, row.seed) == (current.policy_id, current.seed))
        self._refresh()

    def show_only(self, policy_id: str) -> None:
        """Show the episodes of one policy."""
        self._policy.setCurrentIndex(max(0, self._policy.findData(policy_id)))

    def show_watching(self, *, watching: bool) -> None:
        """Show whether an episode is watched."""
        self._stop.setEnabled(watching)

    def show_beside(self, *, shown: bool) -> None:
        """Show or hide the picture of a second policy."""
        self.beside_view.setVisible(shown)

    def beside_of(self, row: EpisodeRow) -> str:
        """Return the id of the policy to show beside an episode, on the same seed; empty: none."""
        chosen = str(self._beside.currentData() or "")
        # The same policy twice would show the same episode twice.
        return "" if chosen == row.policy_id else chosen

    def watch_chosen(self) -> None:
        """Request to watch the selected episode."""
        chosen = self.table.current()
        if isinstance(chosen, EpisodeRow):
            self.watch_requested.emit(chosen)

    @property
    def speed(self) -> float:
        """Highest speed of the watched episode, as a multiple of real time."""
        return float(self._speed.currentData())

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _set_up(self) -> None:
        for combo in (self._policy, self._state):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(10)
        self._policy.addItem("All policies", "")
        self._state.addItem("All outcomes", "")
        for state, text in _STATE_TEXTS.items():
            self._state.addItem(text, state)
        for speed in _SPEEDS:
            self._speed.addItem(f"× {speed:g}", speed)
        self._speed.setCurrentIndex(_SPEEDS.index(1.0))
        self._policy.setAccessibleName("Policy")
        self._state.setAccessibleName("Outcome")
        self._speed.setAccessibleName("Speed")
        self._speed.setToolTip("Multiple of real time")
        self._beside.setAccessibleName("Second policy")
        self._beside.setToolTip("Also run this policy from the same seed, and show both side by side")
        self._beside.hide()
        self._watch.setToolTip("Watch the selected episode; one that has ended is run again from its seed (Enter)")
        self._stop.setToolTip("Stop watching; an episode that was run again only for this is cancelled")
        theme.set_role(self._count, "secondary")
        theme.set_icon(self._watch, "mdi6.eye-outline")
        theme.set_icon(self._stop, "mdi6.eye-off-outline")

    def _lay_out(self) -> None:
        filters = QHBoxLayout()
        theme.space(filters, spacing=8)
        filters.addWidget(self._policy)
        filters.addWidget(self._state)
        filters.addStretch(1)
        left = QWidget()
        column = QVBoxLayout(left)
        theme.space(column, spacing=8)
        column.addLayout(filters)
        column.addWidget(self.table, 1)
        column.addWidget(self._count)
        buttons = QHBoxLayout()
        theme.space(buttons, spacing=8)
        buttons.addWidget(self._watch)
        buttons.addWidget(self._stop)
        buttons.addStretch(1)
        buttons.addWidget(self._beside)
        buttons.addWidget(self._speed)
        right = QWidget()
        pictures = QVBoxLayout(right)
        theme.space(pictures, spacing=8)
        views = Splitter(Qt.Orientation.Horizontal)
        for view in (self.view, self.beside_view):
            views.addWidget(view)
        pictures.addWidget(views, 1)
        pictures.addWidget(self.scrub)
        pictures.addLayout(buttons)
        splitter = Splitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([theme.px(520), theme.px(400)])
        outer = QVBoxLayout(self)
        theme.space(outer, (8, 8, 8, 8), 8)
        outer.addWidget(splitter, 1)

    def _connect(self) -> None:
        self._policy.currentIndexChanged.connect(self._apply_filter)
        self._state.currentIndexChanged.connect(self._apply_filter)
        self._speed.currentIndexChanged.connect(self._speed_changed)
        self.table.selectionModel().selectionChanged.connect(self._refresh)
        self.table.activated.connect(self.watch_chosen)
        self._watch.clicked.connect(self.watch_chosen)
        self._stop.clicked.connect(self.stop_requested)
        self._stop.setEnabled(False)

    def _apply_filter(self) -> None:
        self._filter.show_only(str(self._policy.currentData() or ""), str(self._state.currentData() or ""))
        self._refresh()

    def _refresh(self) -> None:
        shown, all_rows = self._filter.rowCount(), len(self._model.rows)
        self._count.setText(f"{shown} episodes" if shown == all_rows else f"{shown} of {all_rows} episodes")
        chosen = self.table.current()
        self._watch.setEnabled(isinstance(chosen, EpisodeRow))
        # The word says whether an episode is joined on its way or run once more.
        replay = isinstance(chosen, EpisodeRow) and chosen.state != "running"
        self._watch.setText("Again" if replay else "Watch")

    def _speed_changed(self) -> None:
        self.speed_chosen.emit(self.speed)
