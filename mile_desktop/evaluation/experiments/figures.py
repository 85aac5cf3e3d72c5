"""Results as figures. Drawn without a display; equal results give equal files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl

from mile_desktop.evaluation.experiments.curves import Setting
from mile_desktop.evaluation.experiments.variants import VARIANTS

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
)
"""Told apart by most people with a colour deficiency (after Okabe and Ito)."""
_MARKERS = "osD^vP*Xh<"

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


@contextmanager
def figure(path: Path, columns: int = 1, *, width: float = 6.4, height: float = 4.0) -> Iterator[Any]:
    """Yield the axes (one, or an array of ``columns``) of a figure that is written to ``path`` (.svg or .png)."""
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
    """Return colour and marker of a learner: the same in every figure."""
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
