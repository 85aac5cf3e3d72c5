"""The Evaluate page: choices on the left, what came out on the right."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QWidget

from mile_desktop.ui.evaluate.episodes_view import EpisodesView
from mile_desktop.ui.evaluate.history_view import HistoryView, PastEvaluation
from mile_desktop.ui.evaluate.results_view import ResultsView
from mile_desktop.ui.evaluate.setup_panel import SetupPanel
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.page_frame import ColumnScroll, EmptyState, PageFrame
from mile_desktop.ui.widgets.policy_results import EpisodeRow, PolicyResults
from mile_desktop.ui.widgets.splitter import Splitter

_RESULTS, _EPISODES, _HISTORY = range(3)


class EvaluatePage(PageFrame):
    """Puts the parts together; decides nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Evaluate",
            "Several policies on the same starts, without an operator and as fast as it goes. No robot moves.",
            parent,
        )
        self._asked_for: Callable[[], Sequence[EpisodeRow]] = list
        self.setup = SetupPanel()
        self.results = ResultsView()
        self.episodes = EpisodesView()
        self.history = HistoryView()
        self._results = _or_empty(
            self.results,
            "mdi6.chart-box-outline",
            "No results yet",
            "Tick policies on the left and press Evaluate. Their success appears here while they run.",
        )
        self._episodes = _or_empty(
            self.episodes,
            "mdi6.format-list-bulleted",
            "No episodes yet",
            "Every episode of an evaluation is listed here; any of them can be watched.",
        )
        self._history = _or_empty(
            self.history,
            "mdi6.history",
            "Nothing was evaluated here yet",
            "Evaluations from this page, the Learn panel and the command line are kept here.",
        )
        self._tabs = QTabWidget()
        self._tabs.addTab(self._results, "Results")
        self._tabs.addTab(self._episodes, "Episodes")
        self._tabs.addTab(self._history, "History")
        splitter = Splitter(Qt.Orientation.Horizontal)
        left = ColumnScroll(self.setup, "What to evaluate")
        theme.bound(left, least_width=264, most_width=400)
        splitter.addWidget(left)
        splitter.addWidget(self._tabs)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        self.body.addWidget(splitter, 1)
        self._tabs.currentChanged.connect(self._list_episodes)
        self.results.policy_chosen.connect(self.show_episodes_of)

    def show_results(self, shown: Sequence[PolicyResults], episodes: Callable[[], Sequence[EpisodeRow]]) -> None:
        """Show how the policies do; ``episodes`` is asked for theirs when somebody looks at them."""
        self._asked_for = episodes
        self.results.show_results(shown)
        self.episodes.show_policies(shown)
        self._list_episodes()
        self._results.setCurrentIndex(0 if shown else 1)
        self._episodes.setCurrentIndex(0 if shown else 1)

    def show_history(self, past: Sequence[PastEvaluation]) -> None:
        """Show the evaluations that were kept."""
        self.history.show_evaluations(past)
        self._history.setCurrentIndex(0 if past else 1)

    def turn_to_results(self) -> None:
        """Bring the results to the front."""
        self._tabs.setCurrentIndex(_RESULTS)

    def turn_to_history(self, policy_id: str) -> None:
        """Bring the evaluations of one policy to the front."""
        self.history.show_only(policy_id)
        self._tabs.setCurrentIndex(_HISTORY)

    def show_episodes_of(self, policy_id: str) -> None:
        """Bring the episodes of one policy to the front."""
        self.episodes.show_only(policy_id)
        self._tabs.setCurrentIndex(_EPISODES)

    def _list_episodes(self) -> None:
        """List thousands of episodes only while they are looked at: that takes longer than everything else."""
        if self._tabs.currentIndex() == _EPISODES:
            self.episodes.show_episodes(self._asked_for())


def _or_empty(content: QWidget, icon: str, headline: str, way: str) -> QStackedWidget:
    """Return a stack of ``content`` and what stands there while there is none, which is shown."""
    stack = QStackedWidget()
    stack.addWidget(content)
    stack.addWidget(EmptyState(icon, headline, way))
    stack.setCurrentIndex(1)
    return stack
