import sys
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.ui.clients.command_client import CommandClient, progress_of

TALKS = """
import json, sys
for share in (0.0, 0.5, 1.0):
    print(json.dumps({"progress": share, "text": "Reading"}))
sys.stdout.write(json.dumps({"cost": 2.5}) + "\\n")
"""
FAILS = "import sys; sys.stderr.write('a warning\\nmile-desktop: Nobody took over.\\n'); sys.exit(1)"
WAITS = "import time, sys; print('{}'); sys.stdout.flush(); time.sleep(60)"


class Listener:
    def __init__(self) -> None:
        self.client = CommandClient()
        self.said: list[dict[str, object]] = []
        self.ends: list[str] = []
        self.client.said.connect(self.said.append)
        self.client.finished.connect(self._finished)
        self.client.failed.connect(self.ends.append)
        self.client.cancelled.connect(self._cancelled)

    def _finished(self) -> None:
        self.ends.append("finished")

    def _cancelled(self) -> None:
        self.ends.append("cancelled")

    def start(self, program: str) -> bool:
        return self.client.start_program([sys.executable, "-c", program])


@pytest.fixture
def listener(qapp: object) -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.client.close()


def test_what_a_command_says_arrives_object_by_object(listener: Listener, qtbot: QtBot) -> None:
    assert listener.start(TALKS)
    assert listener.client.running
    assert not listener.start(TALKS)
    qtbot.waitUntil(lambda: bool(listener.ends))
    assert listener.ends == ["finished"]
    assert [each.get("progress") for each in listener.said] == [0.0, 0.5, 1.0, None]
    assert listener.said[-1] == {"cost": 2.5}
    assert not listener.client.running


def test_an_error_is_its_last_sentence(listener: Listener, qtbot: QtBot) -> None:
    listener.start(FAILS)
    qtbot.waitUntil(lambda: bool(listener.ends))
    assert listener.ends == ["Nobody took over."]


def test_a_program_that_is_not_there_is_an_error(listener: Listener, qtbot: QtBot) -> None:
    listener.client.start_program(["/nowhere/program"])
    qtbot.waitUntil(lambda: bool(listener.ends))
    assert not listener.client.running


def test_a_command_can_be_cancelled_and_another_one_started(listener: Listener, qtbot: QtBot) -> None:
    listener.start(WAITS)
    qtbot.waitUntil(lambda: bool(listener.said))
    listener.client.cancel()
    qtbot.waitUntil(lambda: bool(listener.ends))
    assert listener.ends == ["cancelled"]
    assert listener.start(TALKS)
    qtbot.waitUntil(lambda: len(listener.ends) == 2)
    assert listener.ends[1] == "finished"


def test_closing_ends_the_command_without_a_word(listener: Listener, qtbot: QtBot) -> None:
    listener.start(WAITS)
    qtbot.waitUntil(lambda: bool(listener.said))
    listener.client.close()
    assert not listener.client.running
    assert listener.ends == []
    assert not listener.start(WAITS)  # the last messages of a closing worker must not start work that outlives it
    assert not listener.client.running


def test_progress_says_the_time_left_where_the_command_knows_it() -> None:
    assert progress_of({"progress": 0.5, "text": "Reading"}) == (0.5, "Reading")
    assert progress_of({"progress": 0.5, "text": "Reading", "seconds_left": 200.0}) == (0.5, "Reading · 3 min left")
