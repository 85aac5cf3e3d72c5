"""The grid of corrections in words against the pad, and its table."""

from collections.abc import Sequence
from pathlib import Path

from experiments.cells import AnyCell
from experiments.documents import fill_section
from experiments.results import ResultStore
from experiments.statistics import mean_with_interval
from experiments.tables import estimate, table
from experiments.words_cell import WordsCell, WordsOutcome, success

WORDS_SCENES = ("button-press", "drawer-open", "lunar-lander")
_DEVICES = ("pad", "words")


def words_grid(scenes: Sequence[str], seeds: int) -> list[AnyCell]:
    """Return the cells seed by seed, both devices of a scene one after the other."""
    return [
        WordsCell(scene=scene, device=device, seed=seed)  # type: ignore[arg-type]  # from a tuple of texts
        for seed in range(1, seeds + 1)
        for scene in scenes
        for device in _DEVICES
    ]


def report_words(store: ResultStore, document: Path | None = None) -> str:
    """Return the table of all words results in ``store``; ``document``: its section ``words`` gets it.

    Raises
    ------
    ResultError, DocumentError
        A result is damaged, or the document has no such section.
    """
    done = [(each.cell, each.result) for each in store.all()
            if isinstance(each.cell, WordsCell) and isinstance(each.result, WordsOutcome)]  # fmt: skip
    rows = []
    for scene in WORDS_SCENES:
        for device in _DEVICES:
            here = [result for cell, result in done if (cell.scene, cell.device) == (scene, device)]
            if not here:
                continue
            columns = (
                [each.takeovers for each in here],
                [each.takeover_s for each in here],
                [each.human_steps for each in here],
                [success(each.before) for each in here],
                [success(each.after) for each in here],
            )
            means = [estimate(mean_with_interval([float(each) for each in column]), 2) for column in columns]
            rows.append((scene, device, str(len(here)), *means))
    head = ("scene", "device", "seeds", "takeovers", "seconds each", "human steps", "success before", "after")
    text = table(head, rows) if rows else "Not run yet."
    if document is not None:
        fill_section(document, "words", text)
    return text
