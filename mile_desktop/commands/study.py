"""``mile-desktop study``: a study with participants; each action has a module of its own."""

import argparse
from importlib import import_module

from mile_desktop.commands.command import Report

_MODULES = {"check": "study_folder", "new": "study_folder", "status": "study_folder", "withdraw": "study_folder"}


def run(options: argparse.Namespace, report: Report) -> None:
    """Run the action; only its own module is imported."""
    module = import_module(f"mile_desktop.commands.{_MODULES.get(options.action, f'study_{options.action}')}")
    module.ACTIONS[options.action](options, report)
