"""The paper's own regime: no demonstration in the trainings, a person with a fixed mental model, known c and σ.

Korkmaz and Bıyık, "MILE: Model-based Intervention Learning", ICRA 2025, arXiv 2502.13519.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.cells import AnyCell
from experiments.control_tables import rivals_table
from experiments.curves import settings_of
from experiments.documents import fill_section, picture
from experiments.figures import draw_learning
from experiments.learning_cell import LearningCell
from experiments.results import ResultStore
from experiments.seeds import EVALUATION_STARTS, REPORTING_SEEDS
from experiments.supervisor_setup import SimulatedSupervisor
from experiments.tables import learning_section
from experiments.variants import variant
from mile_desktop.operators.probit import ProbitSettings
from mile_desktop.scenes.catalogue import scene_info

REPRODUCTION_METHODS = ("mile-paper", "mile-calm", "mile-weighed", "hg-dagger", "bc")
"""As published; ours; ours with silence weighed by precision; two rivals that the paper has, too."""
_RECIPE: dict[str, Any] = {"epochs": 40, "held_out": 0.0, "warm_start": True, "symmetry": False, "left_out": []}
"""The same for all: a warm start and a short training a round as published, all data, last weights, no symmetry."""
_ROUNDS, _EPISODES = 6, 2


def reproduction_grid(scenes: Sequence[str], seeds: int, methods: Sequence[str]) -> list[AnyCell]:
    """Return the cells seed by seed, so that a run that is stopped has compared all methods."""
    return [
        LearningCell(
            scene=scene,
            method=method,
            training={**variant(method), **_RECIPE, **_known(scene, method)},
            supervision=SimulatedSupervisor(kind="probit", mental_model="initial"),
            seed=seed,
            rounds=_ROUNDS,
            episodes=_EPISODES,
            evaluate=EVALUATION_STARTS,
            evaluated_after=(2, 4, 6),
            keeps_demonstrations=False,
        )
        for seed in REPORTING_SEEDS[:seeds]
        for scene in scenes
        for method in methods
    ]


def _known(scene: str, method: str) -> dict[str, float]:
    """Return the supervisor's own c and σ_Φ, which a method that learns from ν is told."""
    # Only what learns from ν has a use for them.
    if not method.startswith("mile"):
        return {}
    cost, cdf_scale = ProbitSettings().threshold(discrete=bool(scene_info(scene).choices))
    return {"cost": cost, "cdf_scale": cdf_scale}


def report_reproduction(store: ResultStore, figures: Path, document: Path | None = None) -> str:
    """Draw the curves and return the tables; ``document``: its section ``reproduction`` gets both.

    Raises
    ------
    ResultError, DocumentError, FiguresMissingError
        A result is damaged, the document has no such section, or matplotlib is not installed.
    """
    seen_from = figures.parent / "tables.md" if document is None else document
    parts = []
    for setting in settings_of(store.all()):
        path = figures / f"{setting.slug}.svg"
        draw_learning(setting, path)
        rivals = rivals_table([setting], "mile-paper")
        parts += [learning_section(setting), rivals, picture(path, f"Success on {setting.slug}", seen_from)]
    text = "\n\n".join(part for part in parts if part) or "Not run yet."
    if document is not None:
        fill_section(document, "reproduction", text)
    return text
