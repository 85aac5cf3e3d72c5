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


def test_what_a_load_left_out_and_has_died_since_is_collected_at_the_next_load(collector: GarbageCollector) -> None:
    died: list[bool] = []
    held = Cycle()
    weakref.finalize(held, lambda: died.append(True))
    collector.freeze_loaded()
    del held
    gc.collect()
    assert not died, "objects that are left out are not looked at"
    collector.freeze_loaded()
    assert died
    gc.unfreeze()
