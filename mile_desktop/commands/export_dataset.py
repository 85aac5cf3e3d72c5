"""``mile-desktop export-dataset``: recorded episodes as files of other programs; Inspect starts it as a process."""

import argparse

from mile_desktop.commands.command import CancelledError, Report
from mile_desktop.commands.episode_choice import episode_ids
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.interchange.dataset_export import DatasetExport
from mile_desktop.interchange.dataset_formats import WRITERS
from mile_desktop.interchange.errors import InterchangeCancelledError
from mile_desktop.interchange.export_folder import PARTIAL_SUFFIX
from mile_desktop.interchange.recorded_episodes import Progress, chosen_records
from mile_desktop.interchange.scene_entries import scene_entries
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.storage.scene_versions import same_version


def run(options: argparse.Namespace, report: Report) -> None:
    """Write the episodes to the target."""
    with opened_workspace(options, report) as workspace, cancelled_by_signals() as cancel:
        chosen = chosen_records(workspace, options.scene, episode_ids(options.episodes))
        # The columns of a data set have one meaning, so episodes of an earlier version of the scene are left out.
        of_one = same_version(chosen)
        for text in of_one.texts:
            report.note(text)
        records = tuple(each for each in chosen if each.episode_id in of_one.kept)
        entries = scene_entries(options.scene)
        progress = Progress(report.progress, report.note, cancel.is_set)
        try:
            written = WRITERS[options.format](
                DatasetExport(workspace, records, entries, options.target, options.force, progress)
            )
        except InterchangeCancelledError as error:
            if options.format == "lerobot":
                kept = f"{options.target}{PARTIAL_SUFFIX}"
                report.note(f"The finished part is kept in {kept}; the same command continues from there.")
            raise CancelledError from error
    again = f" Finished before the interruption: {written.reused}." if written.reused else ""
    text = f"Episodes in {written.place}: {written.episodes} ({written.steps} steps).{again}"
    fields = {
        "text": text,
        "target": str(written.place),
        "format": options.format,
        "episodes": written.episodes,
        "steps": written.steps,
        "reused": written.reused,
    }
    report.say(fields, text)
