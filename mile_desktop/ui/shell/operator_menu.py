"""The menu in the header that says who operates: a name or code that is recorded with each episode."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QLineEdit, QMenu, QToolButton, QWidget, QWidgetAction

from mile_desktop.storage.operator_names import LONGEST_NAME
from mile_desktop.ui.theme import theme

_HINT = "Your name or a code. It is recorded with each episode from the next one on"
_NO_NAME = "No name"


class OperatorMenu(QToolButton):
    """Shows the name in force, offers the last ones, and takes a new one in the menu itself; window's thread only."""

    name_chosen = Signal(str)
    """A name as it was typed or chosen; empty: none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self._group = QActionGroup(self)
        self._field = QLineEdit()
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setToolTip(_HINT)
        menu = QMenu(self)
        self.setMenu(menu)
        # Typed in the menu and not in a dialog: nothing may cover the view while a robot moves.
        self._field.setPlaceholderText("Name or code, then Enter")
        self._field.setAccessibleName("Name or code of the operator")
        self._field.setMaxLength(LONGEST_NAME)
        self._field.returnPressed.connect(self._typed)
        theme.bound(self._field, least_width=200)
        self._entry = QWidgetAction(menu)
        self._entry.setDefaultWidget(self._field)
        menu.triggered.connect(self._triggered)
        menu.aboutToShow.connect(self._field.clear)
        theme.set_icon(self, "mdi6.account-outline", "secondary")
        self.show_names("", ())

    def show_names(self, name: str, remembered: Sequence[str]) -> None:
        """Show that ``name`` is in force, and offer the names that were used last."""
        self._name = name
        menu = self.menu()
        for action in self._group.actions():
            menu.removeAction(action)
            self._group.removeAction(action)
            action.deleteLater()
        menu.removeAction(self._entry)
        for each in ("", *remembered):
            action = menu.addAction(each or _NO_NAME)
            action.setData(each)
            action.setCheckable(True)
            action.setChecked(each == name)
            self._group.addAction(action)
        menu.addAction(self._entry)
        self.setAccessibleName(f"Operator: {name or _NO_NAME}")

    def fit(self, width: int) -> None:
        """Show as much of the name as fits into ``width`` px; 0: only the icon."""
        shown = self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideRight, width)
        self.setText(shown if width else "")

    def _typed(self) -> None:
        self.menu().close()
        self.name_chosen.emit(self._field.text())

    def _triggered(self, action: QAction) -> None:
        if action is not self._entry:
            self.name_chosen.emit(str(action.data()))
