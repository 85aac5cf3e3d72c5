"""``mile-desktop export-policy``: what the Policies page starts, in a process of its own."""

import argparse
from pathlib import Path

from mile_desktop.commands.command import Command, Report, add_policy_argument, add_scene_argument
from mile_desktop.policies.parcel import write_parcel
from mile_desktop.registry.policies import policy_folder
from mile_desktop.storage.workspace import Workspace


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scene_argument(parser)
    add_policy_argument(parser)
    parser.add_argument("target", type=Path, metavar="PATH", help="where to: ends in .zip, or is a new folder")


def _run(options: argparse.Namespace, report: Report) -> None:
    with Workspace.open(options.workspace) as workspace:
        target = write_parcel(policy_folder(workspace, options.scene, options.policy), options.target)
    report.say({"policy": options.policy, "target": str(target)}, f"{options.policy} is in {target}.")


EXPORT_POLICY = Command("export-policy", "copy a policy to a zip archive or a folder", _add_arguments, _run)
