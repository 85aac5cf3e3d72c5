"""Python's garbage is taken apart on the window's thread only.

Python collects cycles on whichever thread happens to make an object, and some of the window's threads read pipes all
the time. A cycle in which a widget or a plot's item hangs would be taken apart there, but Qt's objects may only die on
their own thread: once in a while the window would end with a segmentation fault.
"""

import gc

from PySide6.QtCore import QObject, QTimer

_SWEEP_MS = 100


class GarbageCollector(QObject):
    """Collects in place of Python, a little at a time, until it is closed; everything runs on the window's thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_SWEEP_MS)
        self._timer.timeout.connect(sweep)
        self._timer.start()

    def spare_what_stays(self) -> None:
        """Pass over what is there now for good: looking through it blocks the window for 40 ms."""
        gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Let Python collect by itself again."""
        self._timer.stop()
        gc.enable()


def sweep() -> None:
    """Collect as far as is due, by Python's own measure of what came since the last time."""
    due = [count > limit for count, limit in zip(gc.get_count(), gc.get_threshold(), strict=True)]
    if due[0]:
        gc.collect(2 if all(due) else 1 if due[1] else 0)
