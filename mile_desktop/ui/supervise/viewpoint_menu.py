"""The menu of saved viewpoints of the scene."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from mile_desktop.ui.shell import shortcuts

KEYS = 5
"""So many viewpoints have a key of their own, behind those of the scene's cameras."""


class ViewpointMenu(QMenu):
    """Lists what was saved for the scene; filled each time its owner opens, because scenes change."""

    chosen = Signal(int)
    """Number of a viewpoint, from 0."""
    save_asked = Signal()
    rename_asked = Signal(str)
    """Its name."""
    remove_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Viewpoints", parent)
        self._rename = QMenu("Rename", self)
        self._remove = QMenu("Remove", self)

    def fill(self, names: Sequence[str], *, can_save: bool) -> None:
        """List ``names``; ``can_save``: the picture has a viewpoint that could be saved."""
        for menu in (self, self._rename, self._remove):
            menu.clear()
        for index, name in enumerate(names):
            # Qt would take an ampersand as the mark of a key.
            text = name.replace("&", "&&")
            key = shortcuts.binding(f"viewpoint_{index + 1}").keys_text if index < KEYS else ""
            self.addAction(f"{text}\t{key}" if key else text, partial(self.chosen.emit, index))
            self._rename.addAction(f"{text} …", partial(self.rename_asked.emit, name))
            self._remove.addAction(text, partial(self.remove_asked.emit, name))
        if names:
            self.addSeparator()
        save = self.addAction(
            f"Save this viewpoint\t{shortcuts.binding('save_viewpoint').keys_text}", self.save_asked.emit
        )
        save.setEnabled(can_save)
        for menu in (self._rename, self._remove):
            self.addMenu(menu).setEnabled(bool(names))
