"""Garbage collection on the window's thread only.

Python collects reference cycles on the thread that happens to allocate an object, and some threads of the window read
pipes all the time. A cycle with a widget or a plot item in it would be collected there, but Qt objects may only be
deleted on their own thread: from time to time the window would end with a segmentation fault.
"""

import gc

from PySide6.QtCore import QObject, QTimer

# Often enough that little piles up and each pass stays short.
_COLLECT_MS = 100
# By Python's thresholds alone an hour can pass before old objects are looked through: a quiet window allocates little,
# and what a closed dialog or an ended process holds would stay for as long.
_EVERYTHING_MS = 60_000


class GarbageCollector(QObject):
    """Collects in place of Python, in small steps, until it is closed; everything runs on the window's thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_COLLECT_MS)
        self._timer.timeout.connect(collect_due)
        self._timer.start()
        self._everything = QTimer(self)
        self._everything.setInterval(_EVERYTHING_MS)
        self._everything.timeout.connect(gc.collect)
        self._everything.start()

    def freeze_loaded(self) -> None:
        """Leave out, from now on, every object that exists now: to look through them blocks the window for 40 ms.

        It is called after every load. What was left out at the load before is looked through once more: some of it, for
        example a process that has ended, is garbage by now and would never be freed.
        """
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Let Python collect by itself again."""
        self._timer.stop()
        self._everything.stop()
        gc.enable()


def collect_due() -> None:
    """Collect the generations that are due by Python's own thresholds."""
    due = [count > limit for count, limit in zip(gc.get_count(), gc.get_threshold(), strict=True)]
    if due[0]:
        # As in Python itself: an older generation is looked through only when the younger ones are due, too.
        gc.collect(2 if all(due) else 1 if due[1] else 0)
