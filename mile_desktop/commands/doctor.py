"""``mile-desktop doctor``: recover what a crash left, and check every file against the catalogue."""

import argparse
import dataclasses

from mile_desktop.commands.command import Report
from mile_desktop.storage.doctor import doctor
from mile_desktop.storage.workspace import Workspace


def run(options: argparse.Namespace, report: Report) -> None:
    """Recover and check; report the problems found."""
    with Workspace.open(options.workspace, create=False) as workspace:
        found = doctor(workspace)
    lines = [f"{found.episodes} episodes, {found.steps} steps, {found.recovered} recovered."]
    lines.extend(f"Problem: {problem}" for problem in found.problems)
    report.say(dataclasses.asdict(found), "\n".join(lines if found.problems else [*lines, "No problems."]))
