"""Importing the physics engine without its banner."""

import importlib
import sys

from mile_desktop.quiet import quiet_error_stream


def load_engine() -> None:
    """Import pybullet, whose C code writes its build time to the error stream when it is first imported."""
    if "pybullet" not in sys.modules:
        with quiet_error_stream():
            importlib.import_module("pybullet")
