"""A plot of success rates with their intervals, a row for each policy."""

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from mile_desktop.evaluation.run import Tally
from mile_desktop.ui.plots.series_model import Axis, Series
from mile_desktop.ui.plots.series_plot import SeriesPlot
from mile_desktop.ui.widgets.policy_results import rate_text

_SUCCESS = Axis("success", "%", (0.0, 100.0))


class IntervalPlot(SeriesPlot):
    """Success in per cent with its 95 % interval, the first policy on top."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, _SUCCESS, Axis("policy"), parent)

    def show_tallies(self, tallies: Sequence[tuple[str, Tally]]) -> None:
        """Show (policy name, tally); a policy without episodes has a row without a mark."""
        rows = len(tallies)
        ticks = tuple((float(rows - 1 - index), name) for index, (name, _) in enumerate(tallies))
        self.set_axes(_SUCCESS, Axis("policy", ticks=ticks))
        self.show_series([interval_series([tally for _, tally in tallies])])
        self.setAccessibleDescription("; ".join(f"{name}: {rate_text(tally)}" for name, tally in tallies))


def interval_series(tallies: Sequence[Tally]) -> Series:
    """Return success and interval of each tally in per cent, the first one on top."""
    # An axis grows upwards, and the first policy should be on top.
    rows = [(len(tallies) - 1 - index, tally) for index, tally in enumerate(tallies) if tally.rate is not None]
    return Series(
        name="success with its 95 % interval",
        points=tuple((100 * (tally.rate or 0.0), float(row)) for row, tally in rows),
        colour="success",
        style="points",
        x_intervals=tuple((100 * tally.interval[0], 100 * tally.interval[1]) for _, tally in rows),
        tips=tuple(_tip(tally) for _, tally in rows),
    )


def _tip(tally: Tally) -> str:
    crashes = f"; errors: {tally.crashes}" if tally.crashes else ""
    return f"{tally.successes} of {tally.episodes}, {rate_text(tally)}{crashes}"
