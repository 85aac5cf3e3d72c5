"""``mile-desktop study export``: the tables of a study."""

import argparse

from mile_desktop.commands.command import CancelledError, Report
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.privacy import share_like
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.export import ExportWish, export_study
from mile_desktop.study.folder import StudyFolder


def run(options: argparse.Namespace, report: Report) -> None:
    """Write the tables."""
    study = StudyFolder(options.folder)
    share_like(study.folder)
    wish = ExportWish(options.clock_times, options.free_text)
    with Workspace.open(study.folder, create=False) as workspace, cancelled_by_signals() as cancel:
        try:
            counts = export_study(
                study,
                workspace,
                options.target,
                wish,
                force=options.force,
                report=report.progress,
                cancelled=cancel.is_set,
            )
        except KeyboardInterrupt as error:
            raise CancelledError from error
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    left_out = [text for given, text in ((wish.clock_times, "clock times"), (wish.free_text, "free text")) if not given]
    text = f"Tables in {options.target}: {listed}."
    if left_out:
        text += f" Left out: {' and '.join(left_out)}."
    report.say({"text": text, "target": str(options.target), "rows": counts}, text)


ACTIONS = {"export": run}
