"""Imports the physics engines without their output."""

import importlib
import sys
import warnings

from mile_desktop.errors import UserError
from mile_desktop.silence_stderr import quiet_error_stream


class MissingEngineError(UserError):
    """The physics engine of a scene is not installed."""


def load_engine() -> None:
    """Import pybullet, whose C code writes its build time to the error stream when it is first imported.

    Raises
    ------
    MissingEngineError
        It is not installed: it has no wheels after Python 3.11, so it is an extra there.
    """
    # C code writes the text, which Python's own redirection does not reach; and only once, at the first import
    if "pybullet" not in sys.modules:
        with quiet_error_stream():
            _import(
                "pybullet", "pip compiles it for Python 3.12 and newer, which needs a C++ compiler and 10 to 20 minutes"
            )


def load_box2d() -> None:
    """Import Box2D, whose types give a warning when they are created; in tests, warnings are errors.

    Raises
    ------
    MissingEngineError
        It is not installed.
    """
    if "Box2D" not in sys.modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            _import("Box2D", "it has wheels for Linux on x86_64")


def _import(package: str, note: str) -> None:
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        # The package is there and misses something itself; the advice to install it would be wrong.
        if error.name != package:
            raise
        raise MissingEngineError(
            f"The scene needs the package {package}, which is not installed. "
            f"Install it with `pip install {package.lower()}` ({note}), or choose another scene."
        ) from error
