"""The folder in which file dialogs open: that of the file chosen last, and at first the person's documents."""

from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

_last: list[str] = []
"""The folder chosen last, for all dialogs of this window."""


def file_dialog(parent: QWidget, title: str) -> QFileDialog:
    """Return a dialog that does not block the window, because the robot may be moving.

    Qt would open it in the folder from which the program was started.
    """
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    first = documents if Path(documents).is_dir() else str(Path.home())
    dialog = QFileDialog(parent, title, _last[0] if _last else first)
    dialog.setModal(False)
    dialog.fileSelected.connect(_remember)
    return dialog


def _remember(chosen: str) -> None:
    _last[:] = [str(Path(chosen).parent)]
