"""The Inspect page: all episodes above, the chosen one below. Lays out its parts and decides nothing."""

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QTabWidget, QVBoxLayout, QWidget

from mile_desktop.ui.inspect.episodes_table import EpisodesTable
from mile_desktop.ui.inspect.episodes_table_model import Fetch
from mile_desktop.ui.inspect.playback_bar import PlaybackBar
from mile_desktop.ui.inspect.recorded_view import RecordedView
from mile_desktop.ui.inspect.timeline.panel import Timeline
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.ui.widgets.splitter import Splitter

_LAYOUT = b"|"
_TEXT_WIDTH = 1040
"""Below this width buttons show only their icon."""
_COMPANION_SHARE = 0.5
"""Of the width, for two pictures beside each other."""
_LEAST_WIDTH, _LEAST_HEIGHT = 600, 480
"""A smaller page scrolls."""


class InspectPage(OverrideGuard, QWidget):
    """Table, viewer, playback bar and timeline; ``fetch`` reads rows of the table. Window's thread only."""

    compact_changed = Signal(bool)
    """True: buttons show only their icon, because the page is narrow."""
    dropped = Signal(str)
    """Path of a file or folder that was dropped on the page."""

    def __init__(self, fetch: Fetch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.episodes = EpisodesTable(fetch)
        self.view = RecordedView()
        self.companion = RecordedView()
        """A recorded moment of another episode, beside the chosen one; hidden while there is none."""
        self.companion.setAccessibleName("Recorded moment of another episode")
        self.companion.hide()
        self._columns_alone: list[int] = []
        self.playback_bar = PlaybackBar()
        self.timeline = Timeline()
        self.above_timeline = QHBoxLayout()
        """Controls of what the timeline shows."""
        self.below = QVBoxLayout()
        """Bars with actions on the episode, one below the other."""
        self.tabs = QTabWidget()
        self._lineage = QLabel()
        """What a generated episode came from; hidden for a recorded one."""
        self._rows = Splitter(Qt.Orientation.Vertical)
        self._columns = Splitter(Qt.Orientation.Horizontal)
        self._compact = False
        self._lay_out()
        self.setAcceptDrops(True)
        self.compact_changed.connect(self.episodes.filters.set_compact)
        theme.signals().changed.connect(self._fit)

    def add_tab(self, widget: QWidget, title: str) -> None:
        """Add another tab beside the chosen episode."""
        self.tabs.addTab(widget, title)
        self.tabs.tabBar().setVisible(self.tabs.count() > 1)

    def show_lineage(self, text: str) -> None:
        """Show what a generated episode came from; empty: it was recorded."""
        self._lineage.setText(text)
        self._lineage.setVisible(bool(text))

    def show_companion(self, shown: bool) -> None:
        """Show the moment beside the chosen episode, or the episode alone again."""
        if shown == self.companion.isVisibleTo(self):
            return
        self.companion.setVisible(shown)
        # Two pictures need more room than one; what a person has set for one comes back afterwards.
        if shown:
            self._columns_alone = self._columns.sizes()
            width = sum(self._columns_alone)
            self._columns.setSizes([round(width * _COMPANION_SHARE), round(width * (1 - _COMPANION_SHARE))])
        else:
            self._columns.setSizes(self._columns_alone)

    def show_episode_tab(self) -> None:
        """Show the chosen episode."""
        self.tabs.setCurrentIndex(0)

    def next_tab(self) -> None:
        """Show the next tab, after the last one the first."""
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + 1) % self.tabs.count())

    def save_layout(self) -> bytes:
        """Return the positions of the splitters, for ``restore_layout``."""
        return _LAYOUT.join(bytes(each.saveState().toBase64().data()) for each in (self._rows, self._columns))

    def restore_layout(self, saved: bytes) -> None:
        """Restore the positions of the splitters; unreadable data changes nothing."""
        for splitter, state in zip((self._rows, self._columns), saved.split(_LAYOUT), strict=False):
            splitter.restoreState(QByteArray.fromBase64(state))

    def _lay_out(self) -> None:
        view_side, plot_side = QWidget(), QWidget()
        views = Splitter(Qt.Orientation.Horizontal)
        for view in (self.view, self.companion):
            views.addWidget(view)
        for holder, parts in ((view_side, (views, self.playback_bar)), (plot_side, (self.timeline,))):
            column = QVBoxLayout(holder)
            theme.space(column, (0, 0, 0, 0), 4)
            if holder is plot_side:
                theme.space(self.above_timeline, (0, 0, 0, 0), 6)
                column.addLayout(self.above_timeline)
            for part in parts:
                column.addWidget(part, 0 if part is self.playback_bar else 1)
            self._columns.addWidget(holder)
        self._columns.setSizes([theme.px(460), theme.px(620)])
        episode = QWidget()
        column = QVBoxLayout(episode)
        theme.space(column, (0, 0, 0, 0), 4)
        theme.space(self.below, (0, 0, 0, 0), 4)
        self._lineage.setAccessibleName("What the generated episode came from")
        self._lineage.setTextFormat(Qt.TextFormat.PlainText)
        self._lineage.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lineage.setWordWrap(True)
        theme.set_role(self._lineage, "secondary")
        self.show_lineage("")
        column.addWidget(self._columns, 1)
        column.addWidget(self._lineage)
        column.addLayout(self.below)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(episode, "Episode")
        self.tabs.tabBar().hide()
        self._rows.addWidget(self.episodes)
        self._rows.addWidget(self.tabs)
        self._rows.setSizes([theme.px(240), theme.px(420)])
        self._rows.setStretchFactor(1, 1)
        self._columns.setStretchFactor(1, 1)
        column = QVBoxLayout(self)
        theme.space(column, (8, 8, 8, 8), 8)
        column.addWidget(self._rows, 1)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Request to import the first dropped file or folder: imports run one at a time."""
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.dropped.emit(paths[0])

    def minimumSizeHint(self) -> QSize:
        """Return the size below which the window scrolls the page instead of squeezing its plots."""
        return super().minimumSizeHint().expandedTo(QSize(theme.px(_LEAST_WIDTH), theme.px(_LEAST_HEIGHT)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show or hide the text of buttons."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        compact = self.width() < theme.px(_TEXT_WIDTH)
        if compact != self._compact:
            self._compact = compact
            self.compact_changed.emit(compact)
