"""``mile-desktop import-policy``: what the Policies page starts, in a process of its own."""

import argparse

from mile_desktop.commands.command import Report
from mile_desktop.commands.policy_import import import_policy
from mile_desktop.storage.workspace import Workspace


def run(options: argparse.Namespace, report: Report) -> None:
    """Check the policy at the source and add it."""
    with Workspace.open(options.workspace) as workspace:
        record = import_policy(workspace, options.source)
    fields = {"policy": record.policy_id, "name": record.name, "scene": record.scene, "method": record.method}
    report.say(fields, f"{record.name} is now a policy of {record.scene} ({record.policy_id}).")
