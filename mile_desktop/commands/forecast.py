"""``mile-desktop forecast``: refit the forecast to what was recorded, as the window does after every episode."""

import argparse
import dataclasses
import math

import psutil

from mile_desktop.commands.command import Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.errors import UserError
from mile_desktop.evaluation.success_band import make_success_band
from mile_desktop.registry.forecast_refit import refit_forecast
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace

# The lowest priority: it runs after each episode, while a person may already drive the next one.
_NICENESS = 19


def run(options: argparse.Namespace, report: Report) -> None:
    """Refit the forecast and report whether it is used."""
    if options.background:
        psutil.Process().nice(_NICENESS)
    with opened_workspace(options, report) as workspace:
        policy = options.policy or Catalogue(workspace).promoted(options.scene) or ""
        without_band = ""
        found = refit_forecast(workspace, options.scene, policy, seed=options.seed)
        if found.changed and policy:
            without_band = _make_band(workspace, options.scene, policy)
    # JSON has no NaN, which stands here for "too few episodes to tell".
    fields = {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in dataclasses.asdict(found).items()
    }
    text = "In use: " if found.refitted else "Not in use: "
    scores = "" if math.isnan(found.auroc) else f" AUROC {found.auroc:.3f}, Brier {found.brier:.3f} against "
    scores += "" if math.isnan(found.auroc) else f"{found.brier_constant:.3f}, {found.recall:.0%} announced."
    report.say({**fields, "without_band": without_band}, text + found.reason + scores + without_band)


def _make_band(workspace: Workspace, scene: str, policy: str) -> str:
    """Make the band of a policy that is new, before the window gets the new forecast: an older band does not fit it.

    Returns why there is none as a sentence; empty where none is needed or it was made. The refit stays in use.
    """
    try:
        make_success_band(workspace, scene, policy, only_new=True)
    except (UserError, OSError) as error:
        return f" The policy does not call in its first episodes: {error}"
    return ""
