"""Exports a plot: to the clipboard, or to a file as picture, drawing or numbers."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, QRect, Qt
from PySide6.QtGui import QAction, QGuiApplication, QImage, QKeySequence, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QMenu, QToolTip, QWidget

from mile_desktop.privacy import give_own_rights
from mile_desktop.ui.plots.figure import LegendEntry, figure
from mile_desktop.ui.plots.table import Table
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.file_folder import file_dialog
from mile_desktop.ui.widgets.menu_key import MenuKey

_SHOWN_MS = 8000
_FILTERS = {"png": "Picture (*.png)", "svg": "Drawing (*.svg)", "csv": "Numbers (*.csv)"}


class PlotExport(QObject):
    """Gives a widget the menu of a plot: by right mouse button, menu key or Shift+F10; Ctrl+C copies the picture.

    Parameters
    ----------
    plot
        Any widget that draws itself, a plot of pyqtgraph or one that paints; owns this object.
    name
        What the plot shows; also the proposed file name.
    numbers
        Returns the numbers that are drawn now.
    legend
        Returns what a saved picture needs as legend; by default nothing.
    """

    def __init__(
        self,
        plot: QWidget,
        name: str,
        numbers: Callable[[], Table],
        legend: Callable[[], Sequence[LegendEntry]] = tuple,
    ) -> None:
        super().__init__(plot)
        self._plot = plot
        self._name = name
        self._numbers = numbers
        self._legend = legend
        self._dialog: QFileDialog | None = None
        self._copy = _action("Copy picture", self.copy_picture, self)
        self._copy.setShortcut(QKeySequence.StandardKey.Copy)
        # Several plots share a page; Ctrl+C means the one with the focus.
        self._copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._actions = (
            self._copy,
            _action("Copy numbers", self.copy_numbers, self),
            _action("Save picture or numbers …", self.show_save_dialog, self),
        )
        plot.addAction(self._copy)
        if plot.focusPolicy() is Qt.FocusPolicy.NoFocus:
            plot.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if not plot.accessibleName():
            plot.setAccessibleName(name)
        plot.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        plot.customContextMenuRequested.connect(self._open_menu)
        MenuKey(plot)

    def copy_picture(self) -> None:
        """Copy the plot to the clipboard as a picture."""
        QGuiApplication.clipboard().setImage(self._picture())
        self._show_message("The picture is on the clipboard.")

    def copy_numbers(self) -> None:
        """Copy the numbers to the clipboard as a table that spreadsheets accept."""
        QGuiApplication.clipboard().setText(self._numbers().as_csv("\t"))
        self._show_message("The numbers are on the clipboard.")

    def show_save_dialog(self) -> None:
        """Ask for a file in a dialog that is not modal, because the robot may move meanwhile, and save there."""
        if self._dialog is None:
            self._dialog = file_dialog(self._plot.window(), f"Save {self._name}")
            self._dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            self._dialog.setNameFilters(list(_FILTERS.values()))
            self._dialog.fileSelected.connect(self._save_chosen)
        # Each time: the person may have typed another name before.
        self._dialog.selectFile(_file_name(self._name))
        self._dialog.show()

    def save(self, file: Path) -> None:
        """Write ``file`` in the format of its ending.

        Raises
        ------
        ValueError
            When it ends in none of png, svg and csv.
        OSError
            When it cannot be written.
        """
        kind = file.suffix.lower().lstrip(".")
        if kind not in _FILTERS:
            raise ValueError(f"{file.name} does not end in .png, .svg or .csv; give the file one of these endings.")
        if kind == "csv":
            file.write_text(self._numbers().as_csv(), encoding="utf-8")
        elif kind == "svg":
            self._draw_svg(file)
        elif not self._picture().save(str(file)):
            raise OSError(f"{file} could not be written; choose another folder.")
        give_own_rights(file)

    def _save_chosen(self, chosen: str) -> None:
        file = Path(chosen)
        if not file.suffix and self._dialog is not None:
            ending = next(kind for kind, text in _FILTERS.items() if text == self._dialog.selectedNameFilter())
            file = file.with_suffix(f".{ending}")
        try:
            self.save(file)
        except (OSError, ValueError) as error:
            self._show_message(str(error))
        else:
            self._show_message(f"Saved as {file}.")

    def _picture(self) -> QImage:
        return figure(self._plot, self._name, self._legend())

    def _draw_svg(self, file: Path) -> None:
        with file.open("ab"):
            pass  # QSvgGenerator gives no reason when it cannot write; opening the file raises an OSError with one
        generator = QSvgGenerator()
        generator.setFileName(str(file))
        generator.setSize(self._plot.size())
        generator.setViewBox(QRect(QPoint(), self._plot.size()))
        generator.setTitle(self._name)
        painter = QPainter(generator)
        painter.fillRect(self._plot.rect(), theme.token("panel"))
        QWidget.render(self._plot, painter, QPoint())
        painter.end()

    def _open_menu(self, position: QPoint) -> None:
        menu = QMenu(self._plot)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self._actions)
        menu.popup(self._plot.mapToGlobal(position))

    def _show_message(self, text: str) -> None:
        middle = self._plot.mapToGlobal(self._plot.rect().center())
        QToolTip.showText(middle, text, self._plot, self._plot.rect(), _SHOWN_MS)


def _action(text: str, slot: Callable[[], None], parent: QObject) -> QAction:
    action = QAction(text, parent)
    action.triggered.connect(slot)
    return action


def _file_name(name: str) -> str:
    return re.sub(r"[^\w]+", "-", name.lower()).strip("-") + ".png"
