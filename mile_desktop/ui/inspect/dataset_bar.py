"""The menu for exports and imports of data sets, with the progress of the one that runs."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QProgressBar, QPushButton, QToolButton, QWidget

from mile_desktop.ui.theme import theme


class DatasetBar(QWidget):
    """Requests by signals; decides nothing. Window's thread only."""

    export_requested = Signal()
    import_requested = Signal(bool)
    """True: a folder, False: a file."""
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.export_action = QAction("Export …", self)
        self.export_action.setToolTip("Write the selected episodes as a data set for other programs")
        self._import_folder, self._import_file = (
            QAction("Import a folder …", self),
            QAction("Import a file …", self),
        )
        self._menu_button, self._progress, self._cancel = QToolButton(), QProgressBar(), QPushButton("Cancel")
        self._lay_out()
        self.export_action.triggered.connect(self.export_requested)
        self._import_folder.triggered.connect(self._folder_wanted)
        self._import_file.triggered.connect(self._file_wanted)
        self._cancel.clicked.connect(self.cancel_requested)
        self.show_idle()

    def show_idle(self) -> None:
        """Show the menu."""
        self._menu_button.show()
        self._progress.hide()
        self._cancel.hide()

    def show_progress(self, share: float, text: str) -> None:
        """Show the share that is done, in [0, 1], in place of the menu; ``text`` as a tooltip."""
        self._menu_button.hide()
        self._progress.show()
        self._cancel.show()
        self._cancel.setEnabled(True)
        self._progress.setValue(round(100 * share))
        self._progress.setToolTip(text)

    def show_cancelling(self) -> None:
        """Take no second press."""
        self._cancel.setEnabled(False)

    def _lay_out(self) -> None:
        menu = QMenu(self)
        menu.addActions([self.export_action, self._import_folder, self._import_file])
        menu.setToolTipsVisible(True)
        self._menu_button.setText("Data")
        self._menu_button.setAccessibleName("Export or import episodes")
        self._menu_button.setToolTip("Export the selected episodes, or import a data set (it can be dropped here)")
        self._menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu_button.setMenu(menu)
        theme.set_role(self._menu_button, "control")
        self._progress.setRange(0, 100)
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName("Progress of the export or import")
        theme.bound(self._progress, most_width=96)
        theme.set_role(self._cancel, "control")
        row = QHBoxLayout(self)
        theme.space(row, (0, 0, 0, 0), 6)
        for widget in (self._menu_button, self._progress, self._cancel):
            row.addWidget(widget)

    def _folder_wanted(self) -> None:
        self.import_requested.emit(True)

    def _file_wanted(self) -> None:
        self.import_requested.emit(False)
