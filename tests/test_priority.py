import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from mile_desktop.priority import control_thread_real_time, enter_real_time, leave_real_time

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a program ask")


@pytest.fixture
def second_thread() -> Iterator[int]:
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    yield int(thread.native_id or 0)
    leave_real_time()
    ended.set()
    thread.join()


def test_every_thread_changes_class_and_back(second_thread: int) -> None:
    entered = enter_real_time()
    classes = {os.sched_getscheduler(each) for each in (0, second_thread)}
    assert classes == {os.SCHED_RR if entered else os.SCHED_OTHER}
    leave_real_time()
    assert {os.sched_getscheduler(each.id) for each in psutil.Process().threads()} == {os.SCHED_OTHER}


def test_only_the_control_thread_of_a_robots_side_is_in_the_real_time_class() -> None:
    with ThreadPoolExecutor(1) as other, ThreadPoolExecutor(1) as control:
        other.submit(int).result()
        if not control.submit(control_thread_real_time).result():
            pytest.skip("this account may not use the real-time class")
        assert control.submit(os.sched_getscheduler, 0).result() & os.SCHED_RR
        assert other.submit(os.sched_getscheduler, 0).result() == os.SCHED_OTHER
