"""An error in an override is reported, and Qt goes on; also while Python ends."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import pytest
from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QSize, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QSplitter, QTableView, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.widgets.override_guard import OverrideGuard, is_guarded, overrides

ROOT = Path(__file__).parents[3]


class Broken(OverrideGuard, QWidget):
    def sizeHint(self) -> QSize:
        raise ValueError("sizeHint")

    def paintEvent(self, event: QPaintEvent) -> None:
        raise ValueError("paintEvent")

    def resizeEvent(self, event: QResizeEvent) -> None:
        raise ValueError("resizeEvent")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        raise ValueError("eventFilter")


class BrokenModel(OverrideGuard, QAbstractTableModel):
    def rowCount(self, parent: QModelIndex) -> int:
        raise ValueError("rowCount")

    def columnCount(self, parent: QModelIndex) -> int:
        return 1

    def data(self, index: QModelIndex, role: int) -> object:
        raise ValueError("data")


class BrokenSplitter(OverrideGuard, QSplitter):
    def createHandle(self) -> object:
        raise ValueError("createHandle")


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Texts of the errors that reach the ordinary path of uncaught errors."""
    texts: list[str] = []

    def keep(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        texts.append(str(error))

    monkeypatch.setattr(sys, "excepthook", keep)
    return texts


def test_an_error_in_an_override_is_reported_and_qt_goes_on(
    themed: QApplication, qtbot: QtBot, reported: list[str]
) -> None:
    widget, child = Broken(), QWidget()
    qtbot.addWidget(widget)
    child.setParent(widget)
    child.installEventFilter(widget)
    widget.resize(40, 30)
    widget.show()
    qtbot.waitUntil(lambda: {"paintEvent", "resizeEvent", "eventFilter"} <= set(reported))
    assert not widget.sizeHint().isValid()
    assert child.isVisible(), "the filter that failed has not kept the event"


def test_a_table_without_rows_is_shown_when_a_model_fails(
    themed: QApplication, qtbot: QtBot, reported: list[str]
) -> None:
    table, model = QTableView(), BrokenModel()
    qtbot.addWidget(table)
    table.setModel(model)
    table.show()
    assert table.model().rowCount(QModelIndex()) == 0
    assert model.data(QModelIndex(), Qt.ItemDataRole.DisplayRole) is None
    assert {"rowCount", "data"} <= set(reported)


def test_a_splitter_gets_a_plain_handle(themed: QApplication, qtbot: QtBot, reported: list[str]) -> None:
    splitter = BrokenSplitter(Qt.Orientation.Horizontal)
    qtbot.addWidget(splitter)
    splitter.addWidget(QWidget())
    splitter.addWidget(QWidget())
    splitter.show()
    assert splitter.handle(1) is not None
    assert "createHandle" in reported


def test_a_subclass_is_guarded_too_and_other_methods_are_not() -> None:
    class Below(Broken):
        def hideEvent(self, event: object) -> None:
            raise ValueError("hideEvent")

        def own(self) -> None:
            raise ValueError("own")

    assert overrides(Below) == ("hideEvent",)
    assert is_guarded(Below.hideEvent)
    assert not is_guarded(Below.own)


CRASH = """
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from mile_desktop.ui.widgets.override_guard import OverrideGuard

class Page(OverrideGuard, QWidget):
    def hideEvent(self, event):
        raise RuntimeError("hidden while Python ends")

application = QApplication([])
window = QWidget()
layout = QVBoxLayout(window)
pages = [Page() for _ in range(3)]
for page in pages:
    layout.addWidget(page)
window.show()
application.processEvents()
"""


def test_errors_while_python_ends_are_no_segmentation_fault() -> None:
    """PySide alone ends with signal 11 here: three hidden widgets that raise are enough."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", CRASH], check=False, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("hidden while Python ends") == 3
