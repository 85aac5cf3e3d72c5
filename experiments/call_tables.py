"""Tables of the calls: every predictor under every kind of supervisor, and the forecast against the best baseline."""

import math
from collections.abc import Callable, Iterable, Sequence

from experiments.prediction_cell import PredictionCell, PredictionOutcome, PredictorScore, RobotScores
from experiments.results import CellResult
from experiments.statistics import Estimate, mean_with_interval
from experiments.tables import estimate, table

BASELINES = ("majority", "stopwatch", "history logistic", "neural classifier", "stall")
LEADS_S = (0.25, 0.5, 1.0)
Cell = tuple[PredictionCell, PredictionOutcome]
ValueOf = Callable[[PredictorScore], float | None]


def call_cells(results: Iterable[CellResult]) -> list[Cell]:
    """Return the cells with today's way of training and the bundled start."""
    return [each for each in _today(results) if not each[0].start.demonstrations]


def _today(results: Iterable[CellResult]) -> list[Cell]:
    return [
        (each.cell, each.result)
        for each in results
        if isinstance(each.cell, PredictionCell)
        and isinstance(each.result, PredictionOutcome)
        and each.cell.recipe == "default"
    ]


def first_minutes_table(results: Iterable[CellResult]) -> str:
    """Return how well p and the forecast rank after the first episodes from one demonstration; empty without any."""
    found: dict[tuple[str, int], list[PredictionOutcome]] = {}
    for cell, outcome in _today(results):
        if cell.start.demonstrations:
            found.setdefault((cell.scene, cell.episodes), []).append(outcome)
    head = (
        "scene",
        "episodes",
        "seeds",
        *(f"{robot}: {name}" for robot in ("same robot", "retrained") for name in _FIRST),
    )
    rows = []
    for (scene, episodes), outcomes in sorted(found.items()):
        robots = ([each.collecting for each in outcomes], [each.promoted for each in outcomes])
        values = [
            estimate(_mean(_scores(robot, predictor), "auroc"), 2) for robot in robots for predictor in _FIRST.values()
        ]
        rows.append((scene, str(episodes), str(len(outcomes)), *values))
    return table(head, rows) if rows else ""


_FIRST = {"p": "mile, ensemble", "forecast": "forecast", "stopwatch": "stopwatch"}
"""Name in the table of the first minutes → predictor."""


def call_sections(results: Sequence[CellResult]) -> str:
    """Return one table a scene, over all supervisors and seeds, and one of paired differences by supervisor."""
    cells = call_cells(results)
    scenes = sorted({cell.scene for cell, _ in cells})
    parts = [_scene(scene, [each for each in cells if each[0].scene == scene]) for scene in scenes]
    return "\n\n".join([*parts, _pairs(cells)])


def _scene(scene: str, cells: Sequence[Cell]) -> str:
    before, after = [each.collecting for _, each in cells], [each.promoted for _, each in cells]
    names = list(dict.fromkeys(score.name for robot in (*before, *after) for score in robot.scores))
    head = ("predictor", "AUROC", "matched", *(f"BA {lead:g} s" for lead in LEADS_S), "promoted: AUROC", "matched")
    rows = [
        (
            name,
            estimate(_mean(_scores(before, name), "auroc"), 2),
            estimate(_mean(_scores(before, name), "phase_matched_auroc"), 2),
            *(estimate(_early(_scores(before, name), lead), 2) for lead in LEADS_S),
            estimate(_mean(_scores(after, name), "auroc"), 2),
            estimate(_mean(_scores(after, name), "phase_matched_auroc"), 2),
        )
        for name in names
    ]
    kinds = sorted({cell.supervision.kind for cell, _ in cells})
    seeds = len({cell.seed for cell, _ in cells})
    line = f"{scene}: {len(cells)} cells, supervisors {', '.join(kinds)}, up to {seeds} seeds each."
    return f"{line}\n\n{table(head, rows)}"


def _pairs(cells: Sequence[Cell]) -> str:
    """Return the forecast minus the best baseline: the one with the best mean over all these cells, cell by cell."""
    rows = []
    for kind in ("all", *sorted({cell.supervision.kind for cell, _ in cells})):
        robots = [each.collecting for cell, each in cells if kind in {"all", cell.supervision.kind}]
        for title, value in _COMPARED:
            # Chosen with hindsight on the same cells, which favours the baseline and not the forecast.
            best = max(BASELINES, key=lambda name: _average([value(each) for each in _scores(robots, name)]))
            gaps = [ours - theirs for robot in robots if (ours := _of(robot, "forecast", value)) is not None
                    and (theirs := _of(robot, best, value)) is not None]  # fmt: skip
            gap = estimate(mean_with_interval(gaps), 3, sign=True) if gaps else "–"
            rows.append((kind, title, best, str(len(gaps)), gap))
    return table(("supervisor", "score", "best baseline", "cells", "forecast minus best baseline, paired"), rows)


def _scores(robots: Iterable[RobotScores], name: str) -> list[PredictorScore]:
    return [score for robot in robots for score in robot.scores if score.name == name]


def _mean(scores: Iterable[PredictorScore], what: str) -> Estimate | None:
    found = [float(value) for score in scores if (value := getattr(score, what)) is not None]
    return mean_with_interval(found) if found else None


def _early(scores: Iterable[PredictorScore], lead_s: float) -> Estimate | None:
    found = [point.balanced_accuracy for score in scores for point in score.early if math.isclose(point.lead_s, lead_s)]
    return mean_with_interval(found) if found else None


def _auroc(score: PredictorScore) -> float | None:
    return score.auroc


def _matched(score: PredictorScore) -> float | None:
    return score.phase_matched_auroc


def _half_second(score: PredictorScore) -> float | None:
    return next((each.balanced_accuracy for each in score.early if math.isclose(each.lead_s, 0.5)), None)


_COMPARED: tuple[tuple[str, ValueOf], ...] = (
    ("AUROC", _auroc),
    ("matched AUROC", _matched),
    ("balanced accuracy, 0.5 s", _half_second),
)


def _of(robot: RobotScores, name: str, value: ValueOf) -> float | None:
    return next((value(score) for score in robot.scores if score.name == name), None)


def _average(values: Iterable[float | None]) -> float:
    found = [each for each in values if each is not None]
    return math.fsum(found) / len(found) if found else -math.inf
