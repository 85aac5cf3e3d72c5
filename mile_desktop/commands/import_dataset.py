"""``mile-desktop import-dataset``: episodes of other programs for a scene; Inspect starts it as a process."""

import argparse
from dataclasses import asdict

from mile_desktop.commands.command import CancelledError, Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.interchange.dataset_formats import open_dataset
from mile_desktop.interchange.episode_import import ImportOptions, ImportReport, import_dataset
from mile_desktop.interchange.errors import DifferenceError, InterchangeCancelledError
from mile_desktop.interchange.recorded_episodes import Progress
from mile_desktop.interchange.scene_entries import scene_entries
from mile_desktop.learning.cancellation import cancelled_by_signals


def run(options: argparse.Namespace, report: Report) -> None:
    """Compare the data set with the scene and add its episodes."""
    chosen = ImportOptions(options.use, tuple(options.accept), options.skip_broken, options.check)
    with opened_workspace(options, report, create=True) as workspace, cancelled_by_signals() as cancel:
        dataset = open_dataset(options.source)
        notes: list[str] = []
        progress = Progress(report.progress, notes.append, cancel.is_set)
        try:
            made = import_dataset(workspace, dataset, scene_entries(options.scene), chosen, progress)
        except InterchangeCancelledError as error:
            raise CancelledError from error
        except DifferenceError as error:
            # for the window, which asks the person whether to accept it
            report.say({"difference": error.difference, "finding": error.finding}, "")
            raise
    for sentence in [*notes, *(f"Left out: {each}" for each in made.skipped)]:
        report.note(sentence)
    text = _text(made, options.scene, dataset.format, checked=options.check)
    whole = " ".join([text, *notes])
    fields = {"scene": options.scene, "format": dataset.format, "checked_only": options.check, "text": whole}
    report.say(fields | asdict(made), text)


def _text(made: ImportReport, scene: str, title: str, *, checked: bool) -> str:
    parts = [
        f"{count} {word if count != 1 else word[:-1]}"
        for count, word in ((made.episodes, "episodes"), (made.demonstrations, "demonstrations"))
        if count
    ]
    verb = "Would be added" if checked else "Added"
    lines = [f"{verb} to {scene}: {' and '.join(parts) or 'no episode'} ({made.steps} steps, {title})."]
    if made.unknown:
        lines.append(f"Outcome unknown, because the data set does not say it: {made.unknown}.")
    if made.known:
        lines.append(f"Not taken again, because they are in the workspace or earlier in the data set: {made.known}.")
    if made.skipped:
        lines.append(f"Left out: {len(made.skipped)}.")
    return " ".join(lines)
