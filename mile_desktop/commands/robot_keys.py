"""``mile-desktop robot-keys``: the keys with which window and robot know each other."""

import argparse

from mile_desktop.commands.command import CommandError, Report
from mile_desktop.robots.keys import ROBOT, WINDOW, allow_window, make_keys, window_keys_folder


def run(options: argparse.Namespace, report: Report) -> None:
    """Make or show keys, or allow a window."""
    if options.window == (options.folder is not None):
        raise CommandError("Name the folder of the robot's keys, or ask for this user's with --window.")
    if options.window:
        key = make_keys(window_keys_folder(), WINDOW).public.decode("ascii")
        report.say(
            {"public_key": key}, f"This window's public key: {key}\nOn the robot: robot-keys DIR --let-in '{key}'"
        )
        return
    if options.let_in:
        path = allow_window(options.folder, options.name, options.let_in)
        report.say({"let_in": options.name, "file": str(path)}, f"{options.name} may connect now ({path}).")
        return
    key = make_keys(options.folder, ROBOT).public.decode("ascii")
    report.say({"public_key": key, "folder": str(options.folder)}, f"The robot's public key, for its windows: {key}")
