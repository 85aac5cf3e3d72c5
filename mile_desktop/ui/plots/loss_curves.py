"""Losses over epochs and success over starts: a plot for each, a line for each training."""

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from mile_desktop.ui.plots.series_model import LOSSES, SUCCESS, Axis, Curve, Series, Style
from mile_desktop.ui.plots.series_plot import SeriesPlot
from mile_desktop.ui.theme import theme

_COLOURS = ("policy", "takeover", "success", "asking", "stopped", "secondary")
_STYLES: tuple[Style, ...] = ("line", "dashed", "dotted")


class LossCurves(QWidget):
    """Shows a plot for each loss that a training has and for its comparison, or an empty state.

    Parameters
    ----------
    height
        Of each plot, in pixels at 100 %.
    nothing
        Text of the empty state; empty: none is shown.
    """

    def __init__(self, height: int, nothing: str = "") -> None:
        super().__init__()
        self._plots = {name: SeriesPlot(title, Axis("epoch"), Axis(title)) for name, title in LOSSES}
        share = Axis("success", range=(0.0, 1.0))
        self._plots[SUCCESS] = SeriesPlot("success on the same starts", Axis("starts", counts=True), share)
        self._nothing = QLabel(nothing)
        theme.set_role(self._nothing, "quiet")
        column = QVBoxLayout(self)
        theme.space(column, spacing=4)
        column.addWidget(self._nothing)
        for plot in self._plots.values():
            theme.bound(plot, height=height)
            column.addWidget(plot)
        self.show_curves(())

    @property
    def plots(self) -> Mapping[str, SeriesPlot]:
        """The plot of each loss, and that of the success."""
        return self._plots

    def show_curves(self, trainings: Sequence[tuple[str, Mapping[str, Curve]]]) -> None:
        """Draw the curves of each training: its name, and loss or ``SUCCESS`` → curve."""
        for name, plot in self._plots.items():
            series = [
                _series(training, curves[name], index)
                for index, (training, curves) in enumerate(trainings)
                if curves.get(name)
            ]
            plot.setVisible(bool(series))
            plot.show_series(series)
        has_curves = any(curves.get(name) for _, curves in trainings for name in self._plots)
        self._nothing.setVisible(bool(self._nothing.text()) and not has_curves)


def _series(training: str, curve: Curve, index: int) -> Series:
    """Return a curve whose legend has its newest value."""
    name = f"{training} {curve[-1][1]:.3g}"
    # The style differs as well, so that neighbours can be told apart without colours.
    return Series(name, tuple(curve), _COLOURS[index % len(_COLOURS)], _STYLES[index % len(_STYLES)])
