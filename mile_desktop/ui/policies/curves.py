"""How one or two policies learned: the same losses over epochs, one plot for each measure."""

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from mile_desktop.ui import theme
from mile_desktop.ui.plots.series import Axis, Series
from mile_desktop.ui.plots.series_plot import SeriesPlot
from mile_desktop.ui.policies.lineage import CURVES, Curve

_COLOURS = ("policy", "takeover")
_HEIGHT = 170


class CurvePlots(QWidget):
    """A plot for each loss; a sentence where nothing is known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plots = {name: SeriesPlot(title, Axis("epoch"), Axis(title)) for name, title in CURVES}
        self._nothing = QLabel("How it learned is not recorded here.")
        theme.set_role(self._nothing, "quiet")
        column = QVBoxLayout(self)
        theme.space(column, spacing=8)
        column.addWidget(self._nothing)
        for plot in self._plots.values():
            column.addWidget(plot)
        theme.signals().changed.connect(self._restyle)
        self._restyle()
        self.show_curves(())

    def show_curves(self, of_each: Sequence[tuple[str, Mapping[str, Curve]]]) -> None:
        """Draw the losses of each policy: its name, and loss → curve."""
        for name, plot in self._plots.items():
            series = [
                Series(policy, curves[name], _COLOURS[place % 2], "line" if place == 0 else "dashed")
                for place, (policy, curves) in enumerate(of_each)
                if name in curves
            ]
            plot.setVisible(bool(series))
            plot.show_series(series)
        self._nothing.setVisible(not any(curves for _, curves in of_each))

    def _restyle(self) -> None:
        for plot in self._plots.values():
            plot.setFixedHeight(theme.px(_HEIGHT))
