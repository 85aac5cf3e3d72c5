"""Whose takeovers a training learns from, where several people have operated."""

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from mile_desktop.storage.operator_names import NO_NAME

_TIP = (
    "Whose episodes policy and p learn from. Episodes in which no person could take over stay in.\n"
    "The counts of steps to leave out are those of everyone"
)
_EVERYONE = "everyone"


class OperatorChoice(QToolButton):
    """A menu with a tick for each person; hidden where there is only one. Lives on the window's thread."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # The names without a tick are kept, so that a person who operates for the first time is learned from.
        self._left_out: set[str] = set()
        self._found: tuple[str, ...] = ()
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip(_TIP)
        menu = QMenu(self)
        menu.triggered.connect(self._toggled)
        self.setMenu(menu)
        self.show_takeovers({})

    def show_takeovers(self, takeovers: Mapping[str, int]) -> None:
        """Offer these people, each with the number of takeovers; ``NO_NAME`` stands for episodes without a name."""
        self._found = tuple(takeovers)
        menu = self.menu()
        menu.clear()
        for name, count in takeovers.items():
            title = "No name" if name == NO_NAME else name.replace("&", "&&")
            action = menu.addAction(f"{title} · {count} takeover{'' if count == 1 else 's'}")
            action.setData(name)
            action.setCheckable(True)
            action.setChecked(name not in self._left_out)
        self.setVisible(len(takeovers) > 1)
        self._show_text()

    @property
    def names(self) -> tuple[str, ...]:
        """Whose episodes are learned from; empty: everyone's."""
        chosen = tuple(each for each in self._found if each not in self._left_out)
        return () if len(chosen) == len(self._found) else chosen

    def _toggled(self, action: QAction) -> None:
        name = str(action.data())
        (self._left_out.discard if action.isChecked() else self._left_out.add)(name)
        # Without anyone there would be nothing to learn from; the last tick stays.
        if self._found and not {*self._found} - self._left_out:
            self._left_out.discard(name)
            action.setChecked(True)
        self._show_text()

    def _show_text(self) -> None:
        names = ("no name" if each == NO_NAME else each for each in self.names)
        text = f"Learn from: {', '.join(names) or _EVERYONE}"
        self.setText(text)
        self.setAccessibleName(text)
