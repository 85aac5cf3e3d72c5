"""The arguments about the person who operates, and the list of recorded episodes; light like ``arguments``."""

import argparse
from datetime import UTC, datetime

from mile_desktop.storage.operator_names import NO_NAME, operator_name_of


def add_operator_name(parser: argparse.ArgumentParser) -> None:
    """Add ``--operator-name`` of what is recorded."""
    parser.add_argument("--operator-name", type=_name, metavar="NAME", help="name or code to record with each episode")


def add_operator_names(parser: argparse.ArgumentParser) -> None:
    """Add ``--operator-name`` of what is learned from."""
    parser.add_argument(
        "--operator-name",
        type=_name_or_none,
        action="append",
        default=[],
        metavar="NAME",
        help=f"learn from the takeovers of this person only; {NO_NAME}: without a name; can be given several times",
    )


def episodes(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``episodes``."""
    parser.add_argument("--scene", default="", metavar="S", help="only of this scene (every scene)")
    parser.add_argument("--operator-name", type=_name_or_none, metavar="NAME", help="only of this person")
    parser.add_argument("--policy", default="", metavar="P", help="only those that this policy drove: an id or a name")
    parser.add_argument("--outcome", default="", metavar="O", help="only with this outcome, such as 'partial success'")
    parser.add_argument("--tag", default="", metavar="TAG", help="only with this tag")
    parser.add_argument("--since", type=_moment, metavar="DATE", help="only from this day on, 2026-11-30")
    parser.add_argument("--until", type=_moment, metavar="DATE", help="only before this day")
    parser.add_argument("--text", default="", metavar="WORDS", help="words that all occur, as in the window's search")
    parser.add_argument("--deleted", action="store_true", help="list the bin instead")


def _name(text: str) -> str:
    """Read a name or code."""
    name = operator_name_of(text)
    if not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not a name or code; write at least one letter or digit")
    return name


def _name_or_none(text: str) -> str:
    return text if text == NO_NAME else _name(text)


def _moment(text: str) -> str:
    """Read a day, or a day and a time, of this computer's clock; return it as the workspace writes times."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write for example 2026-11-30") from error
    # As the workspace writes times; a time of the year 1 or 9999 has no equivalent in every zone.
    try:
        return moment.astimezone(UTC).isoformat()
    except (OverflowError, ValueError, OSError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is too far away; write for example 2026-11-30") from error
