"""``mile-desktop study analyse``: tests, figures and the report of a study."""

import argparse

import msgspec

from mile_desktop.commands.command import Report
from mile_desktop.privacy import share_like
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.analysis import REPORT, analyse_study, expect_report_folder, write_results
from mile_desktop.study.comparisons import Compared
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.participants import participants_text
from mile_desktop.study.results import AnalysisResult
from mile_desktop.study.withdrawal import RESULTS


def run(options: argparse.Namespace, report: Report) -> None:
    """Analyse, write the files, and report the result."""
    study = StudyFolder(options.folder)
    share_like(study.folder)
    target = options.output or study.folder / RESULTS
    expect_report_folder(target)  # before minutes of work
    with Workspace.open(study.folder, create=False) as workspace:
        result = analyse_study(study, workspace, seed=options.seed, report=report.progress)
    files = write_results(result, target)
    place = target / REPORT
    fields = {"text": f"The report is in {place}.", "report": str(place), "files": list(files)}
    report.say({**fields, **msgspec.to_builtins(result)}, f"{_text(result)}\nThe report is in {place}.")


def _text(result: AnalysisResult) -> str:
    people = f"{participants_text(result.participants)}, {result.finished} finished, {result.withdrawn} withdrew"
    lines = [f"{people}, {result.episodes} episodes."]
    for each in result.prediction:
        lines.append(f"Prediction of takeovers, {each.scene}, {each.held_out}:")
        lines += [f"  {e.name:18} AUROC {_number(e.mean)}  {_interval(e.low, e.high)}" for e in each.estimates["auroc"]]
        lines += [_line(each) for each in each.comparisons]
    lines.append("Planned comparisons of conditions:")
    lines += [_line(each) for each in result.planned] or ["  none"]
    after = [each for each in result.comparisons if not each.planned and each.significant]
    lines.append(f"Looked at afterwards: {len(after)} of {len(result.comparisons) - len(result.planned)} differ.")
    lines += [_line(each) for each in after]
    return "\n".join((*lines, *result.notes))


def _line(each: Compared) -> str:
    p = "not tested" if each.p_holm is None else f"p (Holm) {each.p_holm:.3f}"
    name = f"{each.measure}: {each.second} − {each.first}"
    return f"  {name:52} {_number(each.difference)}  {_interval(each.low, each.high)}  {p}"


def _number(value: float | None) -> str:
    return "      –" if value is None else f"{value:7.3f}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"


ACTIONS = {"analyse": run}
