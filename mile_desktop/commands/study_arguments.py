"""The arguments of ``mile-desktop study`` and of its actions. Light, as ``commands.arguments``."""

import argparse
from collections.abc import Callable
from pathlib import Path

from mile_desktop.commands.arguments import positive


def study(parser: argparse.ArgumentParser) -> None:
    """Add the actions of ``study``, each with its arguments."""
    parser.add_argument("--json", action="store_true", help="one JSON object per line on standard output")
    parser.add_argument("-v", "--verbose", action="store_true", help="write the program's log to standard error, too")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text, add in _ACTIONS:
        its_parser = actions.add_parser(name, help=text, description=text)
        # Suppressed where it is not given: the default of an action would overwrite a --json before it.
        for flags in (("--json",), ("-v", "--verbose")):
            its_parser.add_argument(*flags, action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        add(its_parser)


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the study")


def _protocol(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--protocol",
        default="takeover-prediction",
        metavar="P",
        help="a protocol file, or the name of one that ships (%(default)s)",
    )


def _population(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--population", type=Path, metavar="FILE", help="file of the persons (the one that ships)")


def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("protocol", metavar="P", help="a protocol file, or the name of one that ships")


def _new(parser: argparse.ArgumentParser) -> None:
    _folder(parser)
    _protocol(parser)


def _withdraw(parser: argparse.ArgumentParser) -> None:
    _folder(parser)
    parser.add_argument("code", metavar="CODE", help="the participant's code, such as P07")
    parser.add_argument("--yes", action="store_true", help="do not ask; the data cannot be brought back")


def _simulate(parser: argparse.ArgumentParser) -> None:
    _protocol(parser)
    parser.add_argument("--participants", type=positive, default=12, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the study")
    _population(parser)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="save pictures of the first session there")


def _export(parser: argparse.ArgumentParser) -> None:
    _folder(parser)
    parser.add_argument("target", type=Path, metavar="OUT", help="folder for the tables")
    parser.add_argument("--clock-times", action="store_true", help="add when each episode began (left out)")
    parser.add_argument("--free-text", action="store_true", help="add free text; read it first (left out)")
    parser.add_argument("--force", action="store_true", help="replace an export that was written to OUT before")


def _analyse(parser: argparse.ArgumentParser) -> None:
    _folder(parser)
    parser.add_argument("--output", type=Path, metavar="OUT", help="folder of report and figures (DIR/analysis)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="for the choice of held-out episodes")


def _power(parser: argparse.ArgumentParser) -> None:
    _protocol(parser)
    _population(parser)
    parser.add_argument(
        "--participants", type=positive, nargs="+", default=[8, 12, 16], metavar="N", help="sizes of the study"
    )
    parser.add_argument(
        "--pilot", type=Path, metavar="DIR", help="take the persons of a recorded study, with its protocol"
    )
    parser.add_argument("--persons", type=positive, default=12, metavar="N", help="persons to simulate (%(default)s)")
    parser.add_argument(
        "--sizes",
        type=float,
        nargs="+",
        default=[0.0, 10.0, 20.0, 30.0, 50.0],
        metavar="PERCENT",
        help="sizes of the difference, in percent of the measure's mean",
    )
    parser.add_argument("--studies", type=positive, default=500, metavar="N", help="studies drawn (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="of the drawn studies (%(default)s)")


def _learn(parser: argparse.ArgumentParser) -> None:
    _folder(parser)
    parser.add_argument("code", metavar="CODE", help="the participant's code")
    parser.add_argument("--epochs", type=positive, metavar="N", help="of the training (as the method says)")


_ACTIONS: tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None]], ...] = (
    ("check", "read a protocol, and show the order of its conditions", _check),
    ("new", "make a study with a protocol in a new folder", _new),
    ("status", "show how far each participant has come", _folder),
    ("withdraw", "erase everything that was recorded of a participant", _withdraw),
    ("simulate", "run a whole study with simulated persons in the window, offscreen", _simulate),
    ("export", "write the tables of a study, without anything that names a person", _export),
    ("analyse", "test what was planned, and write figures and a report", _analyse),
    ("power", "chance that a study of some size finds a difference", _power),
    ("learn", "retrain a participant's policy between two rounds; the window starts it", _learn),
)
