"""``mile-desktop export-policy``: what the Policies page starts, in a process of its own."""

import argparse

from mile_desktop.commands.command import Report
from mile_desktop.policies.parcel import write_parcel
from mile_desktop.registry.policies import policy_folder
from mile_desktop.storage.workspace import Workspace


def run(options: argparse.Namespace, report: Report) -> None:
    """Write the policy to the target."""
    with Workspace.open(options.workspace) as workspace:
        target = write_parcel(policy_folder(workspace, options.scene, options.policy), options.target)
    report.say({"policy": options.policy, "target": str(target)}, f"{options.policy} is in {target}.")
