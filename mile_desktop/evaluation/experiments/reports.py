"""From the results of a folder to its tables and figures."""

from pathlib import Path

from mile_desktop.evaluation.experiments.curves import settings_of
from mile_desktop.evaluation.experiments.documents import fill_section, picture
from mile_desktop.evaluation.experiments.figures import draw_learning
from mile_desktop.evaluation.experiments.results import ResultStore
from mile_desktop.evaluation.experiments.tables import learning_section

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

    def text(seen_from: Path | None) -> str:
        parts = []
        for setting in settings:
            figure = output / f"{setting.slug}.svg"
            parts.append(f"{learning_section(setting)}\n\n{picture(figure, f'Success on {setting.slug}', seen_from)}")
        return "\n\n".join(parts) + "\n"

    for setting in settings:
        draw_learning(setting, output / f"{setting.slug}.svg")
    if settings:
        (output / "learning.md").write_text(text(None), "utf-8")
    if document is not None:
        fill_section(document, "learning", text(document))
    return text(None)
