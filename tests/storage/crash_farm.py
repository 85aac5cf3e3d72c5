"""Runs the workspace's operations in processes that are killed with SIGKILL at every point there is.

``python -m tests.storage.crash_farm OPERATION FOLDER`` forks one child for each kill point 1, 2, 3 …; a point is an
audit event about a file of the workspace (opened, made, renamed, removed) or an SQL statement about to run. The first
child that gets to the end closes the series. ``OPERATION@random`` kills from outside at random times instead.
Prints one JSON object a child: its folder, the steps it had acknowledged, and whether it got to the end.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from mile_desktop.storage.catalogue import delete_episode
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, a_step

_FILE_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "sqlite3.connect"}
RANDOM_TRIALS = 15
Acknowledge = Callable[[], None]


class Killer:
    """Ends this very process, without any clean-up, when it comes to its ``point``-th event."""

    def __init__(self, folder: Path, point: int | None) -> None:
        self._folder = str(folder)
        self._left = point
        sys.addaudithook(self._audit)

    def watch(self, workspace: Workspace) -> None:
        workspace.connection().set_trace_callback(self._count)

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in _FILE_EVENTS and str(arguments[0]).startswith(self._folder):
            self._count(event)

    def _count(self, _what: str) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def record(folder: Path, point: int | None, acknowledge: Acknowledge, *, steps: int = 3, end: str = "success") -> None:
    with Workspace.open(folder) as workspace:
        journal = EpisodeJournal(workspace)
        killer = Killer(folder, point)
        killer.watch(workspace)
        journal.begin(a_start("ep-killed"))
        for index in range(steps):
            journal.append(a_step(index, human=index % 2 == 1))
            acknowledge()
        journal.discard() if end == "discard" else journal.close("success")


def record_and_discard(folder: Path, point: int | None, acknowledge: Acknowledge) -> None:
    record(folder, point, acknowledge, end="discard")


def record_for_long(folder: Path, point: int | None, acknowledge: Acknowledge) -> None:
    record(folder, point, acknowledge, steps=100_000)


def recover_again(folder: Path, point: int | None, acknowledge: Acknowledge) -> None:
    """Recovery itself is killed; ``folder`` holds a copy of a workspace with a dead process's journal."""
    shutil.copytree(folder.parent.parent / "dead", folder)
    with Workspace.open(folder) as workspace:
        killer = Killer(folder, point)
        killer.watch(workspace)
        recover(workspace)


def put_in_bin(folder: Path, point: int | None, acknowledge: Acknowledge) -> None:
    record(folder, None, acknowledge)
    with Workspace.open(folder) as workspace:
        killer = Killer(folder, point)
        killer.watch(workspace)
        delete_episode(workspace, "ep-killed")


def open_new(folder: Path, point: int | None, acknowledge: Acknowledge) -> None:
    Killer(folder, point)
    Workspace.open(folder).close()


OPERATIONS = {
    "record": record,
    "discard": record_and_discard,
    "long": record_for_long,
    "recover": recover_again,
    "bin": put_in_bin,
    "open": open_new,
}


def trial(operation: str, folder: Path, point: int | None, delay_s: float | None = None) -> dict[str, object]:
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            OPERATIONS[operation](folder, point, lambda: os.write(sink, b"."))
        except Exception:  # noqa: BLE001 - the child ends here, whatever it is
            traceback.print_exc()
            os._exit(3)
        os._exit(0)
    os.close(sink)
    acknowledged = 0
    if delay_s is not None:
        acknowledged += len(os.read(source, 1))
        time.sleep(delay_s)
        os.kill(child, signal.SIGKILL)
    while data := os.read(source, 65536):
        acknowledged += len(data)
    os.close(source)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in {0, -signal.SIGKILL}:
        raise RuntimeError(f"{operation} at point {point} ended with {status}")
    return {"folder": str(folder), "acknowledged": acknowledged, "finished": status == 0}


def say(result: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


def main() -> None:
    operation, _, when = sys.argv[1].partition("@")
    root = Path(sys.argv[2])
    if when:
        seeded = random.Random(3)
        for index in range(RANDOM_TRIALS):
            say(trial(operation, root / f"{index}", None, seeded.uniform(0.0, 0.03)))
        return
    point, finished = 0, False
    while not finished:
        point += 1
        result = trial(operation, root / f"{point}", point)
        finished = bool(result["finished"])
        say(result)


if __name__ == "__main__":
    main()
