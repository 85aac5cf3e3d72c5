"""Two policies side by side: success with a test, training curves, settings."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from mile_desktop.ui.plots.interval_plot import IntervalPlot
from mile_desktop.ui.plots.loss_curves import LossCurves
from mile_desktop.ui.plots.series_model import Curve
from mile_desktop.ui.policies.model import PolicyDetails, setting_rows
from mile_desktop.ui.policies.settings_table import SettingsTable
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.page_frame import ColumnScroll
from mile_desktop.ui.widgets.pair_chooser import PairChooser
from mile_desktop.ui.widgets.policy_results import compare_pair

_PLOT_HEIGHT, _CURVE_HEIGHT = 160, 170


class PolicyComparison(QWidget):
    """Compares any two of the given policies; requests by signals. Window's thread only."""

    pair_changed = Signal()
    """Another pair is chosen; answer with ``show_pair``."""
    evaluate_requested = Signal(object)
    """Ids of the two policies to evaluate on the same seeds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._details: Mapping[str, PolicyDetails] = {}
        self._pair = PairChooser()
        self._headline, self._text, self._verdict = QLabel(), QLabel(), QLabel()
        self._plot = IntervalPlot("Success of two policies")
        theme.bound(self._plot, height=_PLOT_HEIGHT)
        self._evaluate = QPushButton("Evaluate both …")
        self._evaluate.setToolTip("On the same seeds, on the Evaluate page")
        self._settings = SettingsTable(2)
        self._curves = LossCurves(_CURVE_HEIGHT, "Training log not available.")
        self._lay_out()
        self._pair.changed.connect(self.pair_changed)
        self._evaluate.clicked.connect(self._request_evaluation)

    @property
    def chosen(self) -> tuple[PolicyDetails, ...]:
        """The compared policies; fewer than two where both choices are the same or none."""
        # dict.fromkeys removes a second choice of the same policy and keeps the order.
        return tuple(self._details[each] for each in dict.fromkeys(self._pair.chosen) if each in self._details)

    def show_policies(self, details: Mapping[str, PolicyDetails]) -> None:
        """Fill both lists with these policies."""
        self._details = details
        self._pair.offer([(name, f"{each.entry.name} · {each.entry.method}") for name, each in details.items()])
        self.pair_changed.emit()

    def choose(self, first: str, second: str) -> None:
        """Compare two policies, by their ids."""
        self._pair.choose(first, second)
        self.pair_changed.emit()

    def show_pair(self, curves: Sequence[Mapping[str, Curve]]) -> None:
        """Show the chosen two; ``curves``: the training curves of each."""
        policies = self.chosen
        self._evaluate.setEnabled(len(policies) == 2)
        if len(policies) != 2:
            self._headline.setText("Choose two different policies.")
            for widget in (self._text, self._verdict):
                widget.setText("")
            self._settings.show_settings([], "", "")
            self._curves.show_curves(())
            self._plot.show_series(())
            return
        first, second = policies
        paired = compare_pair(first.results, second.results)
        self._headline.setText(paired.headline)
        self._text.setText(paired.details)
        self._verdict.setText(paired.verdict)
        # The second one on top: it is usually the newer one, as in the table.
        self._plot.show_tallies([(each.entry.name, each.results.tally) for each in (second, first)])
        self._settings.show_settings(setting_rows(first.record, second.record), first.entry.name, second.entry.name)
        self._curves.show_curves([(each.entry.name, curve) for each, curve in zip(policies, curves, strict=True)])

    def text(self) -> str:
        """Return the text of the comparison."""
        return "\n".join(label.text() for label in (self._headline, self._text, self._verdict) if label.text())

    def _lay_out(self) -> None:
        theme.set_role(self._headline, "heading")
        theme.set_role(self._text, "secondary")
        for label in (self._headline, self._text, self._verdict):
            label.setWordWrap(True)
        content = QWidget()
        column = QVBoxLayout(content)
        theme.space(column, (12, 12, 12, 12), 8)
        column.addWidget(self._pair)
        for widget in (self._headline, self._text, self._verdict, self._plot, self._evaluate):
            column.addWidget(widget)
        column.addWidget(self._curves)
        column.addWidget(self._settings)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        theme.space(outer)
        outer.addWidget(ColumnScroll(content, "Comparison"))

    def _request_evaluation(self) -> None:
        self.evaluate_requested.emit(tuple(each.record.policy_id for each in self.chosen))
