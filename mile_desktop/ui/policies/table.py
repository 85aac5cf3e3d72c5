"""The table of policies: rows of ``PoliciesModel`` with the family tree painted beside them."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QWidget

from mile_desktop.ui.policies.delegates import LineageDelegate, SuccessDelegate
from mile_desktop.ui.policies.model import DATA, LINEAGE, MADE, METHOD, PARENT, SUCCESS, PoliciesModel
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.tables import NarrowingTable

_ROW_HEIGHT = 40
_LEAST_NOTE = 96
_LEFT_OUT_FIRST = (PARENT, MADE, DATA, METHOD)
"""The lineage shows the parent, and the panel beside the table says all of it."""


class PoliciesTable(NarrowingTable):
    """Shows one policy a row; a double click edits names and notes."""

    def __init__(self, model: PoliciesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName("Policies")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.verticalHeader().hide()
        self.setItemDelegateForColumn(LINEAGE, LineageDelegate(self))
        self.setItemDelegateForColumn(SUCCESS, SuccessDelegate(self))
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setHighlightSections(False)
        theme.signals().changed.connect(self._restyle)
        self._restyle()
        self.may_leave_out(_LEFT_OUT_FIRST, _LEAST_NOTE)

    def _restyle(self) -> None:
        self.verticalHeader().setDefaultSectionSize(theme.px(_ROW_HEIGHT))
        self.viewport().update()
