"""Success of the policies of a scene against the human steps that each has learned from."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from mile_desktop.ui.plots.loss_curves import LossCurves
from mile_desktop.ui.plots.series_model import Axis, Curve, Series, Style
from mile_desktop.ui.plots.series_plot import SeriesPlot
from mile_desktop.ui.policies.model import PolicyDetails
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.page_frame import ColumnScroll
from mile_desktop.ui.widgets.policy_results import rate_text

_STEPS = Axis("human steps learned from", counts=True)
_SUCCESS = Axis("success", "%", (0.0, 100.0))
_HEIGHT, _LOSS_HEIGHT = 260, 170
_MOST_LOSSES = 6
"""Trainings in one plot: there are six colours, and more lines cannot be told apart."""
_TEXT = (
    "Evaluated success of each policy against the steps that people drove in the episodes it learned from. "
    "The line leads from the first policy to the one in use; dotted: 95 % interval. A click selects the policy."
)
_NOTHING = "Evaluate two or more policies of this scene to see how success grows with the steps of takeovers."


class LearningCurve(QWidget):
    """Fed by ``show_policies``; window's thread only."""

    policy_chosen = Signal(str)
    """Id of the policy whose point was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: tuple[tuple[PolicyDetails, ...], ...] = ()
        self._newest: tuple[PolicyDetails, ...] = ()
        self._text = QLabel(_TEXT)
        self._text.setWordWrap(True)
        theme.set_role(self._text, "secondary")
        self.plot = SeriesPlot("Success against human steps", _STEPS, _SUCCESS)
        theme.bound(self.plot, height=_HEIGHT)
        self.plot.point_chosen.connect(self._chosen)
        self.losses = LossCurves(_LOSS_HEIGHT)
        content = QWidget()
        column = QVBoxLayout(content)
        theme.space(column, (12, 12, 12, 12), 8)
        for widget in (self._text, self.plot, self.losses):
            column.addWidget(widget)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        theme.space(outer)
        outer.addWidget(ColumnScroll(content, "Learning curve"))
        self.show_policies({}, "")

    def show_policies(self, details: Mapping[str, PolicyDetails], current: str) -> None:
        """Draw the evaluated policies; ``current``: id of the one in use."""
        # Newest first, as in the table.
        self._newest = tuple(details.values())[:_MOST_LOSSES]
        line = descent(details, current)
        evaluated = [each for each in details.values() if each.results.tally.rate is not None]
        others = tuple(each for each in evaluated if each not in line)
        enough = len(evaluated) > 1
        self._points = (line, others)
        self._text.setText(_TEXT if enough else _NOTHING)
        self.plot.setVisible(enough)
        self.plot.show_series(learning_series(line, others))

    @property
    def newest(self) -> tuple[PolicyDetails, ...]:
        """The newest policies, whose trainings are drawn over one another."""
        return self._newest

    def show_losses(self, curves: Sequence[Mapping[str, Curve]]) -> None:
        """Draw the losses of the trainings of ``newest``, in that order."""
        named = [(each.entry.name, curve) for each, curve in zip(self._newest, curves, strict=True) if curve]
        self.losses.show_curves(named)

    def _chosen(self, series: int, index: int) -> None:
        # The series after the first two are the edges of the interval.
        if series < len(self._points):
            self.policy_chosen.emit(self._points[series][index].record.policy_id)


def descent(details: Mapping[str, PolicyDetails], current: str) -> tuple[PolicyDetails, ...]:
    """Return the evaluated policies from the first ancestor to the one in use."""
    line: list[PolicyDetails] = []
    policy = details.get(current)
    # A damaged record could name a descendant as its parent; the line must end all the same.
    while policy is not None and policy not in line:
        line.append(policy)
        policy = details.get(policy.record.parent_id or "")
    return tuple(each for each in reversed(line) if each.results.tally.rate is not None)


def learning_series(line: tuple[PolicyDetails, ...], others: tuple[PolicyDetails, ...]) -> tuple[Series, ...]:
    """Return the line of descent, the other policies, and the edges of the interval along the line."""
    edges = [
        Series(
            f"95 % {name}",
            tuple((_steps(each), 100 * each.results.tally.interval[side]) for each in line),
            "secondary",
            "dotted",
        )
        for side, name in enumerate(("low", "high"))
    ]
    return (_points("in use", line, "line"), _points("others", others, "points"), *edges)


def _points(name: str, policies: tuple[PolicyDetails, ...], style: Style) -> Series:
    return Series(
        name,
        tuple((_steps(each), 100 * (each.results.tally.rate or 0.0)) for each in policies),
        "success" if style == "line" else "policy",
        style,
        tips=tuple(_tip(each) for each in policies),
    )


def _steps(details: PolicyDetails) -> float:
    return float(details.learned_from.human_steps)


def _tip(details: PolicyDetails) -> str:
    tally, learned = details.results.tally, details.learned_from
    counts = f"{learned.episodes} episodes, {learned.takeovers} takeovers"
    return f"{details.entry.name}: {rate_text(tally)} on {tally.episodes} starts; learned from {counts}"
