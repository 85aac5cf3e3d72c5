"""``mile-desktop import-policy``: what the Policies page starts, in a process of its own."""

import argparse
from pathlib import Path

from mile_desktop.commands.command import Command, Report
from mile_desktop.commands.policy_import import import_policy
from mile_desktop.storage.workspace import Workspace


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="PATH", help="a folder, a .zip or a .safetensors file")


def _run(options: argparse.Namespace, report: Report) -> None:
    with Workspace.open(options.workspace) as workspace:
        record = import_policy(workspace, options.source)
    fields = {"policy": record.policy_id, "name": record.name, "scene": record.scene, "method": record.method}
    report.say(fields, f"{record.name} is now a policy of {record.scene} ({record.policy_id}).")


IMPORT_POLICY = Command("import-policy", "add a policy from elsewhere, checked first", _add_arguments, _run)
