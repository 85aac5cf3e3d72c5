import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.error_log import UncaughtError, UncaughtErrors, close_log, default_log_file, open_log


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    path = open_log(tmp_path / "log" / "window.log")
    assert path is not None
    yield path
    close_log()


@pytest.fixture
def errors(qapp: QApplication, log_file: Path) -> Iterator[UncaughtErrors]:
    errors = UncaughtErrors(log_file)
    errors.install()
    yield errors
    errors.uninstall()


def raise_in_thread(error: BaseException) -> None:
    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def report(errors: UncaughtErrors, error: BaseException) -> None:
    try:
        raise error
    except type(error):
        sys.excepthook(*sys.exc_info())


def test_an_error_is_logged_kept_and_said(errors: UncaughtErrors, log_file: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(errors.caught) as signal:
        report(errors, ValueError("the pad has 3 axes\nsecond line"))
    said: UncaughtError = signal.args[0]
    assert said.summary == (f"The program has an error (ValueError: the pad has 3 axes). Details are in {log_file}.")
    assert errors.kept == (said,)
    assert Path(__file__).name in said.details
    assert "the pad has 3 axes" in log_file.read_text()


def test_an_error_in_a_thread_reaches_the_window(errors: UncaughtErrors, qtbot: QtBot) -> None:
    with qtbot.waitSignal(errors.caught):
        raise_in_thread(OSError("gone"))
    assert "OSError: gone" in errors.kept[0].summary


def test_a_thread_that_exits_is_no_error(errors: UncaughtErrors) -> None:
    raise_in_thread(SystemExit(1))
    assert errors.kept == ()


def test_ctrl_c_is_passed_on(errors: UncaughtErrors, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[type] = []
    monkeypatch.setattr(errors, "_previous", lambda kind, *_: passed.append(kind))
    report(errors, KeyboardInterrupt())
    assert passed == [KeyboardInterrupt]
    assert errors.kept == ()


def test_memory_is_bounded(errors: UncaughtErrors) -> None:
    for number in range(80):
        report(errors, ValueError(str(number)))
    assert len(errors.kept) == 50


def test_uninstall_puts_the_old_hooks_back(qapp: QApplication) -> None:
    before = sys.excepthook, threading.excepthook
    errors = UncaughtErrors(None)
    errors.install()
    assert sys.excepthook != before[0]
    errors.uninstall()
    assert (sys.excepthook, threading.excepthook) == before


def test_without_a_writable_folder_there_is_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with caplog.at_level(logging.WARNING):
        assert open_log(blocker / "window.log") is None
    assert "No log file" in caplog.text


def test_the_log_lies_in_the_users_log_folder() -> None:
    assert default_log_file().name == "window.log"
