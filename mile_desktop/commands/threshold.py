"""``mile-desktop threshold``: what a line for the alarm means, or the line that keeps a budget or a share of misses."""

import argparse
from collections.abc import Sequence
from functools import partial

import msgspec
import psutil

from mile_desktop.commands.command import Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.registry.call_lines import RecordedCall, last_calls, recorded_call_curve
from mile_desktop.storage.call_curve import THRESHOLDS, CallCurve, ChosenLine, LineWish, choose_line
from mile_desktop.storage.reasons import decode_reasons, reasons_text

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
        find = partial(last_calls, workspace, options.scene, number)
        rule = {"debounce_steps": options.debounce, "let_go": options.let_go}
        # A budget can put the line so high that no recorded call is left; then those of the line before are listed.
        at, calls = line.threshold, find(line.threshold, **rule)
        if not calls:
            at, calls = options.threshold, find(options.threshold, **rule)
    fields = {
        "scene": options.scene,
        "number": number,
        "line": msgspec.to_builtins(line),
        "last_calls": msgspec.to_builtins(calls),
        "curve": msgspec.to_builtins(curve),
    }
    report.say(fields, "\n".join((_text(curve, line, number), *_last_calls_text(calls, at))))


def line_wish(options: argparse.Namespace) -> LineWish:
    """Return how the arguments say that the line is chosen."""
    return LineWish(options.threshold, options.calls, options.missed / 100)


def _last_calls_text(calls: Sequence[RecordedCall], threshold: float) -> list[str]:
    if not calls:
        return [f"Above {threshold:.2f} there was no call in the recorded episodes."]
    lines = [f"The last calls above {threshold:.2f}, and why:"]
    for each in calls:
        why = reasons_text(decode_reasons(each.reasons)) or "no reason was recorded"
        followed = "a takeover followed" if each.followed else "no takeover followed"
        lines.append(f"{each.episode_id} at {each.seconds:.1f} s: {why} ({followed})")
    return lines


def _text(curve: CallCurve, line: ChosenLine, number: str) -> str:
    lines = [f"{number} above {line.threshold:.2f}: {curve.meaning(line.threshold)} ({line.reason})."]
    lines.append("line   calls in ten minutes   takeovers unannounced")
    for threshold in THRESHOLDS[8::10]:
        place = THRESHOLDS.index(threshold)
        calls = curve.calls_in_ten_minutes(threshold)
        lines.append(f"{threshold:.2f} {calls:14.1f} {curve.missed[place]:18}/{curve.takeovers}")
    return "\n".join(lines)
