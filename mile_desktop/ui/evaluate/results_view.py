"""Results of all policies: a table, a plot of their intervals, and the comparison of any two."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from mile_desktop.ui.plots.interval_plot import IntervalPlot
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.pair_chooser import PairChooser
from mile_desktop.ui.widgets.policy_results import PolicyResults, compare_pair
from mile_desktop.ui.widgets.tables import Column, RowsModel, RowsTable


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _done_text(each: PolicyResults) -> str:
    tally = each.tally
    return f"{tally.done}" if tally.done == tally.planned else f"{tally.done} of {tally.planned}"


def _rate_order(each: PolicyResults) -> float:
    rate = each.tally.rate
    # Below 0 %: policies without a result come last.
    return -1.0 if rate is None else rate


def _error_colour(each: PolicyResults) -> str:
    return "failure" if each.tally.crashes else "secondary"


COLUMNS: tuple[Column[PolicyResults], ...] = (
    Column("Policy", lambda each: each.name, tip=lambda each: each.policy_id),
    Column("Episodes", _done_text, lambda each: each.tally.done, is_number=True),
    Column(
        "Success [95 %]",
        lambda each: each.success_text,
        _rate_order,
        is_number=True,
        tip=lambda each: f"{each.tally.successes} of {each.tally.episodes}, Wilson's interval",
    ),
    Column(
        "Errors",
        lambda each: f"{each.tally.crashes}",
        lambda each: each.tally.crashes,
        is_number=True,
        tip=lambda _: "Episodes that ended in an error; neither success nor failure",
        colour=_error_colour,
    ),
    Column(
        "Mean return",
        lambda each: _number(each.mean_return, ".4g"),
        lambda each: each.mean_return if each.mean_return is not None else float("-inf"),
        is_number=True,
        tip=lambda _: "Sum of rewards of an episode",
    ),
    Column(
        "Mean steps",
        lambda each: _number(each.mean_steps, ".0f"),
        lambda each: each.mean_steps if each.mean_steps is not None else -1.0,
        is_number=True,
    ),
)


class ResultsView(QWidget):
    """Shows ``PolicyResults``; window's thread only."""

    policy_chosen = Signal(str)
    """Id of the policy whose episodes to show."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[PolicyResults, ...] = ()
        self._model = RowsModel(COLUMNS, lambda each: each.policy_id, self)
        self.table = RowsTable(self._model, "Results by policy")
        self.plot = IntervalPlot("Success by policy")
        self._pair = PairChooser()
        self._headline, self._details, self._verdict = QLabel(), QLabel(), QLabel()
        self._lay_out()
        self._pair.changed.connect(self._compare)
        self.plot.point_chosen.connect(self._point_chosen)
        self.table.activated.connect(self._row_activated)

    def show_results(self, shown: Sequence[PolicyResults]) -> None:
        """Show the results so far."""
        # offering the same policies again would reset the chosen pair several times a second
        names_before = [each.policy_id for each in self._shown]
        self._shown = tuple(shown)
        self._model.show_rows(self._shown)
        if [each.policy_id for each in self._shown] != names_before:
            self._pair.offer([(each.policy_id, each.name) for each in self._shown])
        self.plot.show_tallies([(each.name, each.tally) for each in self._shown])
        self._compare()

    def comparison_text(self) -> str:
        """Return the text of the comparison."""
        return "\n".join(label.text() for label in (self._headline, self._details, self._verdict) if label.text())

    def compare(self, first: str, second: str) -> None:
        """Compare two of the shown policies, by their ids."""
        self._pair.choose(first, second)
        self._compare()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        theme.space(row, spacing=8)
        title = QLabel("Compare")
        theme.set_role(title, "heading")
        row.addWidget(title)
        row.addWidget(self._pair, 1)
        theme.set_role(self._headline, "heading")
        theme.set_role(self._details, "secondary")
        for label in (self._headline, self._details, self._verdict):
            label.setWordWrap(True)
        column = QVBoxLayout(self)
        theme.space(column, (8, 8, 8, 12), 8)
        column.addWidget(self.table, 2)
        column.addWidget(self.plot, 3)
        column.addLayout(row)
        column.addWidget(self._headline)
        column.addWidget(self._details)
        column.addWidget(self._verdict)

    def _compare(self) -> None:
        first, second = (self._find(policy_id) for policy_id in self._pair.chosen)
        if first is None or second is None or first.policy_id == second.policy_id:
            self._headline.setText("")
            self._details.setText("Choose two different policies to compare them on the episodes that both have run.")
            self._verdict.setText("")
            return
        paired = compare_pair(first, second)
        self._headline.setText(paired.headline)
        self._details.setText(paired.details)
        # To look at exactly these episodes, their seeds are needed.
        self._details.setToolTip(_seeds_text(paired.second.name, paired.gained, paired.first.name, paired.lost))
        self._verdict.setText(paired.verdict)

    def _find(self, policy_id: str) -> PolicyResults | None:
        return next((each for each in self._shown if each.policy_id == policy_id), None)

    def _point_chosen(self, _series: int, index: int) -> None:
        # the plot leaves out policies without a finished episode, so its numbers differ from the table's
        plotted = [each for each in self._shown if each.tally.rate is not None]
        self.policy_chosen.emit(plotted[index].policy_id)

    def _row_activated(self) -> None:
        chosen = self.table.current()
        if isinstance(chosen, PolicyResults):
            self.policy_chosen.emit(chosen.policy_id)


def _seeds_text(second: str, gained: Sequence[int], first: str, lost: Sequence[int]) -> str:
    lines = [(second, gained), (first, lost)]
    return "\n".join(f"Only {name}: seeds {', '.join(map(str, seeds))}" for name, seeds in lines if seeds)
