"""The analysis of a study: what was planned first, then what was looked at afterwards; figures and a report."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

import mile_desktop
from mile_desktop.errors import UserError
from mile_desktop.intervention.scores import ScoreError
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.comparisons import condition_comparisons, condition_estimates
from mile_desktop.study.figures import interval_plot
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.report import report_html
from mile_desktop.study.results import MEASURE_TITLES, AnalysisResult, PredictionResult
from mile_desktop.study.tables import StudyTables
from mile_desktop.study.takeover_prediction import MAIN_SCORE, predict_takeovers

REPORT, RESULTS_FILE = "report.html", "results.json"


class AnalysisError(UserError):
    """There is nothing to analyse."""


def analyse_study(
    study: StudyFolder, workspace: Workspace, *, seed: int = 0, report: Callable[[float, str], None]
) -> AnalysisResult:
    """Analyse every participant who took part, also those whose session is not finished.

    Raises
    ------
    AnalysisError
        No episode of a block was recorded yet.
    WorkspaceError
        An episode cannot be read.
    """
    tables = StudyTables(study, workspace)
    if not tables.counted:
        raise AnalysisError("No episode of a block is recorded, so there is nothing to analyse; run a session first.")
    protocol = study.protocol
    prediction: list[PredictionResult] = []
    notes = []
    for number, scene in enumerate(protocol.scenes):
        first, share = number / len(protocol.scenes), 0.95 / len(protocol.scenes)
        try:
            prediction += predict_takeovers(tables, workspace, scene, seed=seed, report=_part(report, first, share))
        except ScoreError as error:
            notes.append(f"{scene}: takeovers are not predicted. {error}")
    report(0.96, "Comparing the conditions")
    blocks = list(tables.blocks())
    return AnalysisResult(
        study=protocol.name,
        title=protocol.title,
        question=" ".join(protocol.question.split()),
        participants=len(tables.people),
        finished=sum(each.stage == "finished" for each in tables.people),
        simulated=sum(each.simulated for each in tables.people),
        withdrawn=tables.withdrawn,
        episodes=len(tables.counted),
        alpha=protocol.alpha,
        software_version=mile_desktop.__version__,
        prediction=tuple(prediction),
        conditions=condition_estimates(protocol, blocks),
        comparisons=condition_comparisons(protocol, blocks),
        notes=tuple(notes),
    )


def _part(report: Callable[[float, str], None], first: float, share: float) -> Callable[[float, str], None]:
    return lambda done, text: report(first + share * done, text)


def expect_report_folder(folder: Path) -> None:
    """Raise ``AnalysisError`` where a report must not be written to ``folder``, because it holds something else."""
    if folder.exists() and not folder.is_dir():
        raise AnalysisError(f"{folder} is a file; a report needs a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / RESULTS_FILE).is_file():
        raise AnalysisError(f"{folder} is not empty and holds no report of a study; choose another folder.")


def write_results(result: AnalysisResult, folder: Path) -> tuple[str, ...]:
    """Write report, figures and ``results.json`` to ``folder``, and return the names of the files.

    An earlier report in the folder is replaced; anything else in it stays.

    Raises ``AnalysisError`` where the folder holds something else.
    """
    expect_report_folder(folder)
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    figures = dict(_figures(result))
    for name, content in figures.items():
        (part / name).write_text(content, encoding="utf-8")
    (part / RESULTS_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))
    (part / REPORT).write_text(report_html(result, figures), encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(part.iterdir()):
        path.replace(folder / path.name)
    part.rmdir()
    return (REPORT, RESULTS_FILE, *figures)


def _figures(result: AnalysisResult) -> Sequence[tuple[str, str]]:
    found = []
    for each in result.prediction:
        way = "same-person" if each.held_out.endswith("same person") else "other-persons"
        title = f"{each.scene}: {each.held_out}"
        axis = "AUROC of a takeover within ten steps; dots: participants"
        rows = each.estimates[MAIN_SCORE]
        found.append((f"prediction-{each.scene}-{way}.svg", interval_plot(title, axis, rows, mark=0.5)))
    for measure in ("success_per_minute", "success_per_human_step", "tlx"):
        rows = result.conditions[measure]
        if any(each.mean is not None for each in rows):
            axis = f"{MEASURE_TITLES[measure]}; dots: participants"
            found.append((f"conditions-{measure.replace('_', '-')}.svg", interval_plot("Conditions", axis, rows)))
    return found
