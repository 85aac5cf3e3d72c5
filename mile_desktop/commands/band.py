"""``mile-desktop band``: when the forecast is unusual for a policy that nobody has corrected yet."""

import argparse

import psutil

from mile_desktop.commands.command import Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.evaluation.success_band import make_success_band
from mile_desktop.registry.names import INITIAL
from mile_desktop.storage.catalogue import Catalogue

# The lowest priority: the window starts it after a promotion, while a person may already supervise.
_NICENESS = 19
_SHOWN_STEPS = 20


def run(options: argparse.Namespace, report: Report) -> None:
    """Make the band and report its edge."""
    if options.background:
        psutil.Process().nice(_NICENESS)
    with opened_workspace(options, report) as workspace:
        policy = options.policy or Catalogue(workspace).promoted(options.scene) or INITIAL
        found = make_success_band(workspace, options.scene, policy, only_new=options.background, report=report.progress)
    band = found.band
    if band is None:
        report.say({"changed": False, "successes": 0, "reason": found.reason}, f"No band. {found.reason}")
        return
    edge = [round(band.edge(step), 4) for step in range(len(band.course))]
    fields = {
        "policy": band.policy_id,
        "number": band.number,
        "changed": found.changed,
        "successes": band.successes,
        "share": band.share,
        "edge": edge,
    }
    shown = "\n".join(f"step {step:4}  {edge[step]:.2f}" for step in range(0, len(edge), _SHOWN_STEPS))
    promise = f"At most {band.share:.0%} of the successes of {band.policy_id} are called"
    report.say(fields, f"{found.reason} {promise}, where the {band.number} is above:\n{shown}")
