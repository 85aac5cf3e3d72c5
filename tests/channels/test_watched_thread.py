"""A thread that fails is noticed by those who depend on it."""

import logging
import threading

import pytest

from mile_desktop.channels.watched_thread import WatchedThread


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(0), MemoryError()])
def test_an_error_is_kept_logged_and_reported_after_it_is_known(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    def fail() -> None:
        raise error

    thread = WatchedThread(fail, "failing", on_failure=lambda: seen.append(thread.failure))
    with caplog.at_level(logging.ERROR):
        thread.start()
        assert thread.join(10.0)
    assert seen == [thread.failure]
    assert thread.failure.startswith(f"{type(error).__name__}: ")
    assert "failing" in caplog.text


def test_a_thread_that_ends_as_it_should_reports_nothing() -> None:
    wait = threading.Event()
    thread = WatchedThread(lambda: None if wait.wait(10.0) else pytest.fail("late"), "good", on_failure=pytest.fail)
    assert thread.join(0.0), "it was never started"
    thread.start()
    assert thread.alive
    assert not thread.join(0.01)
    wait.set()
    assert thread.join()
    assert (thread.alive, thread.failure) == (False, "")
