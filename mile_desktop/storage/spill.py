"""Steps that the database did not take before the program ended: a file beside it, taken up at the next start.

The file repeats what may also be in the journal (a write that was under way). Its checksum vouches for its steps, so
they replace those of the same number, and taking it up can be repeated after a kill.
"""

import logging
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from mile_desktop.storage.aside import move_aside
from mile_desktop.storage.durable import write_durably
from mile_desktop.storage.episodes import find_episode, read_record
from mile_desktop.storage.errors import UnknownEpisodeError, WorkspaceError, translated
from mile_desktop.storage.ids import checked_id, new_id
from mile_desktop.storage.journal import adopt_journal, finish_journal
from mile_desktop.storage.owner import Owner, is_alive, this_process
from mile_desktop.storage.records import EpisodeRecord, EpisodeStart, Outcome
from mile_desktop.storage.workspace import Workspace

_log = logging.getLogger(__name__)

_FORMAT = 1
_PATTERN = "unwritten-*.msgpack"
_LOCK = "recovery.lock"
_LOCK_S = 10.0
_CHECKSUM_BYTES = 4


class UnwrittenEpisode(msgspec.Struct, frozen=True):
    """What the database did not take of one episode."""

    start: EpisodeStart
    steps: list[tuple[int, bytes]] = []
    """Number within the episode and encoded step."""
    outcome: Outcome | None = None
    """How the episode ended; None if it had not."""
    deleted: bool = False
    """It was discarded."""


class _Spill(msgspec.Struct, frozen=True):
    format: int
    host: str
    pid: int
    process_started: float
    process: str
    written_at: float
    episodes: list[UnwrittenEpisode]

    @property
    def owner(self) -> Owner:
        return Owner(self.host, self.pid, self.process_started, self.process)


def write_spill(folder: Path, episodes: Sequence[UnwrittenEpisode]) -> Path:
    """Write the file beside the database; it is on the disk when this returns. Raises ``WorkspaceError``."""
    owner = this_process()
    spill = _Spill(_FORMAT, owner.host, owner.pid, owner.process_started, owner.process, time.time(), list(episodes))
    body = msgspec.msgpack.encode(spill)
    # A new name each time: the file of an earlier run may still wait to be taken up.
    path = folder / f"{new_id('unwritten')}.msgpack"
    with translated(folder):
        # The checksum comes first in the file, so that it can be checked before anything is decoded.
        write_durably(path, zlib.crc32(body).to_bytes(_CHECKSUM_BYTES, "big") + body)
    return path


def unwritten_files(workspace: Workspace) -> tuple[Path, ...]:
    """Return the files that wait to be taken up, oldest first."""
    return tuple(sorted(workspace.folder.glob(_PATTERN)))


def take_up_spills(workspace: Workspace, report: Callable[[str], None]) -> tuple[EpisodeRecord, ...]:
    """Add what ended processes could not write, and return the episodes; ``report`` gets one sentence for each file.

    Files of living processes stay. A file that cannot be read is moved aside.
    """
    if not unwritten_files(workspace):
        return ()
    lock = FileLock(workspace.folder / _LOCK, timeout=_LOCK_S)
    try:
        with lock:  # one process takes the files up; a second one would find the journals half filled
            found = [_take_up_or_keep(workspace, path, report) for path in unwritten_files(workspace)]
    except Timeout:
        return ()  # the other process does it
    return tuple(record for records in found for record in records)


def _take_up_or_keep(workspace: Workspace, path: Path, report: Callable[[str], None]) -> list[EpisodeRecord]:
    try:
        return _take_up(workspace, path, report)
    except WorkspaceError:
        raise  # the disk or the database: nothing else could be recovered either, and the file stays
    except Exception as error:  # noqa: BLE001 - one file must not keep the window from opening
        _log.exception("The steps in %s could not be added to their episodes", path)
        report(f"The steps in {path.name} could not be added to their episodes ({error}); the file stays.")
        return []


def _take_up(workspace: Workspace, path: Path, report: Callable[[str], None]) -> list[EpisodeRecord]:
    try:
        spill = _read(path)
    except (OSError, ValueError, msgspec.MsgspecError, RecursionError) as error:
        moved = move_aside(workspace, path)
        report(
            f"{path.name}, a file with steps that were not recorded in time, cannot be read ({error}); it is {moved}."
        )
        return []
    # Its process may still be writing to the journal.
    if is_alive(spill.owner, spill.written_at):
        return []
    found = [_take_up_episode(workspace, unwritten, report) for unwritten in spill.episodes]
    if all(complete for _, complete in found):
        with translated(workspace.folder):
            path.unlink()
        steps = sum(len(each.steps) for each in spill.episodes)
        report(f"{steps} steps that could not be written when the program ended were added to their episodes.")
    else:
        report(
            f"{path.name} holds steps of an episode that is closed already; the file is kept as "
            f"{move_aside(workspace, path)}."
        )
    return [record for record, _ in found if record is not None]


def _read(path: Path) -> _Spill:
    content = path.read_bytes()
    body = content[_CHECKSUM_BYTES:]
    if int.from_bytes(content[:_CHECKSUM_BYTES], "big") != zlib.crc32(body):
        raise ValueError("its checksum differs")
    spill = msgspec.msgpack.decode(body, type=_Spill)
    # The id becomes a file name. The checksum proves that the file is undamaged, but not that it is ours.
    for episode in spill.episodes:
        checked_id(episode.start.episode_id)
    return spill


def _take_up_episode(
    workspace: Workspace, unwritten: UnwrittenEpisode, report: Callable[[str], None]
) -> tuple[EpisodeRecord | None, bool]:
    """Return the episode, and whether all of its steps are now recorded."""
    try:
        closed = read_record(find_episode(workspace, unwritten.start.episode_id))
    except UnknownEpisodeError:
        closed = None
    except WorkspaceError:
        closed = None  # a half-written file: the journal is the source
    journal_id = adopt_journal(workspace, unwritten.start, unwritten.steps, closed=closed is not None)
    if journal_id is None:
        last = max((number for number, _ in unwritten.steps), default=-1)
        # The file of a closed episode is never changed. What it lacks stays in the file aside.
        return None, closed is not None and closed.steps > last
    record = finish_journal(
        workspace,
        journal_id,
        unwritten.outcome or "aborted",
        recovered=True,
        deleted=unwritten.deleted,
        report=report,
    )
    return record, True
