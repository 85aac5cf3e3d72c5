"""The Policies page: the table of policies, facts on the selected one, and the comparison of any two."""

from collections.abc import Mapping

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QMenu,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.ui.plots.series_model import Curve
from mile_desktop.ui.policies.about_view import AboutPolicy
from mile_desktop.ui.policies.comparison_view import PolicyComparison
from mile_desktop.ui.policies.learning_curve import LearningCurve
from mile_desktop.ui.policies.model import PolicyDetails, parents_of
from mile_desktop.ui.policies.table_model import NAME, NOTE, Index, PoliciesModel
from mile_desktop.ui.policies.table_view import PoliciesTable
from mile_desktop.ui.shell.shortcuts import tooltip
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.menu_key import MenuKey
from mile_desktop.ui.widgets.page_frame import EmptyState, PageFrame
from mile_desktop.ui.widgets.policy_entry import PolicyEntry
from mile_desktop.ui.widgets.splitter import Splitter
from mile_desktop.ui.widgets.wrapping_row import WrappingRow

_WIDTHS = (826, 484)
"""Widths of table and panel in a window of 1440 pixels."""


class PoliciesPage(PageFrame):
    """Lays out its parts; every change is requested by a signal. Window's thread only."""

    promote_requested = Signal(str)
    """Id of the policy to use from the next episode on."""
    roll_back_requested = Signal(str)
    """Id of the previous policy."""
    note_changed = Signal(str, str)
    """Policy id and its new note."""
    renamed = Signal(str, str)
    """Policy id and its new name."""
    archive_requested = Signal(str, bool)
    """Policy id; True: archive it, False: unarchive it."""
    export_requested = Signal(str)
    """Policy id."""
    import_requested = Signal(bool)
    """True: choose a folder, False: choose a file."""
    dropped = Signal(str)
    """Path of a file or folder that was dropped on the page."""
    evaluate_requested = Signal(object)
    """Ids of the policies to evaluate."""
    losses_wanted = Signal()
    """The learning curve is shown; answer with ``curve.show_losses``."""
    selection_changed = Signal()
    """Another policy is selected; answer with ``show_selected``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Policies",
            "Every policy of this scene, newest first. A promoted policy drives from the next episode on.",
            parent,
        )
        self._details: Mapping[str, PolicyDetails] = {}
        self._current = ""
        self._previous = ""
        self._model = PoliciesModel(self)
        self._model.note_edited.connect(self.note_changed)
        self._model.renamed.connect(self.renamed)
        self._table = PoliciesTable(self._model)
        self._make_actions()
        self._use = _button("Use", "mdi6.play", "on_accent", "primary")
        self._back = _button("Roll back", "mdi6.undo-variant", "text", "")
        self._evaluate = _button("Evaluate …", "mdi6.chart-box-outline", "text", "")
        self._more = QToolButton()
        self.about = AboutPolicy()
        self.comparison = PolicyComparison()
        self.curve = LearningCurve()
        self._tabs = QTabWidget()
        self._views = QStackedWidget()
        self.setAcceptDrops(True)
        self._lay_out()
        self._connect()
        self.show_policies({}, "")

    # ── content ──────────────────────────────────────────────────────────────────────────────────────────────────

    def show_policies(self, details: Mapping[str, PolicyDetails], current: str, previous: str = "") -> None:
        """Show policies, newest first; ``current``: id of the policy in use, ``previous``: of the one before it."""
        selected = self._selected_entry()
        self._details, self._current, self._previous = details, current, previous
        entries = [each.entry for each in details.values() if self._archived.isChecked() or not each.entry.archived]
        # Parents of all, hidden ones included: a line of descent may lead through them.
        self._model.show_policies(entries, current, parents_of(details.values()))
        self._views.setCurrentIndex(0 if details else 1)
        # Archived policies as well: the line of descent leads through them.
        self.curve.show_policies(details, current)
        self._ask_for_losses()
        # In the order of the table, which is newest first.
        self.comparison.show_policies({each.policy_id: details[each.policy_id] for each in entries})
        # A reset of the model loses the selection; by its id the same policy is found in another row.
        self.choose(selected.policy_id if selected else current)
        self._refresh()

    def choose(self, policy_id: str) -> bool:
        """Select a policy, or the first one if it is not listed; return whether it is listed."""
        row = self._model.row_of(policy_id)
        if row < 0 and self._model.entries:
            row = 0  # something is always selected, or the buttons would have no meaning
        if row >= 0:
            self._table.selectRow(row)
        return row >= 0 and self._model.entries[row].policy_id == policy_id

    def compare(self, first: str, second: str) -> None:
        """Open the Compare tab with two policies."""
        self.comparison.choose(first, second)
        self.show_comparison_tab()

    def show_comparison_tab(self) -> None:
        """Open the Compare tab."""
        self._tabs.setCurrentWidget(self.comparison)

    def show_about_tab(self) -> None:
        """Open the About tab."""
        self._tabs.setCurrentWidget(self.about)

    @property
    def selected(self) -> PolicyDetails | None:
        """The selected policy; None: none."""
        entry = self._selected_entry()
        return self._details.get(entry.policy_id) if entry else None

    def show_selected(self, curves: dict[str, Curve]) -> None:
        """Show the selected policy with the curves of its training."""
        selected = self.selected
        if selected is not None:
            self.about.show_policy(selected, curves)

    # ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────

    def use_selected(self) -> None:
        """Request to use the selected policy."""
        selected = self._selected_entry()
        if selected is not None and selected.policy_id != self._current:
            self.promote_requested.emit(selected.policy_id)

    def rename_selected(self) -> None:
        """Edit the name of the selected policy in the table."""
        self._edit(NAME)

    def archive_selected(self) -> None:
        """Request to archive the selected policy, or to unarchive it."""
        selected = self._selected_entry()
        if selected is not None:
            self.archive_requested.emit(selected.policy_id, not selected.archived)

    def export_selected(self) -> None:
        """Request to export the selected policy."""
        selected = self._selected_entry()
        if selected is not None:
            self.export_requested.emit(selected.policy_id)

    def import_file(self) -> None:
        """Request to import a policy from a file."""
        self.import_requested.emit(False)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Request to import the dropped files."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.dropped.emit(url.toLocalFile())

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _make_actions(self) -> None:
        self._rename = QAction("Rename", self)
        self._note = QAction("Write a note", self)
        self._export = QAction("Export …", self)
        self._archive = QAction("Archive", self)
        self._import_file = QAction("Import a file …", self)
        self._import_folder = QAction("Import a folder …", self)
        self._archived = QAction("Show archived", self)
        self._archived.setCheckable(True)

    def _lay_out(self) -> None:
        self._more.setText("More")
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more.setMenu(self._menu())
        buttons = WrappingRow()
        theme.space(buttons, spacing=8)
        for button in (self._use, self._back, self._evaluate, self._more):
            buttons.addWidget(button)
        buttons.addStretch(1)
        left = QWidget()
        column = QVBoxLayout(left)
        theme.space(column, spacing=12)
        column.addWidget(self._table, 1)
        column.addLayout(buttons)
        self._tabs.addTab(self.about, "About")
        self._tabs.addTab(self.comparison, "Compare")
        self._tabs.addTab(self.curve, "Learning curve")
        splitter = Splitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(self._tabs)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([theme.px(each) for each in _WIDTHS])
        self._views.addWidget(splitter)
        self._views.addWidget(
            EmptyState(
                "mdi6.source-branch",
                "No policies yet",
                "Load a scene: its bundled policy appears here, and every retraining adds one. "
                "Drop a file here to import a policy.",
            )
        )
        self.body.addWidget(self._views, 1)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addActions([self._rename, self._note, self._export, self._archive])
        menu.addSeparator()
        menu.addActions([self._import_file, self._import_folder])
        menu.addSeparator()
        menu.addAction(self._archived)
        return menu

    def _connect(self) -> None:
        self._table.selectionModel().selectionChanged.connect(self._selection_changed)
        self._table.doubleClicked.connect(self._double_clicked)
        self._table.customContextMenuRequested.connect(self._open_menu)
        MenuKey(self._table)
        self._use.clicked.connect(self.use_selected)
        self._use.setToolTip(tooltip("Use the selected policy from the next episode on", "policies_use"))
        self._back.clicked.connect(self._roll_back)
        self._evaluate.clicked.connect(self._request_evaluation)
        self._rename.triggered.connect(self.rename_selected)
        self._note.triggered.connect(self._edit_note)
        self._export.triggered.connect(self.export_selected)
        self._archive.triggered.connect(self.archive_selected)
        self._import_file.triggered.connect(self.import_file)
        self._import_folder.triggered.connect(self._import_folder_requested)
        self._archived.toggled.connect(self._list_again)
        self.curve.policy_chosen.connect(self._show_parent)
        self._tabs.currentChanged.connect(self._ask_for_losses)
        self.comparison.evaluate_requested.connect(self.evaluate_requested)
        self.about.parent_requested.connect(self._show_parent)

    def _ask_for_losses(self) -> None:
        # Only while it is shown: six logs are read.
        if self._tabs.currentWidget() is self.curve:
            self.losses_wanted.emit()

    def _selected_entry(self) -> PolicyEntry | None:
        row = self._table.currentIndex().row()
        return self._model.entries[row] if 0 <= row < len(self._model.entries) else None

    def _selection_changed(self) -> None:
        self._refresh()
        self.selection_changed.emit()
        self._compare_with_parent()

    def _compare_with_parent(self) -> None:
        """Choose the selected policy and its parent for the comparison, if the parent is listed."""
        selected = self._selected_entry()
        if selected is not None and selected.parent_id and self._model.row_of(selected.parent_id) >= 0:
            self.comparison.choose(selected.parent_id, selected.policy_id)

    def _refresh(self) -> None:
        selected = self._selected_entry()
        is_selected, in_use = selected is not None, selected is not None and selected.policy_id == self._current
        # It would change nothing.
        self._use.setEnabled(is_selected and not in_use)
        self._evaluate.setEnabled(is_selected)
        for action in (self._rename, self._note, self._export):
            action.setEnabled(is_selected)
        self._archive.setEnabled(is_selected and not in_use)
        self._archive.setText("Unarchive" if selected is not None and selected.archived else "Archive")
        before = self._details.get(self._previous) if self._previous != self._current else None
        self._back.setEnabled(before is not None)
        self._back.setText(f"Roll back to {before.entry.name}" if before else "Roll back")

    def _roll_back(self) -> None:
        self.roll_back_requested.emit(self._previous)

    def _request_evaluation(self) -> None:
        selected = self._selected_entry()
        if selected is not None:
            self.evaluate_requested.emit((selected.policy_id,))

    def _import_folder_requested(self) -> None:
        self.import_requested.emit(True)

    def _edit_note(self) -> None:
        self._edit(NOTE)

    def _edit(self, column: int) -> None:
        # A field that is open already would answer with a warning.
        editing = self._table.state() is QAbstractItemView.State.EditingState
        if self._selected_entry() is not None and not editing:
            self._table.edit(self._model.index(self._table.currentIndex().row(), column))

    def _double_clicked(self, index: Index) -> None:
        if index.column() not in {NAME, NOTE}:  # there a double click edits the text
            self.use_selected()

    def _open_menu(self, position: QPoint) -> None:
        # The same menu as the More button: everything in it can be found without a right click.
        self._more.menu().popup(self._table.viewport().mapToGlobal(position))

    def _show_parent(self, policy_id: str) -> None:
        # the parent may be archived and hidden
        if not self.choose(policy_id) and policy_id in self._details:
            self._archived.setChecked(True)
            self.choose(policy_id)

    def _list_again(self) -> None:
        self.show_policies(self._details, self._current, self._previous)


def _button(text: str, icon: str, colour: str, role: str) -> QPushButton:
    button = QPushButton(text)
    theme.set_icon(button, icon, colour)
    theme.set_role(button, role)
    return button
