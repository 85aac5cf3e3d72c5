"""``mile-desktop export-policy``: the Policies page starts it as a separate process."""

import argparse

from mile_desktop.commands.command import CommandError, Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.interchange.policy_export import FORMATS, export_policy, format_of
from mile_desktop.interchange.scene_entries import scene_entries
from mile_desktop.policies.parcel import write_parcel
from mile_desktop.registry.policies import policy_folder


def run(options: argparse.Namespace, report: Report) -> None:
    """Write the policy to the target."""
    with opened_workspace(options, report, create=True) as workspace:
        folder = policy_folder(workspace, options.scene, options.policy)
        chosen = options.format or format_of(options.target) or "mile"
        try:
            if chosen in FORMATS:
                entries = scene_entries(options.scene)
                target = export_policy(folder, options.target, chosen, entries, force=options.force)
            else:
                target = write_parcel(folder, options.target, force=options.force)
        except FileExistsError as error:
            raise CommandError(str(error)) from error
    report.say({"policy": options.policy, "target": str(target)}, f"{options.policy} is in {target}.")
