"""From the results of a folder to its tables and figures."""

from collections.abc import Callable, Sequence
from pathlib import Path

from experiments.curves import Setting, settings_of
from experiments.documents import fill_section, picture
from experiments.figures import draw_learning, draw_recovery, draw_reliability
from experiments.results import CellResult, ResultStore
from experiments.tables import (
    bce_table,
    describe,
    learning_section,
    overview_table,
    pairs_table,
    wrong_table,
)
from experiments.temporal_cell import TemporalCell
from experiments.validation_tables import (
    prediction_sections,
    predictions,
    recovered,
    recovery_table,
    temporal_table,
)

CELLS = "cells"
"""Folder of the results inside an output folder."""


def report_learning(output: Path, document: Path | None = None) -> str:
    """Draw the curves of all learning results in ``output``, write ``learning.md`` there and return its text.

    Parameters
    ----------
    document
        Whose section ``learning`` is filled with the same.

    Raises
    ------
    ResultError, DocumentError
        A result is damaged, or the document has no place.
    """
    settings = settings_of(ResultStore(output / CELLS).all())
    text = _learning_report(settings, output, output / "learning.md")
    if settings:
        (output / "learning.md").write_text(text + "\n", "utf-8")
    if document is not None:
        fill_section(document, "learning", _learning_report(settings, output, document))
    return text


def _learning_report(settings: Sequence[Setting], output: Path, seen_from: Path) -> str:
    """Return one table of everything, then a line and a figure a setting."""
    if not settings:
        return ""
    pictures = [f"{describe(each)}\n\n{_drawn(each, output, seen_from)}" for each in settings]
    over_all = f"Over all scenes, paired by scene and seed:\n\n{pairs_table(settings)}"
    minutes = sum(curve.cpu_s for setting in settings for curve in setting.curves) / 60
    cost = f"All of it took {minutes:.0f} core-minutes."
    return "\n\n".join([overview_table(settings), cost, over_all, *pictures])


def _drawn(setting: Setting, output: Path, seen_from: Path) -> str:
    figure = output / f"{setting.slug}.svg"
    draw_learning(setting, figure)
    return picture(figure, f"Success on {setting.slug}", seen_from)


def report_validation(output: Path, document: Path | None = None) -> str:
    """Draw the figures of the validation in ``output``, write ``validation.md`` there and return its text.

    Parameters
    ----------
    document
        Whose sections, named as in ``_PARTS``, are filled with the same.

    Raises
    ------
    ResultError, DocumentError
        A result is damaged, or the document has no place.
    """
    results = tuple(ResultStore(output / CELLS).all())
    written = {name: make(results, output, output / "validation.md") for name, make in _PARTS.items()}
    parts = [f"## {name.capitalize()}\n\n{text}" for name, text in written.items() if text]
    if parts:
        (output / "validation.md").write_text("\n\n".join(parts) + "\n", "utf-8")
    if document is not None:
        for name, make in _PARTS.items():
            fill_section(document, name, make(results, output, document) or "Not run yet.")
    return "\n\n".join(parts)


def _calibration(results: Sequence[CellResult], output: Path, seen_from: Path) -> str:
    if not recovered(results):
        return ""
    draw_recovery(results, output / "calibration.svg")
    return f"{recovery_table(results)}\n\n{picture(output / 'calibration.svg', 'Found against true', seen_from)}"


def _temporal(results: Sequence[CellResult], _output: Path, _seen_from: Path) -> str:
    return temporal_table(results) if any(isinstance(each.cell, TemporalCell) for each in results) else ""


def _prediction(results: Sequence[CellResult], output: Path, seen_from: Path) -> str:
    if not predictions(results):
        return ""
    draw_reliability(results, output / "reliability.svg")
    figure = picture(output / "reliability.svg", "Predicted against observed rates", seen_from)
    return f"{prediction_sections(results)}\n\n{figure}"


def _methods(results: Sequence[CellResult], output: Path, seen_from: Path) -> str:
    settings = [each for each in settings_of(results) if each.rounds > 1 and not each.wrong]
    return "\n\n".join(f"{learning_section(each)}\n\n{_drawn(each, output, seen_from)}" for each in settings)


def _inaccuracy(results: Sequence[CellResult], _output: Path, _seen_from: Path) -> str:
    settings = [each for each in settings_of(results) if each.rounds > 1]
    wrong = [each for each in settings if each.wrong]
    return wrong_table(next(each for each in settings if not each.wrong), wrong) if wrong else ""


def _bce(results: Sequence[CellResult], _output: Path, _seen_from: Path) -> str:
    once = [each for each in settings_of(results) if each.rounds == 1]
    return bce_table(once) if once else ""


_PARTS: dict[str, Callable[[Sequence[CellResult], Path, Path], str]] = {
    "calibration": _calibration,
    "temporal": _temporal,
    "prediction": _prediction,
    "methods": _methods,
    "inaccuracy": _inaccuracy,
    "bce": _bce,
}
"""Section → results, output folder and where its pictures are seen from → text, empty where there are no results."""
