"""``mile-desktop check-data``: doubtful steps of the recorded takeovers, and the symmetry that a training would use."""

import argparse

import psutil

from mile_desktop.commands.command import Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.learning.data_hygiene import HygieneReport, is_demonstration
from mile_desktop.learning.settings import LEFT_OUT
from mile_desktop.learning.step_problem import PROBLEMS, StepProblem
from mile_desktop.operators.supervisors import SUPERVISORS
from mile_desktop.paths import bundled_demonstrations
from mile_desktop.registry.scene_symmetry import recorded_symmetry
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode, read_episode_file
from mile_desktop.storage.workspace import EPISODE_SUFFIX, Workspace

# The window starts it after every episode, while a person may already drive the next one.
_NICENESS = 19
_MOST_PLACES = 200
"""Places told for each problem: the window steps through them one by one."""


def run(options: argparse.Namespace, report: Report) -> None:
    """Report each problem with its places, then the symmetry."""
    if options.background:
        psutil.Process().nice(_NICENESS)
    with opened_workspace(options, report) as workspace:
        found = _hygiene(workspace, options.scene)
        # Inside the block as well: it reads recorded episodes where the scene has no demonstrations.
        symmetry = recorded_symmetry(workspace, options.scene)
    fields = {"symmetry": symmetry.symmetry.text, "refused": list(symmetry.refused)}
    report.say(fields, " ".join([symmetry.symmetry.text, *symmetry.refused]))
    for problem in StepProblem:
        _say(problem, found, report)


def _hygiene(workspace: Workspace, scene: str) -> HygieneReport:
    episodes = [read_episode(workspace, record.episode_id) for record in Catalogue(workspace).episodes(scene)]
    shown = [read_episode_file(path) for path in sorted(bundled_demonstrations(scene).glob(f"*{EPISODE_SUFFIX}"))]
    supervised = [each for each in episodes if not is_demonstration(each)]
    return HygieneReport(supervised, [*shown, *filter(is_demonstration, episodes)])


def _say(problem: StepProblem, found: HygieneReport, report: Report) -> None:
    places = found.spans(problem)
    steps, simulated = found.steps(problem), found.steps_by(problem, SUPERVISORS)
    fields = {
        "problem": problem.value,
        "steps": steps,
        "simulated": simulated,
        "places": [[each.episode_id, each.first, each.steps] for each in places[:_MOST_PLACES]],
    }
    default = "left out by default" if problem in LEFT_OUT else "learned from by default"
    where = f", first in {places[0].episode_id} at step {places[0].first}" if places else ""
    drove = f"{steps - simulated} steps by a person and {simulated} by a simulated supervisor"
    report.say(fields, f"{drove} {PROBLEMS[problem].title} ({default}) in {len(places)} places{where}.")
