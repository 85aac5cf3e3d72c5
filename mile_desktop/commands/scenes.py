"""``mile-desktop scenes``."""

import argparse

from mile_desktop.commands.command import Command, Report
from mile_desktop.scenes.catalogue import broken_scenes, scenes


def _add_arguments(_: argparse.ArgumentParser) -> None:
    return


def _run(_: argparse.Namespace, report: Report) -> None:
    for info in scenes():
        fields = {
            "scene": info.name,
            "title": info.title,
            "env_id": info.env_id,
            "summary": info.summary,
            "actions": list(info.action_labels),
            "rate_hz": info.rate_hz,
            "max_steps": info.max_steps,
        }
        report.say(fields, f"{info.name:16} {info.env_id:24} {info.summary}")
    for broken in broken_scenes():
        report.say({"scene": broken.name, "error": broken.error}, f"{broken.name:16} cannot be used: {broken.error}")


SCENES = Command("scenes", "list the scenes", _add_arguments, _run)
