"""``mile-desktop scenes``: list the scenes, or begin a new one."""

import argparse

from mile_desktop.commands.command import CommandError, Report
from mile_desktop.paths import DOCUMENTS
from mile_desktop.scenes.catalogue import broken_scenes, scenes
from mile_desktop.scenes.template import new_scene

_GUIDE = DOCUMENTS / "scenes.md"


def run(options: argparse.Namespace, report: Report) -> None:
    """List the scenes, or make a new one."""
    if options.gymnasium is not None:
        _add_gymnasium(options, report)
        return
    if options.check is not None:
        _check(options.check, report)
        return
    if options.new is None:
        _list(report)
        return
    folder = new_scene(options.new)
    fields = {"scene": options.new, "folder": str(folder)}
    report.say(fields, f"{folder} is a working scene; {_GUIDE} explains how to change it.")


def _check(scene: str, report: Report) -> None:
    from mile_desktop.scenes.scene_check import check_scene  # noqa: PLC0415 - makes the environment

    wrong = []
    for finding in check_scene(scene):
        if finding.problem:
            wrong.append(finding.check)
        fields = {"scene": scene, "check": finding.check, "problem": finding.problem, "detail": finding.detail}
        report.say(fields, f"{'✗' if finding.problem else '✓'} {finding.check:10} {finding.problem or finding.detail}")
    if wrong:
        raise CommandError(f"{scene}: {len(wrong)} checks found something wrong: {', '.join(wrong)}.")


def _add_gymnasium(options: argparse.Namespace, report: Report) -> None:
    # imported here, because the list of scenes does without the environments
    from mile_desktop.scenes.gymnasium.new_scene import new_gymnasium_scene  # noqa: PLC0415

    made = new_gymnasium_scene(options.gymnasium, name=options.name, kwargs=options.kwargs)
    fields = {"scene": made.name, "folder": str(made.folder), "notes": list(made.notes)}
    report.say(fields, f"{made.folder} is the scene {made.name}; {_GUIDE} explains its description.")
    for note in made.notes:
        report.say({"note": note}, note)


def _list(report: Report) -> None:
    # Names of a person's own scenes may be of any length.
    names = [*(info.name for info in scenes()), *(broken.name for broken in broken_scenes())]
    width = max(map(len, names), default=0)
    id_width = max((len(info.env_id) for info in scenes()), default=0)
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
        report.say(fields, f"{info.name:{width}} {info.env_id:{id_width}} {info.summary}")
    for broken in broken_scenes():
        report.say(
            {"scene": broken.name, "error": broken.error}, f"{broken.name:{width}} cannot be used: {broken.error}"
        )
