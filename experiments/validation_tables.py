"""Tables of the validation."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from experiments.prediction_cell import PredictionCell, PredictionOutcome, RobotScores
from experiments.recovery_cell import Recovery, RecoveryCell
from experiments.results import CellResult
from experiments.statistics import Estimate, mean_with_interval
from experiments.tables import estimate, number, table
from experiments.temporal_cell import TemporalCell, TemporalOutcome

CellT = TypeVar("CellT")
ResultT = TypeVar("ResultT")
Key = tuple[str | float, ...]


def grouped(
    results: Iterable[CellResult], cell: type[CellT], result: type[ResultT], key: Callable[[CellT], Key]
) -> dict[Key, list[tuple[CellT, ResultT]]]:
    """Group the results of one kind by their settings except the seed."""
    groups: dict[Key, list[tuple[CellT, ResultT]]] = {}
    for each in results:
        if isinstance(each.cell, cell) and isinstance(each.result, result):
            groups.setdefault(key(each.cell), []).append((each.cell, each.result))
    return dict(sorted(groups.items(), key=lambda item: tuple(map(str, item[0]))))


def recovered(results: Iterable[CellResult]) -> dict[Key, list[tuple[RecoveryCell, Recovery]]]:
    """Group the results of calibration by networks, cost and scale."""
    groups = grouped(
        results, RecoveryCell, Recovery, lambda cell: (cell.networks, cell.cost, cell.cdf_scale, cell.episodes)
    )
    return dict(sorted(groups.items(), key=lambda item: (item[0][0], float(item[0][1]), float(item[0][2]))))


def recovery_table(results: Sequence[CellResult]) -> str:
    """Return true against fitted cost and scale, one row a supervisor."""
    head = (
        "networks", "true c", "true σ", "seeds", "takeovers", "c found", "spread of c", "claimed error", "σ found",
        "rate seen", "rate predicted",
    )  # fmt: skip
    rows = []
    for (networks, cost, scale, _), members in recovered(results).items():
        found = [each for _, each in members]
        costs = mean_with_interval([each.cost for each in found])
        rows.append(
            (
                str(networks),
                f"{cost:g}",
                f"{scale:g}",
                str(len(found)),
                f"{_mean(each.takeovers for each in found):.0f}",
                estimate(costs, 2),
                number(_spread([each.cost for each in found])),
                number(_mean(each.cost_error for each in found)),
                estimate(mean_with_interval([each.cdf_scale for each in found]), 2),
                number(_mean(each.observed_rate for each in found)),
                number(_mean(each.predicted_rate for each in found)),
            )
        )
    return table(head, rows)


def temporal_table(results: Sequence[CellResult]) -> str:
    """Return the scores of both models on held-out episodes, one row a supervisor."""
    groups = grouped(results, TemporalCell, TemporalOutcome, lambda cell: (cell.networks, cell.supervision.title))
    head = (
        "networks", "supervisor", "seeds", "rate", "log-lik. of the moment", "temporal", "gain, paired",
        "gain at onsets", "AUROC at onsets", "temporal", "ρ", "k", "r",
    )  # fmt: skip
    rows = []
    for (networks, title), members in groups.items():
        found = [each for _, each in members]
        gain = [each.temporal.log_likelihood - each.instantaneous.log_likelihood for each in found]
        onset = [each.temporal.onset_log_likelihood - each.instantaneous.onset_log_likelihood for each in found]
        rows.append(
            (
                str(networks),
                str(title),
                str(len(found)),
                number(_mean(each.rate for each in found)),
                number(_mean(each.instantaneous.log_likelihood for each in found), 3),
                number(_mean(each.temporal.log_likelihood for each in found), 3),
                estimate(mean_with_interval(gain), sign=True),
                estimate(mean_with_interval(onset), sign=True),
                number(_mean_of_some(each.instantaneous.onset_auroc for each in found), 3),
                number(_mean_of_some(each.temporal.onset_auroc for each in found), 3),
                number(_mean(each.parameters.retention for each in found)),
                number(_mean(each.parameters.delay_steps for each in found), 1),
                number(_mean(each.parameters.hand_back for each in found)),
            )
        )
    return table(head, rows)


def predictions(results: Iterable[CellResult]) -> dict[Key, list[tuple[PredictionCell, PredictionOutcome]]]:
    """Group the scores of the recorded recipe by scene and supervisor."""
    recorded = [each for each in results if getattr(each.cell, "recipe", "recorded") == "recorded"]
    return grouped(recorded, PredictionCell, PredictionOutcome, lambda cell: (cell.scene, cell.supervision.title))


def prediction_sections(results: Sequence[CellResult]) -> str:
    """Return one table a supervisor: every predictor with the collecting and with the promoted robot."""
    return "\n\n".join(
        _prediction_section(f"{scene}, supervisor *{title}*", [each for _, each in members])
        for (scene, title), members in predictions(results).items()
    )


def _prediction_section(title: str, found: Sequence[PredictionOutcome]) -> str:
    before, after = [each.collecting for each in found], [each.promoted for each in found]
    names = list(dict.fromkeys(score.name for robot in (*before, *after) for score in robot.scores))
    line = (
        f"{title}: {len(found)} seeds; per seed {_mean(each.takeovers for each in before):.0f} takeovers with the "
        f"collecting robot ({_mean(each.rate for each in before):.0%} of its steps have one within ten), "
        f"{_mean(each.takeovers for each in after):.0f} with the promoted one "
        f"({_mean(each.rate for each in after):.0%}), which succeeds alone in "
        f"{_mean(each.unattended_success for each in found):.0%}."
    )
    head = ("predictor", "AUROC", "matched", "Brier", "promoted: AUROC", "matched", "Brier", "calibration error")
    rows = [
        (
            name,
            estimate(scored(before, name, "auroc"), 2),
            estimate(scored(before, name, "phase_matched_auroc"), 2),
            estimate(scored(before, name, "brier"), 3),
            estimate(scored(after, name, "auroc"), 2),
            estimate(scored(after, name, "phase_matched_auroc"), 2),
            estimate(scored(after, name, "brier"), 3),
            estimate(scored(after, name, "calibration_error"), 3),
        )
        for name in names
    ]
    return f"{line}\n\n{table(head, rows)}"


def scored(robots: Iterable[RobotScores], name: str, what: str) -> Estimate | None:
    """Return the mean over seeds of one score, in [0, 1], of one predictor; None when no seed has it."""
    found = [
        float(value)
        for robot in robots
        for score in robot.scores
        if score.name == name and (value := getattr(score, what)) is not None
    ]
    if not found:
        return None
    mean = mean_with_interval(found)
    low, high = mean.interval
    return mean if math.isnan(low) else Estimate(mean.mean, (max(low, 0.0), min(high, 1.0)), mean.seeds)


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return math.fsum(found) / len(found)


def _mean_of_some(values: Iterable[float | None]) -> float:
    found = [each for each in values if each is not None]
    return _mean(found) if found else math.nan


def _spread(values: Sequence[float]) -> float:
    """Return the standard deviation over seeds; NaN for one seed."""
    if len(values) < 2:
        return math.nan
    centre = _mean(values)
    return math.sqrt(math.fsum((each - centre) ** 2 for each in values) / (len(values) - 1))
