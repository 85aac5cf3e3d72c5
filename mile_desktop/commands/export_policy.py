"""``mile-desktop export-policy``: the Policies page starts it as a separate process."""

import argparse

from mile_desktop.commands.command import CommandError, Report
from mile_desktop.policies.parcel import write_parcel
from mile_desktop.registry.policies import policy_folder
from mile_desktop.storage.workspace import Workspace


def run(options: argparse.Namespace, report: Report) -> None:
    """Write the policy to the target."""
    with Workspace.open(options.workspace) as workspace:
        folder = policy_folder(workspace, options.scene, options.policy)
        try:
            target = write_parcel(folder, options.target)
        except FileExistsError as error:
            raise CommandError(str(error)) from error
    report.say({"policy": options.policy, "target": str(target)}, f"{options.policy} is in {target}.")
