"""The Policies page: every policy with its lineage, what it is and can do, any two compared."""

from collections.abc import Mapping

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.ui.plots.series import Curve
from mile_desktop.ui.policies.about_view import AboutPolicy
from mile_desktop.ui.policies.comparison_view import PolicyComparison
from mile_desktop.ui.policies.model import PolicyDetails, parents_of
from mile_desktop.ui.policies.table_model import NAME, NOTE, Index, PoliciesModel
from mile_desktop.ui.policies.table_view import PoliciesTable
from mile_desktop.ui.shell.shortcuts import tooltip
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.menu_key import MenuKey
from mile_desktop.ui.widgets.page_frame import EmptyState, PageFrame
from mile_desktop.ui.widgets.policy_entry import PolicyEntry
from mile_desktop.ui.widgets.splitter import Splitter

_SHARES = (826, 484)
"""How table and panel divide the room of a window of 1440 pixels."""


class PoliciesPage(PageFrame):
    """A table, buttons and what is known of the chosen policy; asks by signals, changes nothing itself."""

    promote_requested = Signal(str)
    """Id of the policy that is to drive from the next episode on."""
    roll_back_requested = Signal(str)
    """Id of the policy that drove before."""
    note_changed = Signal(str, str)
    """Policy id and its new note."""
    renamed = Signal(str, str)
    """Policy id and its new name."""
    archive_requested = Signal(str, bool)
    """Policy id, and whether it is to be put away or brought back."""
    export_requested = Signal(str)
    """Policy id."""
    import_requested = Signal(bool)
    """Whether a folder is to be chosen rather than a file."""
    dropped = Signal(str)
    """A file or folder was dropped on the page."""
    evaluate_requested = Signal(object)
    """Ids of policies."""
    chosen_changed = Signal()
    """Another policy is chosen: how it learned is wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Policies",
            "Every policy of this scene, newest first. A promoted one drives from the next episode on.",
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
        self._tabs = QTabWidget()
        self._views = QStackedWidget()
        self.setAcceptDrops(True)
        self._lay_out()
        self._connect()
        self.show_policies({}, "")

    # ── what it shows ────────────────────────────────────────────────────────────────────────────────────────────

    def show_policies(self, details: Mapping[str, PolicyDetails], current: str, previous: str = "") -> None:
        """Show policies, newest first; ``current`` drives and ``previous`` drove before it (ids)."""
        chosen = self._chosen()
        self._details, self._current, self._previous = details, current, previous
        entries = [each.entry for each in details.values() if self._archived.isChecked() or not each.entry.archived]
        self._model.show_policies(entries, current, parents_of(details.values()))
        self._views.setCurrentIndex(0 if details else 1)
        self.comparison.show_policies({each.policy_id: details[each.policy_id] for each in entries})
        self.choose(chosen.policy_id if chosen else current)
        self._refresh()

    def choose(self, policy_id: str) -> bool:
        """Choose a policy; return whether it is in the list."""
        row = self._model.row_of(policy_id)
        if row < 0 and self._model.entries:
            row = 0
        if row >= 0:
            self._table.selectRow(row)
        return row >= 0 and self._model.entries[row].policy_id == policy_id

    def compare(self, first: str, second: str) -> None:
        """Bring the comparison of two policies to the front."""
        self.comparison.choose(first, second)
        self.turn_to_comparison()

    def turn_to_comparison(self) -> None:
        """Bring the comparison to the front."""
        self._tabs.setCurrentWidget(self.comparison)

    def turn_to_about(self) -> None:
        """Bring what is known of the chosen policy to the front."""
        self._tabs.setCurrentWidget(self.about)

    @property
    def chosen(self) -> PolicyDetails | None:
        """The policy that is chosen."""
        entry = self._chosen()
        return self._details.get(entry.policy_id) if entry else None

    def show_chosen(self, curves: dict[str, Curve]) -> None:
        """Show the chosen policy and how it learned."""
        chosen = self.chosen
        if chosen is not None:
            self.about.show_policy(chosen, curves)

    # ── what people do ───────────────────────────────────────────────────────────────────────────────────────────

    def use_chosen(self) -> None:
        """Ask that the chosen policy drives."""
        chosen = self._chosen()
        if chosen is not None and chosen.policy_id != self._current:
            self.promote_requested.emit(chosen.policy_id)

    def rename_chosen(self) -> None:
        """Open the name of the chosen policy for typing."""
        self._edit(NAME)

    def archive_chosen(self) -> None:
        """Ask that the chosen policy is put away, or brought back."""
        chosen = self._chosen()
        if chosen is not None:
            self.archive_requested.emit(chosen.policy_id, not chosen.archived)

    def export_chosen(self) -> None:
        """Ask that the chosen policy is exported."""
        chosen = self._chosen()
        if chosen is not None:
            self.export_requested.emit(chosen.policy_id)

    def ask_for_file(self) -> None:
        """Ask that a policy is imported from a file."""
        self.import_requested.emit(False)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Ask that what was dropped is imported."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.dropped.emit(url.toLocalFile())

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _make_actions(self) -> None:
        self._rename = QAction("Rename", self)
        self._note = QAction("Write a note", self)
        self._export = QAction("Export …", self)
        self._archive = QAction("Put away", self)
        self._import_file = QAction("Import a file …", self)
        self._import_folder = QAction("Import a folder …", self)
        self._archived = QAction("Show those that were put away", self)
        self._archived.setCheckable(True)

    def _lay_out(self) -> None:
        self._more.setText("More")
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more.setMenu(self._menu())
        buttons = QHBoxLayout()
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
        splitter = Splitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(self._tabs)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([theme.px(each) for each in _SHARES])
        self._views.addWidget(splitter)
        self._views.addWidget(
            EmptyState(
                "mdi6.source-path",
                "No policies yet",
                "Load a scene: its bundled policy appears here, and every retraining adds one. "
                "A policy from elsewhere can be dropped here.",
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
        self._use.clicked.connect(self.use_chosen)
        self._use.setToolTip(tooltip("Let the chosen policy drive from the next episode on", "policies_use"))
        self._back.clicked.connect(self._roll_back)
        self._evaluate.clicked.connect(self._ask_to_evaluate)
        self._rename.triggered.connect(self.rename_chosen)
        self._note.triggered.connect(self._edit_note)
        self._export.triggered.connect(self.export_chosen)
        self._archive.triggered.connect(self.archive_chosen)
        self._import_file.triggered.connect(self.ask_for_file)
        self._import_folder.triggered.connect(self._ask_for_folder)
        self._archived.toggled.connect(self._show_again)
        self.comparison.evaluate_requested.connect(self.evaluate_requested)
        self.about.parent_requested.connect(self._go_to)

    def _chosen(self) -> PolicyEntry | None:
        row = self._table.currentIndex().row()
        return self._model.entries[row] if 0 <= row < len(self._model.entries) else None

    def _selection_changed(self) -> None:
        self._refresh()
        self.chosen_changed.emit()
        self._compare_with_parent()

    def _compare_with_parent(self) -> None:
        """Offer to compare the chosen policy with the one it comes from, if that is shown."""
        chosen = self._chosen()
        if chosen is not None and chosen.parent_id and self._model.row_of(chosen.parent_id) >= 0:
            self.comparison.choose(chosen.parent_id, chosen.policy_id)

    def _refresh(self) -> None:
        chosen = self._chosen()
        there, drives = chosen is not None, chosen is not None and chosen.policy_id == self._current
        self._use.setEnabled(there and not drives)
        self._evaluate.setEnabled(there)
        for action in (self._rename, self._note, self._export):
            action.setEnabled(there)
        self._archive.setEnabled(there and not drives)
        self._archive.setText("Bring back" if chosen is not None and chosen.archived else "Put away")
        before = self._details.get(self._previous) if self._previous != self._current else None
        self._back.setEnabled(before is not None)
        self._back.setText(f"Roll back to {before.entry.name}" if before else "Roll back")

    def _roll_back(self) -> None:
        self.roll_back_requested.emit(self._previous)

    def _ask_to_evaluate(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.evaluate_requested.emit((chosen.policy_id,))

    def _ask_for_folder(self) -> None:
        self.import_requested.emit(True)

    def _edit_note(self) -> None:
        self._edit(NOTE)

    def _edit(self, column: int) -> None:
        if self._chosen() is not None:
            self._table.edit(self._model.index(self._table.currentIndex().row(), column))

    def _double_clicked(self, index: Index) -> None:
        if index.column() not in {NAME, NOTE}:
            self.use_chosen()

    def _open_menu(self, position: QPoint) -> None:
        self._more.menu().popup(self._table.viewport().mapToGlobal(position))

    def _go_to(self, policy_id: str) -> None:
        if not self.choose(policy_id) and policy_id in self._details:
            self._archived.setChecked(True)
            self.choose(policy_id)

    def _show_again(self) -> None:
        self.show_policies(self._details, self._current, self._previous)


def _button(text: str, icon: str, colour: str, role: str) -> QPushButton:
    button = QPushButton(text)
    theme.set_icon(button, icon, colour)
    theme.set_role(button, role)
    return button
