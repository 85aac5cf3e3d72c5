"""``mile-desktop threshold``: what a line for the alarm means, or the line that keeps a budget or a share of misses."""

import argparse

import msgspec
import psutil

from mile_desktop.commands.command import Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.registry.call_lines import recorded_call_curve
from mile_desktop.storage.call_curve import THRESHOLDS, CallCurve, ChosenLine, LineWish, choose_line

_NICENESS = 10


def run(options: argparse.Namespace, report: Report) -> None:
    """Report the chosen line, and calls and unannounced takeovers at every line."""
    if options.background:
        psutil.Process().nice(_NICENESS)
    with opened_workspace(options, report) as workspace:
        curve, number = recorded_call_curve(
            workspace, options.scene, options.number, debounce_steps=options.debounce, let_go=options.let_go
        )
    line = choose_line(curve, line_wish(options))
    fields = {"scene": options.scene, "number": number, "line": msgspec.to_builtins(line)}
    report.say({**fields, "curve": msgspec.to_builtins(curve)}, _text(curve, line, number))


def line_wish(options: argparse.Namespace) -> LineWish:
    """Return how the arguments say that the line is chosen."""
    return LineWish(options.threshold, options.calls, options.missed / 100)


def _text(curve: CallCurve, line: ChosenLine, number: str) -> str:
    lines = [f"{number} above {line.threshold:.2f}: {curve.meaning(line.threshold)} ({line.reason})."]
    lines.append("line   calls in ten minutes   takeovers unannounced")
    for threshold in THRESHOLDS[8::10]:
        place = THRESHOLDS.index(threshold)
        calls = curve.calls_in_ten_minutes(threshold)
        lines.append(f"{threshold:.2f} {calls:14.1f} {curve.missed[place]:18}/{curve.takeovers}")
    return "\n".join(lines)
