"""A menu of labels of the selected episodes: those in use, ticked where they apply, and a field for new ones."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QMenu, QToolButton, QWidgetAction

from mile_desktop.ui.theme import theme


class LabelMenu(QToolButton):
    """Emits ``opening``, and shows what ``show_labels`` is given then; window's thread only.

    ``many``: an episode can have several labels, so that a click on one that all have takes it away.
    """

    opening = Signal()
    """The menu is about to be shown and needs its labels."""
    chosen = Signal(str, bool)
    """Text, and whether the episodes get it; False: it is taken away."""

    def __init__(self, title: str, hint: str, placeholder: str, *, many: bool = False) -> None:
        super().__init__()
        self._many = many
        self._all: frozenset[str] = frozenset()
        self.setText(title)
        self.setAccessibleName(title)
        self.setToolTip(hint)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        self.setMenu(menu)
        self._field = QLineEdit()
        self._field.setPlaceholderText(f"{placeholder}, then Enter")
        self._field.setAccessibleName(placeholder)
        theme.bound(self._field, least_width=280)
        self._entry = QWidgetAction(menu)
        self._entry.setDefaultWidget(self._field)
        menu.addAction(self._entry)
        menu.aboutToShow.connect(self._prepare)
        menu.triggered.connect(self._triggered)
        self._field.returnPressed.connect(self._typed)

    def show_labels(self, labels: Sequence[str], found: Mapping[str, int], selected: int) -> None:
        """Offer ``labels``; ``found``: how many of the ``selected`` episodes have each."""
        menu = self.menu()
        for action in menu.actions():
            if action is not self._entry:
                menu.removeAction(action)
                action.deleteLater()
        self._all = frozenset(each for each, count in found.items() if count == selected)
        for label in labels:
            count = found.get(label, 0)
            some = f"  ({count} of {selected})" if 0 < count < selected else ""
            # An ampersand would underline the letter behind it.
            action = QAction(label.replace("&", "&&") + some, menu)
            action.setData(label)
            action.setCheckable(True)
            action.setChecked(label in self._all)
            menu.insertAction(self._entry, action)

    def open(self) -> None:
        """Show the menu, with the keyboard in the field for new labels."""
        if self.isEnabled():
            self.showMenu()

    def _prepare(self) -> None:
        self._field.clear()
        self.opening.emit()

    def _typed(self) -> None:
        text = self._field.text()
        self.menu().close()
        self.chosen.emit(text, True)

    def _triggered(self, action: QAction) -> None:
        label = str(action.data())
        taken = label in self._all
        if action is not self._entry and (self._many or not taken):
            self.chosen.emit(label, not taken)
