"""Importing the physics engine without its banner."""

import importlib
import os
import sys


def load_engine() -> None:
    """Import pybullet, whose C code writes its build time to the error stream when it is first imported.

    The command line promises one line there, and only for errors; so the stream leads nowhere for that moment.
    """
    if "pybullet" in sys.modules:
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        importlib.import_module("pybullet")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
