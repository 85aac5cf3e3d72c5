"""The arguments of ``export-dataset`` and ``import-dataset``. Light, as ``arguments``."""

import argparse
from pathlib import Path

from mile_desktop.commands.arguments import add_episodes, add_scene

FORMATS = ("lerobot", "robomimic", "csv", "parquet", "mcap", "rerun")
"""As ``interchange.dataset_formats.WRITERS``."""


def export_dataset(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``export-dataset``."""
    add_scene(parser)
    add_episodes(parser)
    parser.add_argument("--format", choices=FORMATS, default="lerobot", help="(%(default)s)")
    help_text = "a new folder for lerobot, else a new file; for mcap and rerun a folder if there are several episodes"
    parser.add_argument("target", type=Path, metavar="PATH", help=help_text)
    parser.add_argument("--force", action="store_true", help="replace what an earlier export wrote to PATH")


def import_dataset(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``import-dataset``."""
    add_scene(parser)
    parser.add_argument(
        "source",
        type=Path,
        metavar="PATH",
        help="a LeRobot data set (a folder), robomimic's HDF5, or a dictionary of the MILE research code",
    )
    parser.add_argument(
        "--as",
        dest="use",
        choices=("auto", "demonstrations", "episodes"),
        default="auto",
        help="auto: demonstrations, unless the data set says who drove and what the policy proposed (%(default)s)",
    )
    parser.add_argument(
        "--accept",
        action="append",
        choices=("names", "rate"),
        default=[],
        help="import although names of entries or the rate differ from the scene's; can be given twice",
    )
    parser.add_argument("--skip-broken", action="store_true", help="leave out episodes that cannot be used")
    parser.add_argument("--check", action="store_true", help="only say what would be imported")
