"""Which process carries out a run, so that a window can tell a run that goes on from one whose process died."""

from pathlib import Path

import msgspec

from mile_desktop.storage.durable import write_durably
from mile_desktop.storage.owner import Owner, is_alive, this_process

_FILE = "owner.json"


def write_run_owner(folder: Path) -> None:
    """Note in the folder of a run that this process carries it out; ``OSError`` where it cannot be written."""
    write_durably(folder / _FILE, msgspec.json.encode(this_process()))


def run_owner_alive(folder: Path) -> bool | None:
    """Return whether the process of the run in ``folder`` lives; None where no process is noted.

    Runs of earlier versions have no note, and neither has one whose process has only just been started.
    """
    try:
        owner = msgspec.json.decode((folder / _FILE).read_bytes(), type=Owner)
        # For a process of another computer, which cannot be asked: the time of the latest write.
        written = max(each.stat().st_mtime for each in folder.iterdir())
    except (OSError, ValueError, msgspec.ValidationError):
        return None
    return is_alive(owner, written)
