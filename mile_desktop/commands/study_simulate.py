"""``mile-desktop study simulate``: a whole study with simulated persons, in the real window, offscreen."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mile_desktop.commands.command import CancelledError, CommandError, Interruption, Report
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.folder import StudyFolder, StudyFolderError
from mile_desktop.study.population import POPULATION, read_population
from mile_desktop.study.protocol import find_protocol

_KEPT = "What was recorded is kept; the same command goes on from there."
_QT_CHATTER = "This plugin does not support"
"""What Qt says without a screen; never the reason of an end."""
_END_S = 20.0
"""The window saves the running episode and ends its processes within this time."""


def run(options: argparse.Namespace, report: Report) -> None:
    """Make the study, or go on with it, and run every participant in a window of its own process."""
    read_population(options.population or POPULATION)  # a mistake in the file is reported before anything is made
    study = _study(options)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="study-window-") as place:
        problems = _run_window(_command(options, study, Path(place)), report)
    if problems:
        raise CommandError(f"{' '.join(problems)} {_KEPT}")
    _report_end(study, options.participants, report, time.monotonic() - began)


def _study(options: argparse.Namespace) -> StudyFolder:
    """Return the study of ``--output``: a new one, or one of the same protocol that was interrupted."""
    if not StudyFolder.is_study(options.output):
        return StudyFolder.create(options.output, options.protocol)
    study = StudyFolder(options.output)
    if (study.folder / "study.toml").read_bytes() != find_protocol(options.protocol).read_bytes():
        raise StudyFolderError(f"{options.output} holds a study with another protocol; choose another folder.")
    if not all(each.simulated for each in study.participants().participants):
        raise StudyFolderError(f"{options.output} holds a study with people; a simulation needs a folder of its own.")
    with Workspace.open(study.folder, create=False) as workspace, workspace.hold_window_lock():
        # Only tried: a window that finds its study open in another one waits until that is closed, and here no one
        # would see why.
        return study


def _command(options: argparse.Namespace, study: StudyFolder, place: Path) -> list[str]:
    """Return the command of the window: the study is open, and the person's own preferences stay as they are."""
    command = [sys.executable, "-m", "mile_desktop", "window", "--workspace", str(study.folder)]
    command += ["--preferences", str(place / "preferences.json"), "--scene", study.protocol.scenes[0]]
    command += ["--study-persons", str(options.participants)]
    if options.population:
        command += ["--study-population", str(options.population.absolute())]
    if options.pictures:
        command += ["--study-pictures", str(options.pictures.absolute())]
    return command


def _run_window(command: list[str], report: Report) -> list[str]:
    """Run the window to its end, and return its problems."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONUNBUFFERED": "1"}
    problems: list[str] | None = None
    last = ""
    # One stream for both: a second pipe that nobody reads would stop the window when it is full.
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as window:
        try:
            for line in window.stdout or ():
                fields = _fields(line)
                if "problems" in fields:
                    problems = [str(each) for each in fields["problems"]]
                elif "participant" in fields:
                    _report_session(fields, report)
                if not line.startswith(_QT_CHATTER):
                    last = line.strip() or last
        except Interruption as error:
            # A terminal sends SIGINT to the window, too; any other program has reached this process alone. The window
            # saves the running episode in both cases, and a second signal changes nothing.
            window.terminate()
            try:
                window.wait(_END_S)
            except subprocess.TimeoutExpired:
                window.kill()
            raise CancelledError from error
    # What a killed window wrote last is about something else.
    why = last or "it gave no reason" if window.returncode >= 0 else f"killed by signal {-window.returncode}"
    return [f"The window ended before the last session was finished ({why})."] if problems is None else problems


_Fields = dict[str, list[str]]


def _fields(line: str) -> _Fields:
    # The window may write other lines as well, for example a warning of Qt.
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _report_session(fields: _Fields, report: Report) -> None:
    done, of, code = int(str(fields["done"])), int(str(fields["of"])), str(fields["participant"])
    line = f"{code}  {fields['stage']}, {fields['episodes']} episodes"
    report.step({**fields, "progress": done / of, "text": code}, done / of, code, line)


def _report_end(study: StudyFolder, persons: int, report: Report, seconds: float) -> None:
    people = study.participants().first(persons)
    fields = {
        "study": str(study.folder),
        "protocol": study.protocol.name,
        "participants": len(people),
        "finished": sum(each.stage == "finished" for each in people),
        "episodes": sum(len(each.episodes) for each in people),
        "seconds": round(seconds, 1),
    }
    report.say(fields, f"{len(people)} sessions, {fields['episodes']} episodes in {seconds:.0f} s, in {study.folder}.")


ACTIONS = {"simulate": run}
