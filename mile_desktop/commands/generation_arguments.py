"""The arguments of ``generate``. Light, as ``arguments``."""

import argparse

from mile_desktop.commands.arguments import add_scene, positive


def generate(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``generate``."""
    add_scene(parser)
    parser.add_argument("--policy", default="", metavar="P", help="policy to supervise (the promoted one)")
    parser.add_argument("--model", default="", metavar="M", help="intervention model (the one in use)")
    parser.add_argument("--episodes", type=positive, default=20, metavar="N", help="to try (%(default)s)")
    parser.add_argument(
        "--randomise", default="", metavar="FILE", help="ranges for the scenes, as in a shift (those that ship)"
    )
    parser.add_argument("--seed", type=positive, metavar="K", help="block of starts (one that was not used yet)")
    parser.add_argument("--run-id", default="", metavar="ID", help="name of the run and of its set")
    parser.add_argument("--list", action="store_true", help="list the sets of the scene instead")
    parser.add_argument("--remove", default="", metavar="ID", help="remove this set instead, or all of the scene")
    parser.add_argument("--background", action="store_true", help="run at low priority, for use beside supervision")
