"""Recorded moments that a call names, and the worst false alarm: shown in Inspect from any page."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QPushButton

from mile_desktop.inspection.messages import InsightsUpdated
from mile_desktop.storage.browse import EpisodeFilter, find_episodes, worst_false_alarms
from mile_desktop.storage.edits import read_history
from mile_desktop.storage.insights import stale_insights
from mile_desktop.ui.application import Application
from mile_desktop.ui.inspect.controller import InspectController
from mile_desktop.ui.theme import theme

_PAGE = "inspect"
_NONE = "No listed episode that ended in success has a false alarm at your threshold. A call before a failure is none."
_COUNTING = "The false alarms are still being counted; the worst one is shown as soon as that is done."
_WORST = "Worst false alarm"
_TIP = (
    "Show the false alarm with the highest number among the listed episodes that ended in success. Press again for the "
    "worst one of the next episode"
)


class MomentsController(QObject):
    """Opens moments; everything runs on the window's thread."""

    def __init__(self, application: Application, inspect_controller: InspectController) -> None:
        super().__init__(application)
        self._application = application
        self._inspect = inspect_controller
        self._last: tuple[str, int] | None = None
        self._waiting = False
        """The worst false alarm was asked for before all of them were counted."""
        self.worst = QPushButton(_WORST)
        self.worst.setAccessibleName(_WORST)
        self.worst.setToolTip(_TIP)
        theme.set_icon(self.worst, "mdi6.bell-alert-outline")
        self.worst.clicked.connect(self.show_worst_false_alarm)
        inspect_controller.client.insights_updated.connect(self._counted)
        inspect_controller.page.above_timeline.addWidget(self.worst)
        inspect_controller.page.compact_changed.connect(self._set_compact)

    def show_worst_false_alarm(self, *, counted: bool = False) -> None:
        """Show the highest false alarm of the listed episodes as it was recorded; again: that of the next episode.

        ``counted``: the episodes have just been counted, so there is nothing to wait for.
        """
        workspace = self._inspect.workspace
        if workspace is None:
            return
        with self._application.errors_shown():
            found = worst_false_alarms(workspace, self._inspect.page.episodes.filter)
            threshold = self._application.preferences.value.alert_threshold
            if not found:
                # Right after an episode has ended nothing is counted yet.
                self._waiting = not counted and bool(stale_insights(workspace, threshold))
                self._application.window.say("info", _COUNTING if self._waiting else _NONE)
                return
            # After the last one it begins again, and so it does where the filter has removed the last one.
            place = found.index(self._last) + 1 if self._last in found else 0
            place %= len(found)
            self._last = found[place]
            self.show_moment(*self._last)
            self._application.window.say("info", f"False alarm {place + 1} of {len(found)}, the worst first.")

    def _counted(self, updated: InsightsUpdated) -> None:
        if self._waiting and updated.left == 0:
            self._waiting = False
            # A person who has gone to another page meanwhile is not brought back.
            if self._application.window.page == _PAGE:
                self.show_worst_false_alarm(counted=True)

    def _set_compact(self, compact: bool) -> None:
        self.worst.setText("" if compact else _WORST)

    def show_moment(self, episode_id: str, step: int) -> None:
        """Show one step of a recorded episode; ``step`` counts from the trimmed beginning, as learning counts."""
        workspace = self._inspect.workspace
        if workspace is None:
            return
        with self._application.errors_shown():
            known = (*find_episodes(workspace, EpisodeFilter()), *find_episodes(workspace, EpisodeFilter(deleted=True)))
            if episode_id not in known:
                text = f"{episode_id} is no longer in this workspace, so the moment cannot be shown."
                self._application.window.say("warning", text)
                return
            trim = read_history(workspace.edits_path(episode_id), episode_id).trim
            self._application.window.show_page(_PAGE)
            self._inspect.go_to(episode_id, step + (0 if trim is None else trim.first))
