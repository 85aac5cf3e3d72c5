"""The workspace of a command: opened, and what a killed process left in it recovered first, as the window does."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from mile_desktop.commands.command import Report
from mile_desktop.privacy import share_like
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import Workspace


@contextmanager
def opened_workspace(options: argparse.Namespace, report: Report, *, create: bool = False) -> Iterator[Workspace]:
    """Open ``--workspace``, recover what dead processes left, and say what was recovered.

    A command that works with the recorded episodes must see those of a killed run: without a window, no other program
    recovers them. A command that a window has started (``--background``) leaves that to the next window, which says it
    where a person reads it.

    Raises ``WorkspaceError`` where the workspace cannot be opened.
    """
    # Before the workspace is opened, because opening can already make its files.
    share_like(options.workspace)
    with Workspace.open(options.workspace, create=create) as workspace:
        if not getattr(options, "background", False):
            recover_and_report(workspace, report)
        yield workspace


def recover_left_episodes(options: argparse.Namespace, report: Report) -> None:
    """Recover in ``--workspace``, for a command whose engine opens the workspace by itself."""
    with opened_workspace(options, report, create=True):
        return


def recover_and_report(workspace: Workspace, report: Report) -> int:
    """Recover, say what was done in one sentence for each episode and problem, and return the number of episodes.

    Where nothing can be written at present (a full disk), that is said and the command goes on: the episodes stay in
    the journal, and many commands only read.
    """
    try:
        recovered = recover(workspace, report.note)
    except WorkspaceError as error:
        report.note(f"Episodes that a killed process left could not be recovered: {error}")
        return 0
    for record in recovered:
        report.note(
            f"Episode {record.episode_id} was left open by a killed process; its {record.steps} steps were recovered."
        )
    return len(recovered)
