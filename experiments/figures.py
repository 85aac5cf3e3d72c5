"""Results as figures. Drawn without a display; equal results give equal files.

matplotlib is optional, and tables and cells do without it: it is imported when a figure is drawn.
"""

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from experiments.curves import Setting
from experiments.prediction_cell import PredictionOutcome
from experiments.results import CellResult
from experiments.validation_tables import predictions, recovered
from experiments.variants import VARIANTS
from mile_desktop.errors import UserError

_COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#7F3C8D",
    "#555555",
    "#A5AA99",
    "#B00020",
    "#117733",
    "#882255",
)
"""Most people with a colour deficiency can tell them apart (after Okabe and Ito)."""
_MARKERS = "osD^vP*Xh<>p"

_STYLE: Any = {
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "legend.frameon": False,
    "svg.hashsalt": "mile-desktop",
    "figure.facecolor": "white",
}


class FiguresMissingError(UserError, RuntimeError):
    """matplotlib is not installed."""


def require_matplotlib() -> None:
    """Raise ``FiguresMissingError`` when figures cannot be drawn; asked before a grid runs, not after it."""
    if importlib.util.find_spec("matplotlib") is None:
        raise FiguresMissingError("Figures need matplotlib, which is not installed; pip install -e '.[experiments]'.")


@contextmanager
def figure(path: Path, columns: int = 1, *, width: float = 6.4, height: float = 4.0) -> Iterator[Any]:
    """Yield the axes (one, or an array of ``columns``) of a figure that is written to ``path`` (.svg or .png)."""
    import matplotlib as mpl  # noqa: PLC0415 - optional

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415 - after the choice of the backend

    with mpl.rc_context(_STYLE):
        drawn, axes = plt.subplots(1, columns, figsize=(width, height), layout="constrained")
        try:
            yield axes
            path.parent.mkdir(parents=True, exist_ok=True)
            metadata = {"Date": None} if path.suffix == ".svg" else None
            drawn.savefig(path, dpi=110, metadata=metadata)
        finally:
            plt.close(drawn)


def look_of(method: str) -> dict[str, str]:
    """Return the colour and marker of a learner, the same in every figure."""
    place = list(VARIANTS).index(method) % len(_COLOURS)
    return {"color": _COLOURS[place], "marker": _MARKERS[place]}


def draw_learning(setting: Setting, path: Path) -> None:
    """Draw success against human steps, one line a learner."""
    with figure(path) as axes:
        for curve in setting.curves:
            look = look_of(curve.method)
            axes.plot(curve.human_steps, curve.success, label=curve.method, markersize=4.5, linewidth=1.6, **look)
            axes.fill_between(curve.human_steps, curve.low, curve.high, color=look["color"], alpha=0.08, linewidth=0)
        axes.set(
            xlabel="human steps used",
            ylabel=f"success on {setting.evaluate} starts",
            ylim=(0, 1),
            title=f"{setting.scene}, supervisor {setting.supervision}",
        )
        axes.set_xlim(left=0)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


class SuccessInTime(Protocol):
    """One seed of ``draw_minutes``."""

    @property
    def minutes(self) -> tuple[float, ...]:
        """Operator minutes up to each evaluation, rising."""
        ...

    @property
    def success(self) -> tuple[float, ...]:
        """Of each evaluation."""
        ...


def draw_minutes(scenes: Mapping[str, Sequence[SuccessInTime]], path: Path) -> None:
    """Draw success against operator minutes, one panel a scene, one thin line a seed, their median thick."""
    with figure(path, len(scenes), width=2.9 * len(scenes), height=3.2) as panels:
        for axes, (scene, seeds) in zip(np.atleast_1d(panels), scenes.items(), strict=True):
            for each in seeds:
                axes.plot(each.minutes, each.success, color=_COLOURS[0], alpha=0.35, linewidth=0.9)
            end = max(each.minutes[-1] for each in seeds)
            at = np.linspace(0, end, 200)
            # A curve that ended early keeps its last success: the learner would have gone on with that policy.
            lines = np.array([np.interp(at, each.minutes, each.success) for each in seeds])
            axes.plot(at, np.median(lines, axis=0), color=_COLOURS[0], linewidth=2.6)
            axes.axhline(0.95, color="#999999", linewidth=1.0, linestyle="--", zorder=0)
            axes.set(xlabel="operator minutes", ylim=(0, 1.02), title=f"{scene} ({len(seeds)})")
            axes.set_xlim(left=0)
        np.atleast_1d(panels)[0].set_ylabel("success")


def draw_recovery(results: Sequence[CellResult], path: Path) -> None:
    """Draw fitted against true cost and scale, one dot a seed."""
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter  # noqa: PLC0415 - optional

    groups = recovered(results)
    with figure(path, 2, width=8.6, height=3.8) as (costs, scales):
        for place, (networks, colour) in enumerate((("known", _COLOURS[0]), ("learned", _COLOURS[1]))):
            members = [each for key, group in groups.items() if key[0] == networks for each in group]
            shift = 1 + 0.06 * place  # the two groups side by side on a logarithmic axis
            look = {"linestyle": "none", "marker": "o", "alpha": 0.6, "markersize": 4.5, "color": colour}
            label = f"{networks} networks"
            costs.plot(
                [cell.cost * shift for cell, _ in members], [each.cost for _, each in members], **look, label=label
            )
            scales.plot(
                [cell.cdf_scale * shift for cell, _ in members], [each.cdf_scale for _, each in members], **look
            )
        for axes, name in ((costs, "cost c"), (scales, "scale σ")):
            axes.set(xscale="log", yscale="log", xlabel=f"true {name}", ylabel=f"found {name}")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(ScalarFormatter())
                axis.set_minor_formatter(NullFormatter())
                axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            low, high = axes.get_xlim()
            axes.plot([low, high], [low, high], color="#999999", linewidth=1.0, zorder=0)
        costs.legend()


RELIABLE = ("forecast", "forecast, refitted", "forecast + ideas, refitted", "history logistic", "neural classifier")


def draw_reliability(results: Sequence[CellResult], path: Path) -> None:
    """Draw predicted against observed rates with the promoted robot, seeds pooled, one panel a supervisor."""
    groups = predictions(results)
    with figure(path, len(groups), width=4.3 * len(groups), height=3.9) as panels:
        for axes, ((_, title), members) in zip(np.atleast_1d(panels), groups.items(), strict=True):
            for name, colour in zip(RELIABLE, _COLOURS, strict=False):
                predicted, observed = _pooled_reliability([each for _, each in members], name)
                axes.plot(predicted, observed, marker="o", markersize=3.5, linewidth=1.2, color=colour, label=name)
            axes.plot([0, 1], [0, 1], color="#999999", linewidth=1.0, zorder=0)
            axes.set(xlabel="predicted", ylabel="observed", title=f"promoted robot, {title}", xlim=(0, 1), ylim=(0, 1))
        np.atleast_1d(panels)[0].legend(fontsize=8)


def _pooled_reliability(found: Sequence[PredictionOutcome], name: str) -> tuple[list[float], list[float]]:
    """Return predicted and observed rates of bins of equal rank, pooled over seeds."""
    curves = [score.reliability for each in found for score in each.promoted.scores if score.name == name]
    columns = [[point for point in column if point.steps] for column in zip(*curves, strict=False)]
    weights = [sum(point.steps for point in column) for column in columns]
    predicted, observed = (
        [
            sum(getattr(point, what) * point.steps for point in column) / weight
            for column, weight in zip(columns, weights, strict=True)
        ]
        for what in ("predicted", "observed")
    )
    return predicted, observed
