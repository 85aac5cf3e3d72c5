"""``mile-desktop scenes``."""

import argparse

from mile_desktop.commands.command import Command, Report
from mile_desktop.paths import SCENES_VARIABLE, own_scenes
from mile_desktop.scenes.catalogue import broken_scenes, scenes
from mile_desktop.scenes.template import new_scene


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--new", metavar="NAME", help=f"begin a scene of your own in {own_scenes()} (or where {SCENES_VARIABLE} says)"
    )


def _run(options: argparse.Namespace, report: Report) -> None:
    if options.new is None:
        _list(report)
        return
    folder = new_scene(options.new)
    fields = {"scene": options.new, "folder": str(folder)}
    report.say(fields, f"{folder} is a scene that works; docs/scenes.md says how to make it yours.")


def _list(report: Report) -> None:
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


SCENES = Command("scenes", "list the scenes, or begin one of your own", _add_arguments, _run)
