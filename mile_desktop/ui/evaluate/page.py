"""The Evaluate page: setup on the left; results, episodes and history on the right."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QWidget

from mile_desktop.ui.evaluate.episodes_view import EpisodesView
from mile_desktop.ui.evaluate.history_view import HistoryView
from mile_desktop.ui.evaluate.model import PastEvaluation
from mile_desktop.ui.evaluate.results_view import ResultsView
from mile_desktop.ui.evaluate.setup_panel import SetupPanel
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.page_frame import ColumnScroll, EmptyState, PageFrame
from mile_desktop.ui.widgets.policy_results import EpisodeRow, PolicyResults
from mile_desktop.ui.widgets.splitter import Splitter

_RESULTS, _EPISODES, _HISTORY = range(3)


class EvaluatePage(PageFrame):
    """Lays out its parts and decides nothing; window's thread only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Evaluate",
            "Several policies on the same seeds, in simulation only: without an operator, and as fast as possible.",
            parent,
        )
        self._episode_source: Callable[[], Sequence[EpisodeRow]] = list
        self.setup = SetupPanel()
        self.results = ResultsView()
        self.episodes = EpisodesView()
        self.history = HistoryView()
        self._results = _or_empty(
            self.results,
            "mdi6.chart-box-outline",
            "No results yet",
            "Tick policies on the left and press Evaluate. Their success rates appear here while they run.",
        )
        self._episodes = _or_empty(
            self.episodes,
            "mdi6.format-list-bulleted",
            "No episodes yet",
            "Every episode of an evaluation is listed here and can be watched.",
        )
        self._history = _or_empty(
            self.history,
            "mdi6.history",
            "No evaluations yet",
            "Evaluations from this page, the Learn panel and the command line are listed here.",
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
        # The tab was hidden while results came in, so its rows are old.
        self._tabs.currentChanged.connect(self._list_episodes)
        self.results.policy_chosen.connect(self.show_episodes_of)

    def show_results(self, shown: Sequence[PolicyResults], episodes: Callable[[], Sequence[EpisodeRow]]) -> None:
        """Show results; ``episodes`` returns the rows of the Episodes tab, called only while that tab is open."""
        self._episode_source = episodes
        self.results.show_results(shown)
        self.episodes.show_policies(shown)
        self._list_episodes()
        self._results.setCurrentIndex(0 if shown else 1)
        self._episodes.setCurrentIndex(0 if shown else 1)

    def show_history(self, past: Sequence[PastEvaluation]) -> None:
        """Show the stored evaluations."""
        self.history.show_evaluations(past)
        self._history.setCurrentIndex(0 if past else 1)

    def show_results_tab(self) -> None:
        """Open the Results tab."""
        self._tabs.setCurrentIndex(_RESULTS)

    def show_history_of(self, policy_id: str) -> None:
        """Open the History tab with the evaluations of one policy."""
        self.history.show_only(policy_id)
        self._tabs.setCurrentIndex(_HISTORY)

    def show_episodes_of(self, policy_id: str) -> None:
        """Open the Episodes tab with the episodes of one policy; empty: of all."""
        self.episodes.show_only(policy_id)
        self._tabs.setCurrentIndex(_EPISODES)

    def _list_episodes(self) -> None:
        # Thousands of rows take longer than everything else on the page, so they are made only while they are visible.
        if self._tabs.currentIndex() == _EPISODES:
            self.episodes.show_episodes(self._episode_source())


def _or_empty(content: QWidget, icon: str, headline: str, hint: str) -> QStackedWidget:
    """Return a stack of ``content`` and an empty state, which is shown first."""
    stack = QStackedWidget()
    stack.addWidget(content)
    stack.addWidget(EmptyState(icon, headline, hint))
    stack.setCurrentIndex(1)
    return stack
