"""The arguments about robots that differ and data that differ; light like ``arguments``."""

import argparse

from mile_desktop.commands.operator_arguments import add_operator_names


def add_shift(parser: argparse.ArgumentParser) -> None:
    """Add ``--shift``."""
    parser.add_argument(
        "--shift",
        default="",
        metavar="FILE",
        help="how the robot differs from the scene: a TOML file, or mild, strong or delayed, which ship (not at all)",
    )


def add_further_data(parser: argparse.ArgumentParser) -> None:
    """Add what a training may learn from besides every person's episodes in the scene as it is."""
    add_operator_names(parser)
    parser.add_argument("--generated", action="store_true", help="also learn from the generated episodes of the scene")
    parser.add_argument("--shifted", action="store_true", help="also learn from episodes recorded under a shift")
