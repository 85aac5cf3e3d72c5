"""``mile-desktop doctor``: recover what a crash left, load what the workspace names, and repair on request."""

import argparse
import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from mile_desktop.cameras.video_health import damaged_videos
from mile_desktop.channels.memory_names import remove_left_memory
from mile_desktop.commands.command import CommandError, Report
from mile_desktop.commands.opened_workspace import recover_and_report
from mile_desktop.policies.model_folder import restore_replaced
from mile_desktop.registry.health import damaged_models, damaged_scenes, repair_models
from mile_desktop.storage.aside import move_aside
from mile_desktop.storage.doctor import DoctorReport, doctor
from mile_desktop.storage.errors import WorkspaceDamagedError
from mile_desktop.storage.file_system import network_problem
from mile_desktop.storage.rebuild import rebuild_catalogue
from mile_desktop.storage.repair import repair_episodes
from mile_desktop.storage.workspace import Workspace

_MODEL_FOLDERS = ("policies", "interventions", "forecasts")


def run(options: argparse.Namespace, report: Report) -> None:
    """Recover, repair with ``--repair``, check, and report; an error where problems are left."""
    # Before the workspace is opened: with a damaged database it cannot be.
    repairs = [*_rebuilt(options)] if options.repair else []
    with Workspace.open(options.workspace, create=False) as workspace:
        # Before the repair, whose checks would take an episode that was left open for a damaged one.
        recover_and_report(workspace, report)
        if options.repair:
            repairs += _repaired(workspace)
        # After the repair, so that the report says what is left.
        found = _checked(workspace)
    lines = [f"{found.episodes} episodes, {found.steps} steps, {found.recovered} recovered."]
    lines += [f"Repaired: {done}" for done in repairs]
    lines += [f"Problem: {problem}" for problem in found.problems]
    if not found.problems:
        lines.append("No problems.")
    report.say({**dataclasses.asdict(found), "repairs": repairs}, "\n".join(lines))
    if found.problems:
        hint = "" if options.repair else " `doctor --repair` repairs what it can, and deletes nothing."
        raise CommandError(f"{len(found.problems)} problems were found in {options.workspace}.{hint}")


def _checked(workspace: Workspace) -> DoctorReport:
    found = doctor(workspace)
    network = network_problem(workspace.folder)
    more = (
        *([network] if network else []),
        *(f"{each.kind} {each.identity}: {each.problem}" for each in damaged_models(workspace)),
        *damaged_scenes(),
        *(problem for _, problem in damaged_videos(workspace.folder)),
    )
    return dataclasses.replace(found, problems=(*found.problems, *more))


def _rebuilt(options: argparse.Namespace) -> Iterator[str]:
    """Build the catalogue again where the database cannot be opened."""
    with contextlib.suppress(WorkspaceDamagedError):
        Workspace.open(options.workspace, create=False).close()
        return
    made = rebuild_catalogue(options.workspace)
    yield (
        f"The catalogue was built again from the files: {made.episodes} episodes, {made.policies} policies. The "
        f"damaged database is in {made.kept}."
    )
    yield from made.problems


def _repaired(workspace: Workspace) -> Iterator[str]:
    for name in _MODEL_FOLDERS:
        for restored in restore_replaced(workspace.folder / name):
            yield f"{restored} was being replaced when a process was killed; it is back."
    yield from repair_episodes(workspace)
    yield from repair_models(workspace)
    for path, problem in list(damaged_videos(workspace.folder)):
        yield f"{problem} The video is now {_video_aside(workspace, path)}."
    if removed := remove_left_memory():
        yield f"{len(removed)} blocks of shared memory that a killed process had left were removed."


def _video_aside(workspace: Workspace, path: Path) -> Path:
    moved = move_aside(workspace, path)
    table = path.with_suffix(".csv")
    # Times of the pictures: without its video the table means nothing.
    if table.exists():
        move_aside(workspace, table)
    return moved
