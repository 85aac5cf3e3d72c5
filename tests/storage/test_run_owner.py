import os
import subprocess
import sys
from pathlib import Path

import msgspec

from mile_desktop.storage.owner import this_process
from mile_desktop.storage.run_owner import run_owner_alive, write_run_owner


def test_a_run_of_this_process_goes_on(tmp_path: Path) -> None:
    assert run_owner_alive(tmp_path) is None, "no process is noted yet"
    write_run_owner(tmp_path)
    assert run_owner_alive(tmp_path)


def test_a_run_whose_process_ended_does_not(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from mile_desktop.storage.run_owner import write_run_owner; "
        f"write_run_owner(Path({str(tmp_path)!r}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert run_owner_alive(tmp_path) is False


def test_another_computer_counts_as_alive_until_it_stops_writing(tmp_path: Path) -> None:
    owner = {**msgspec.to_builtins(this_process()), "host": "another", "process": ""}
    (tmp_path / "owner.json").write_bytes(msgspec.json.encode(owner))
    assert run_owner_alive(tmp_path)
    os.utime(tmp_path / "owner.json", (1.0, 1.0))
    assert run_owner_alive(tmp_path) is False


def test_an_unreadable_note_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "owner.json").write_text("{", "utf-8")
    assert run_owner_alive(tmp_path) is None
