"""``mile-desktop doctor``: recover what a crash left, and check every file against the catalogue."""

import argparse
import dataclasses

from mile_desktop.commands.command import Command, Report
from mile_desktop.storage.doctor import doctor
from mile_desktop.storage.workspace import Workspace


def _add_arguments(_: argparse.ArgumentParser) -> None:
    return


def _run(options: argparse.Namespace, report: Report) -> None:
    with Workspace.open(options.workspace, create=False) as workspace:
        found = doctor(workspace)
    lines = [f"{found.episodes} episodes, {found.steps} steps, {found.recovered} recovered."]
    lines.extend(f"Problem: {problem}" for problem in found.problems)
    report.say(dataclasses.asdict(found), "\n".join(lines if found.problems else [*lines, "No problems."]))


DOCTOR = Command("doctor", "recover what a crash left and check the workspace", _add_arguments, _run)
