"""The arguments about robots that differ; light like ``arguments``."""

import argparse


def add_shift(parser: argparse.ArgumentParser) -> None:
    """Add ``--shift``."""
    parser.add_argument(
        "--shift",
        default="",
        metavar="FILE",
        help="how the robot differs from the scene: a TOML file, or mild, strong or delayed, which ship (not at all)",
    )
