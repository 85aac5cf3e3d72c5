"""Tables and figures of the results of a grid."""

from collections.abc import Callable, Sequence
from pathlib import Path

from experiments.call_tables import call_cells, call_sections, first_minutes_table
from experiments.control_tables import controls_table, rivals_table
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


def report_learning(store: ResultStore, figures: Path, document: Path | None = None) -> str:
    """Draw the curves of all learning results in ``store`` and return their tables.

    Parameters
    ----------
    figures
        Folder of the figures.
    document
        Markdown file whose section ``learning`` gets the tables and the figures.

    Raises
    ------
    ResultError, DocumentError, FiguresMissingError
        A result is damaged, the document has no such section, or matplotlib is not installed.
    """
    settings = settings_of(store.all())
    text = _learning_report(settings, figures, _seen_from(figures, document))
    if document is not None:
        fill_section(document, "learning", text)
    return text


def _seen_from(figures: Path, document: Path | None) -> Path:
    """Return the file whose folder the links to figures start from."""
    return figures.parent / "tables.md" if document is None else document


def _learning_report(settings: Sequence[Setting], figures: Path, seen_from: Path) -> str:
    """Return one table of everything, then a line and a figure a setting."""
    if not settings:
        return ""
    pictures = [f"{describe(each)}\n\n{_drawn(each, figures, seen_from)}" for each in settings]
    over_all = f"Over all scenes, paired by scene and seed:\n\n{pairs_table(settings)}"
    minutes = sum(curve.cpu_s for setting in settings for curve in setting.curves) / 60
    cost = f"All of it took {minutes:.0f} core-minutes."
    # the controls first: a gain over the initial policy alone proves little
    controls = controls_table(settings)
    gains = [f"What the methods add over the control arms:\n\n{controls}"] if controls else []
    own = rivals_table([each for each in settings if each.own_start], "mile-calm")
    bundled = rivals_table([each for each in settings if not each.own_start], "mile-tried")
    alike = [
        f"From {starts}, all learners with the recipe of {recipe}:\n\n{found}"
        for starts, recipe, found in (
            ("starts of few demonstrations", "`mile-calm`", own),
            ("the bundled starts", "`mile-tried` but for the trial", bundled),
        )
        if found
    ]
    return "\n\n".join([*gains, *alike, overview_table(settings), cost, over_all, *pictures])


def _drawn(setting: Setting, figures: Path, seen_from: Path) -> str:
    figure = figures / f"{setting.slug}.svg"
    draw_learning(setting, figure)
    return picture(figure, f"Success on {setting.slug}", seen_from)


def report_validation(store: ResultStore, figures: Path, document: Path | None = None) -> str:
    """Draw the figures of the validation in ``store`` and return its tables.

    Parameters
    ----------
    figures
        Folder of the figures.
    document
        Markdown file whose sections, named as in ``_PARTS``, get the tables and the figures.

    Raises
    ------
    ResultError, DocumentError, FiguresMissingError
        A result is damaged, the document has no such section, or matplotlib is not installed.
    """
    results = tuple(store.all())
    seen_from = _seen_from(figures, document)
    written = {name: make(results, figures, seen_from) for name, make in _PARTS.items()}
    if document is not None:
        for name, text in written.items():
            fill_section(document, name, text or "Not run yet.")
    return "\n\n".join(f"## {name.capitalize()}\n\n{text}" for name, text in written.items() if text)


def _calibration(results: Sequence[CellResult], figures: Path, seen_from: Path) -> str:
    if not recovered(results):
        return ""
    draw_recovery(results, figures / "calibration.svg")
    return f"{recovery_table(results)}\n\n{picture(figures / 'calibration.svg', 'Found against true', seen_from)}"


def _temporal(results: Sequence[CellResult], _figures: Path, _seen_from: Path) -> str:
    return temporal_table(results) if any(isinstance(each.cell, TemporalCell) for each in results) else ""


def _prediction(results: Sequence[CellResult], figures: Path, seen_from: Path) -> str:
    if not predictions(results):
        return ""
    draw_reliability(results, figures / "reliability.svg")
    figure = picture(figures / "reliability.svg", "Predicted against observed rates", seen_from)
    return f"{prediction_sections(results)}\n\n{figure}"


def _calls(results: Sequence[CellResult], _figures: Path, _seen_from: Path) -> str:
    return call_sections(results) if call_cells(results) else ""


def _first_minutes(results: Sequence[CellResult], _figures: Path, _seen_from: Path) -> str:
    return first_minutes_table(results)


def _methods(results: Sequence[CellResult], figures: Path, seen_from: Path) -> str:
    settings = [each for each in settings_of(results) if each.rounds > 1 and not each.wrong]
    return "\n\n".join(f"{learning_section(each)}\n\n{_drawn(each, figures, seen_from)}" for each in settings)


def _inaccuracy(results: Sequence[CellResult], _figures: Path, _seen_from: Path) -> str:
    settings = [each for each in settings_of(results) if each.rounds > 1]
    wrong = [each for each in settings if each.wrong]
    return wrong_table(next(each for each in settings if not each.wrong), wrong) if wrong else ""


def _bce(results: Sequence[CellResult], _figures: Path, _seen_from: Path) -> str:
    once = [each for each in settings_of(results) if each.rounds == 1]
    return bce_table(once) if once else ""


_PARTS: dict[str, Callable[[Sequence[CellResult], Path, Path], str]] = {
    "calibration": _calibration,
    "temporal": _temporal,
    "prediction": _prediction,
    "calls": _calls,
    "first-minutes": _first_minutes,
    "methods": _methods,
    "inaccuracy": _inaccuracy,
    "bce": _bce,
}
"""Section → function of the results, the figures' folder and the document; its text is empty without results."""
