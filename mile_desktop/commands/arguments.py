"""The arguments of every command. Light: what a command works with is imported when it runs.

``--help``, ``--version`` and a mistyped command read this module and none of the modules that run the commands, which
import torch, the simulators or the file formats. A default or a list of choices that lives in a heavier module is
imported by the function that needs it, which is called only for its own command.
"""

import argparse
from pathlib import Path

from mile_desktop.commands.argument_types import (
    keyword_arguments,
    picture_rate,
    picture_size,
    port,
    takeover_place,
    watchdog_s,
)
from mile_desktop.commands.operator_arguments import add_operator_name
from mile_desktop.commands.shift_arguments import add_further_data, add_shift
from mile_desktop.paths import SCENES_VARIABLE, default_workspace, own_scenes
from mile_desktop.registry.names import INITIAL

# ── types of values ──────────────────────────────────────────────────────────────────────────────────────────────


def positive(text: str) -> int:
    """Read a whole number above 0."""
    # argparse turns the ValueError of int() into its own message, which names the option.
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _not_negative(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number


def _probability(text: str) -> float:
    number = float(text)
    if not 0.0 <= number <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


def _percent(text: str) -> float:
    number = float(text)
    if not 0.0 < number < 100.0:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 100 percent")
    return number


# ── arguments that several commands share ────────────────────────────────────────────────────────────────────────


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every command."""
    parser.add_argument(
        "--workspace",
        type=Path,
        default=default_workspace(),
        metavar="DIR",
        help="folder of the workspace (%(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line on standard output")
    parser.add_argument("-v", "--verbose", action="store_true", help="write the program's log to standard error, too")


def add_scene(parser: argparse.ArgumentParser) -> None:
    """Add ``--scene``."""
    parser.add_argument("--scene", default="peg-insertion", metavar="S", help="see `mile-desktop scenes` (%(default)s)")


def _add_policy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--policy", default=INITIAL, metavar="P", help="a policy id, a folder, initial or expert (%(default)s)"
    )


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="", metavar="M", help="intervention model (the one in use)")


def add_episodes(parser: argparse.ArgumentParser) -> None:
    """Add ``--episodes``."""
    parser.add_argument(
        "--episodes", default="", metavar="IDS", help="ids with commas, or @FILE with one id per line (every episode)"
    )


def _add_workers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=positive, metavar="N", help="processes that run episodes (one less than processors)"
    )


def _add_background(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--background", action="store_true", help="run at low priority, for use beside supervision")


# ── one function for each command ────────────────────────────────────────────────────────────────────────────────


def scenes(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``scenes``."""
    parser.add_argument(
        "--new", metavar="NAME", help=f"begin a scene of your own in {own_scenes()} (or where {SCENES_VARIABLE} points)"
    )
    parser.add_argument(
        "--gymnasium", metavar="ID", help="make a scene of a registered environment, such as Pendulum-v1 or module:id"
    )
    parser.add_argument("--name", metavar="NAME", default="", help="name of that scene (from its id)")
    parser.add_argument("--check", metavar="SCENE", help="try everything that a scene must do, and say what is wrong")
    parser.add_argument(
        "--kwargs", metavar="JSON", type=keyword_arguments, default={}, help="its arguments, such as '{\"g\": 5.0}'"
    )


def policies(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``policies``."""
    parser.add_argument("--scene", metavar="S", help="list only the policies of this scene (every scene)")
    parser.add_argument("--archived", action="store_true", help="list archived policies, too")


def promote(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``promote``."""
    parser.add_argument("policy", metavar="POLICY", help="id of a policy, or its name together with --scene")
    parser.add_argument("--scene", metavar="S", help="scene of the policy (the one it was made for)")


def rollback(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``rollback``."""
    add_scene(parser)


def rollout(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``rollout``."""
    from mile_desktop.operators.no_operator import NO_SUPERVISOR  # noqa: PLC0415 - imports numpy
    from mile_desktop.operators.supervisors import SUPERVISORS  # noqa: PLC0415 - likewise

    add_scene(parser)
    _add_policy(parser)
    parser.add_argument(
        "--operator", choices=SUPERVISORS, default=NO_SUPERVISOR, help="simulated supervisor (%(default)s)"
    )
    parser.add_argument("--episodes", type=positive, default=1, metavar="N", help="(%(default)s)")
    parser.add_argument("--seed", type=_not_negative, metavar="K", help="of the first episode (after those recorded)")
    add_operator_name(parser)
    add_shift(parser)
    parser.add_argument("--robot", default="", metavar="ADDRESS", help="drive the robot at tcp://HOST:PORT instead")
    parser.add_argument("--robot-key", default="", metavar="KEY", help="its public key; needed on other machines")
    parser.add_argument("--arm", action="store_true", help="permit the robot to move; needed with --robot")
    parser.add_argument("--realtime", action="store_true", help="run at the control rate, not as fast as possible")


def train(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``train``."""
    from mile_desktop.learning.method_info import METHODS  # noqa: PLC0415 - only this command needs it

    add_scene(parser)
    names = ", ".join(each.name for each in METHODS)
    parser.add_argument("--method", default="mile", metavar="M", help=f"{names} (%(default)s)")
    # No default here: which policy is promoted is known only once the workspace is open.
    parser.add_argument("--parent", metavar="P", help="policy to start from (the promoted one, else initial)")
    # Without a default, None means "not given": only then does the value in --settings count.
    parser.add_argument("--epochs", type=positive, metavar="N")
    parser.add_argument("--batch", type=positive, metavar="N", help="steps per batch")
    parser.add_argument("--seed", type=int, metavar="K")
    parser.add_argument("--settings", default="{}", metavar="JSON", help="any other training setting by its name")
    parser.add_argument(
        "--evaluate",
        type=_not_negative,
        default=0,
        metavar="N",
        help="compare with the parent on N starts afterwards (%(default)s)",
    )
    parser.add_argument(
        "--evaluate-at-most",
        type=_not_negative,
        default=0,
        metavar="N",
        help="on up to N starts, as long as a loss of ten points is still possible (as --evaluate)",
    )
    parser.add_argument(
        "--leave-out",
        type=takeover_place,
        action="append",
        default=[],
        metavar="EPISODE:STEP",
        help="do not learn from the takeover at this step; can be given several times",
    )
    _add_workers(parser)
    add_further_data(parser)
    parser.add_argument("--run-id", metavar="ID", help="name of the run's folder under runs/")
    parser.add_argument("--resume", metavar="ID", help="continue a run that was interrupted")
    _add_background(parser)


def check_data(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``check-data``."""
    add_scene(parser)
    _add_background(parser)


def explain_loss(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``explain-loss``."""
    add_scene(parser)
    parser.add_argument("--policy", required=True, metavar="P", help="id of the policy that got worse")
    parser.add_argument("--episodes", type=positive, default=20, metavar="N", help="starts (%(default)s)")
    _add_background(parser)


def evaluate(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``evaluate``."""
    add_scene(parser)
    parser.add_argument(
        "--policy",
        nargs="+",
        default=[INITIAL],
        metavar="P",
        help="policies to evaluate on the same starts: ids, folders, initial or expert (initial)",
    )
    parser.add_argument("--episodes", type=positive, default=50, metavar="N", help="(%(default)s)")
    parser.add_argument(
        "--seed", type=_not_negative, metavar="K", help="seed of the first episode (the first one kept for evaluation)"
    )
    _add_workers(parser)


def compare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``compare``."""
    add_scene(parser)
    parser.add_argument("--before", required=True, metavar="P", help="a policy id, a folder, initial or expert")
    parser.add_argument("--after", required=True, metavar="P", help="likewise")
    parser.add_argument("--episodes", type=positive, default=100, metavar="N", help="starts (%(default)s)")
    _add_workers(parser)
    parser.add_argument("--run-id", metavar="ID", help="write progress to runs/ID/progress.jsonl as well")
    _add_background(parser)


def calibrate(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``calibrate``."""
    add_scene(parser)
    _add_model(parser)
    parser.add_argument("--propose", action="store_true", help="show the result without putting it in force")
    parser.add_argument("--accept", default="", metavar="ID", help="put this proposed calibration in force")


def predict(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``predict``."""
    add_scene(parser)
    _add_model(parser)
    _add_line(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="for the choice of held-out episodes")


def forecast(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``forecast``."""
    add_scene(parser)
    parser.add_argument("--policy", default="", metavar="P", help="id of the policy that is running (the promoted one)")
    parser.add_argument("--seed", type=int, default=0, metavar="K")
    _add_background(parser)


def band(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``band``."""
    add_scene(parser)
    parser.add_argument("--policy", default="", metavar="P", help="id of the policy that is new (the promoted one)")
    _add_background(parser)


def threshold(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``threshold``."""
    add_scene(parser)
    _add_line(parser)
    parser.add_argument("--number", default="", choices=("p", "forecast"), help="what calls (the one that called last)")
    parser.add_argument("--debounce", type=positive, default=3, metavar="N", help="steps above the line (%(default)s)")
    parser.add_argument(
        "--let-go", type=_probability, default=0.25, metavar="P", help="lower line: a call ends there (%(default)s)"
    )
    _add_background(parser)


def _add_line(parser: argparse.ArgumentParser) -> None:
    """Add the three ways to choose the line for the alarm."""
    parser.add_argument("--threshold", type=_probability, default=0.5, metavar="P", help="of the alarm (%(default)s)")
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--calls", type=_not_negative, default=0, metavar="N", help="choose the line: at most N calls in ten minutes"
    )
    group.add_argument(
        "--missed",
        type=_percent,
        default=0.0,
        metavar="PERCENT",
        help="choose the line: at most so many of the takeovers unannounced",
    )


def scorecard(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``scorecard``."""
    add_scene(parser)
    add_episodes(parser)
    _add_model(parser)
    _add_line(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="for the choice of held-out episodes")


def doctor(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``doctor``."""
    parser.add_argument(
        "--repair", action="store_true", help="repair what can be repaired; damaged files are moved aside, not deleted"
    )


def bundle(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``bundle``."""
    add_scene(parser)
    parser.add_argument("--all", action="store_true", help="every scene that ships, instead of one")
    parser.add_argument("--demonstrations", type=positive, metavar="N", help="(as the scene says)")
    parser.add_argument("--epochs", type=_not_negative, metavar="N", help="0: to convergence (as the scene says)")
    parser.add_argument("--evaluate", type=positive, default=100, metavar="N", help="episodes (%(default)s)")
    parser.add_argument("--supervised", type=positive, metavar="N", help="episodes with a supervisor (of the scene)")
    parser.add_argument("--unattended", type=positive, metavar="N", help="episodes alone (as the scene says)")
    parser.add_argument("--keep-policy", action="store_true", help="keep demonstrations and policy, fit the rest again")
    parser.add_argument("--forecast-only", action="store_true", help="fit only the forecast again; keep all else")
    parser.add_argument("--into", type=Path, metavar="DIR", help="write here instead of where the program looks")


def export_policy(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``export-policy``."""
    add_scene(parser)
    _add_policy(parser)
    parser.add_argument(
        "target", type=Path, metavar="PATH", help="a file that ends in .zip, .onnx or .pt, or a new folder"
    )
    parser.add_argument(
        "--format", choices=("mile", "onnx", "torchscript"), help="mile: for this program (as PATH ends)"
    )
    parser.add_argument("--force", action="store_true", help="replace a policy that was exported to PATH before")


def import_policy(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``import-policy``."""
    parser.add_argument("source", type=Path, metavar="PATH", help="a folder, a .zip or a .safetensors file")
    parser.add_argument(
        "--scene", default="", metavar="S", help="scene of a Stable-Baselines3 zip, which does not name one"
    )


def serve_robot(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``serve-robot``."""
    from mile_desktop.robots.server import DEFAULT_PORT  # noqa: PLC0415 - imports zmq

    add_scene(parser)
    add_shift(parser)
    parser.add_argument("--port", type=port, default=DEFAULT_PORT, metavar="N", help="0: any free one (%(default)s)")
    parser.add_argument("--bind", default="127.0.0.1", metavar="HOST", help="address to serve at (%(default)s)")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="the robot's keys, as `robot-keys DIR` makes them")
    parser.add_argument("--seed", type=_not_negative, default=0, metavar="K", help="of the first start (%(default)s)")
    parser.add_argument("--watchdog", type=watchdog_s, default=0.25, metavar="S", help="silence to hold (%(default)s)")
    parser.add_argument(
        "--cameras", type=_not_negative, default=2, metavar="N", help="of the scene's; 0: none (%(default)s)"
    )
    parser.add_argument(
        "--camera-rate", type=picture_rate, default=15.0, metavar="HZ", help="pictures per second (%(default)s)"
    )
    parser.add_argument(
        "--camera-size", type=picture_size, default=(640, 480), metavar="WxH", help="in pixels (640x480)"
    )


def robot_keys(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``robot-keys``."""
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="the robot's keys; made where missing")
    parser.add_argument("--let-in", metavar="KEY", default="", help="allow the window with this public key")
    parser.add_argument("--name", metavar="NAME", default="window", help="of that window (%(default)s)")
    parser.add_argument("--window", action="store_true", help="show the public key of this user's window instead")


def install_launcher(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``install-launcher``."""
    parser.add_argument("--remove", action="store_true", help="remove the menu entry and the icon again")


def words(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``words``."""
    add_scene(parser)
    parser.add_argument("--language", default="en", metavar="L", help="language of the words: en or de (%(default)s)")
    parser.add_argument(
        "--frame",
        choices=("camera", "robot", "ask"),
        default="camera",
        help="who sees left and right, as a person has chosen it before; ask: not yet (%(default)s)",
    )
    parser.add_argument("text", nargs="+", metavar="TEXT", help="one line, for example: left a bit")
