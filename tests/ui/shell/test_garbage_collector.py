import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.garbage_collector import GarbageCollector


class Cycle:
    """Refers to itself, so that only the garbage collector can delete it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collector(qtbot: QtBot) -> Iterator[GarbageCollector]:
    parent = QObject()
    collector = GarbageCollector(parent)
    yield collector
    collector.close()
    gc.disable()  # the conftest of these tests collects by itself


def make_many(kept: list[object]) -> None:
    kept += [[number] for number in range(50_000)]


def test_garbage_is_collected_on_the_windows_thread_only(collector: GarbageCollector, qtbot: QtBot) -> None:
    gc.collect()
    died_on: list[threading.Thread] = []
    weakref.finalize(Cycle(), lambda: died_on.append(threading.current_thread()))
    kept: list[object] = []
    other = threading.Thread(target=make_many, args=(kept,))
    other.start()
    other.join()
    assert not died_on
    qtbot.waitUntil(lambda: bool(died_on))
    assert died_on == [threading.main_thread()]
