"""The question before the window closes: what runs, what becomes of it, and nothing ends before the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QMessageBox

from mile_desktop.ui.shell.main_window import MainWindow

TITLE = "Close MILE Desktop?"


@dataclass(frozen=True, slots=True)
class RunningWork:
    """Something that runs while the person closes the window."""

    text: str
    """What runs, and what becomes of it when the window closes; one or two sentences."""
    also: str = ""
    """Label of a box for what can be ended as well, for example ``Cancel the training, too``; empty for nothing."""
    end: Callable[[], object] | None = None
    """Called after the answer *Close* if the box is ticked."""


def ask_to_close(window: MainWindow, running: Sequence[RunningWork]) -> bool:
    """Ask once about everything that runs; return whether the window may close.

    Nothing is ended before the answer. *Stay* is the default, so Enter and Esc change nothing.
    """
    box = QMessageBox(QMessageBox.Icon.Question, "Close", TITLE, QMessageBox.StandardButton.NoButton, window)
    # The text may hold names that people chose, and Qt would read < and > in them as HTML.
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText("\n\n".join(work.text for work in running))
    close = box.addButton("Close", QMessageBox.ButtonRole.DestructiveRole)
    stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    ends = next((work for work in running if work.end is not None), None)
    also = QCheckBox(ends.also, box) if ends is not None else None
    if also is not None:
        box.setCheckBox(also)
    window.question_replaced.connect(box.reject)  # the system may end the program while the question is open
    box.exec()
    closes = box.clickedButton() is close
    if closes and also is not None and also.isChecked() and ends is not None and ends.end is not None:
        ends.end()
    box.deleteLater()
    return closes
