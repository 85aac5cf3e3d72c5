"""Imports the physics engines without their output."""

import importlib
import sys
import warnings

from mile_desktop.silence_stderr import quiet_error_stream


def load_engine() -> None:
    """Import pybullet, whose C code writes its build time to the error stream when it is first imported."""
    # The text is written by C code, which Python's own redirection does not reach; and only once, at the first import.
    if "pybullet" not in sys.modules:
        with quiet_error_stream():
            importlib.import_module("pybullet")


def load_box2d() -> None:
    """Import Box2D, whose types give a warning when they are created; in tests, warnings are errors."""
    if "Box2D" not in sys.modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            importlib.import_module("Box2D")
