"""Controls the Inspect page: lists the episodes of the workspace, and reads and shows the chosen one."""

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.inspection.messages import InsightsUpdated, UpdateInsights
from mile_desktop.processes import inspection
from mile_desktop.storage.browse import EpisodeFilter, EpisodeRow, find_episodes
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.generated_episodes import lineage_of, listed_history, read_listed, rows_of
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.inspection_client import InspectionClient
from mile_desktop.ui.inspect.editing.controller import EditController
from mile_desktop.ui.inspect.episode_list import fill_table, installed_scene
from mile_desktop.ui.inspect.filter_model import decode_choice, encode_choice
from mile_desktop.ui.inspect.model import RecordedEpisode, SimulatedPath, lineage_text, recording_of
from mile_desktop.ui.inspect.page import InspectPage
from mile_desktop.ui.inspect.playback_controller import PlaybackController
from mile_desktop.ui.inspect.prediction_controller import PredictionController
from mile_desktop.ui.inspect.recorded_view_controller import RecordedViewController
from mile_desktop.ui.inspect.roll_forward_controller import RollForwardController
from mile_desktop.ui.inspect.scorecard.panel import ScorecardPanel
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.shell.page_refresh import PageRefresh
from mile_desktop.ui.shell.preferences import Preferences
from mile_desktop.ui.workspace_session import WorkspaceSession
from mile_desktop.viewer.messages import ViewerNote

_PAGE = "inspect"
_FILTER = "inspect filter"
"""Name in the remembered layouts."""
_DONE = {
    "delete": "Moved to the bin", "restore": "Taken out of the bin", "trim": "Trimmed", "note": "Note stored",
    "remove": "Removed", "tag": "Tagged", "untag": "Untagged", "operator": "Operator stored:",
}  # fmt: skip
_EDIT = "edit of episodes"
"""Topic of the message about the change that is undone next."""
_READ_DELAY_MS = 60
"""An arrow key that is held down passes over many episodes. Only the one where it stops is read."""
_CAMERA_KEYS = 4
_TURN_PX = 24.0
"""A key turns the view as a drag over this many pixels does."""
_INSIGHTS = frozenset({"false_alarms", "misses", "brier"})
"""Columns that the inspection process computes in the background."""


class InspectController(QObject):
    """Owns the Inspect page and the processes behind it; everything runs on the window's thread."""

    recording_shown = Signal(object)
    """The ``RecordedEpisode`` that is shown from now on; None: no episode."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._page_refresh = PageRefresh(application.window, _PAGE, self.refresh, self)
        self._options_refresh = PageRefresh(application.window, _PAGE, self._offer_options, self)
        self._threshold = application.preferences.value.alert_threshold
        self._shown_version: tuple[str, int] | None = None
        """Id and number of edits of the episode that is shown: an unchanged one is not read again."""
        self._unreadable: tuple[str, ...] = ()
        self.recording: RecordedEpisode | None = None
        self.page = InspectPage(self._fetch)
        self.recorded_view = RecordedViewController(self.page.view, self)
        self.playback = PlaybackController(self.page)
        self.client = InspectionClient(inspection, self)
        self.prediction = PredictionController(self.client, self.page.timeline, self)
        self.roll_forward = RollForwardController(self.client, self)
        self.editing = EditController(self)
        # Restarted by every move of the selection; it fires once the selection rests.
        self._read_timer = QTimer(self)
        # One reading for each rest, not one after the other.
        self._read_timer.setSingleShot(True)
        self._read_timer.setInterval(_READ_DELAY_MS)
        self._read_timer.timeout.connect(self.show_current)
        self.page.above_timeline.addWidget(self.prediction.bar)
        self.page.below.addWidget(self.editing.bar)
        self.page.below.addWidget(self.roll_forward.bar)
        self.scorecard = ScorecardPanel()
        self.page.add_tab(self.scorecard, "Scorecard")
        application.window.add_page(_PAGE, self.page)
        self._connect()
        self._install_keys()
        layout = application.preferences.value.layouts.get(_PAGE, "")
        if layout:
            self.page.restore_layout(layout.encode("ascii", "replace"))
        self.page.episodes.filters.show_choice(decode_choice(application.preferences.value.layouts.get(_FILTER, "{}")))
        if application.workspace is not None:
            self._workspace_opened(application.workspace)

    def _connect(self) -> None:
        application, page = self._application, self.page
        application.workspace_opened.connect(self._workspace_opened)
        application.episodes_changed.connect(self._page_refresh.mark_stale)
        application.policies_changed.connect(self._policies_changed)
        application.window.page_changed.connect(self._page_changed)
        application.window.closing.connect(self.close)
        page.episodes.query_changed.connect(self.refresh)
        page.episodes.filters.changed.connect(self._remember_filter)
        page.episodes.current_changed.connect(self._current_changed)
        page.timeline.set_threshold(application.preferences.value.alert_threshold)
        self.playback.row_changed.connect(self._show_row)
        self.playback.message.connect(self._say)
        self.recorded_view.viewer.client.note.connect(self._say_note)
        self.recorded_view.viewer.client.died.connect(self._say_error)
        application.preferences.changed.connect(self._preferences_changed)
        page.episodes.selection_changed.connect(self._selection_changed)
        page.timeline.stretch_changed.connect(self._stretch_changed)
        page.compact_changed.connect(self.editing.bar.set_compact)
        page.compact_changed.connect(self.roll_forward.bar.set_compact)
        page.tabs.currentChanged.connect(self._select_for_scorecard)
        self.scorecard.step_chosen.connect(self.go_to)
        self.client.insights_updated.connect(self._insights_updated)
        self.client.died.connect(self._say_error)
        self.editing.changed.connect(self._edited)
        self.editing.failed.connect(application.show_error)
        self.editing.message.connect(self._say)
        self.editing.done.connect(self._offer_undo)
        self.editing.undoable_changed.connect(partial(application.window.messages.withdraw, _EDIT))
        self.roll_forward.path_changed.connect(self._path_changed)
        self.roll_forward.path_lines_changed.connect(self._show_path_lines)
        self.roll_forward.message.connect(application.window.say)

    def _install_keys(self) -> None:
        page, view, timeline = self.page, self.page.view, self.page.timeline
        self._application.window.install_actions(
            self.playback.handlers
            | self.editing.handlers
            | {
                "inspect_zoom_in": timeline.zoom_in,
                "inspect_zoom_out": timeline.zoom_out,
                "inspect_show_all": timeline.show_all,
                "inspect_stretch_begin": timeline.begin_stretch,
                "inspect_stretch_end": timeline.end_stretch,
                "inspect_stretch_clear": timeline.clear_stretch,
                "inspect_search": page.episodes.filters.search,
                "inspect_tab": page.next_tab,
                "inspect_roll": self.roll_forward.roll,
                "inspect_path": self.roll_forward.next_path,
                "inspect_turn_left": partial(view.turn, -_TURN_PX, 0.0),
                "inspect_turn_right": partial(view.turn, _TURN_PX, 0.0),
                "inspect_turn_up": partial(view.turn, 0.0, -_TURN_PX),
                "inspect_turn_down": partial(view.turn, 0.0, _TURN_PX),
                "inspect_nearer": partial(view.zoom, 1.0),
                "inspect_farther": partial(view.zoom, -1.0),
                "inspect_camera_previous": partial(view.step_camera, -1),
                "inspect_camera_next": partial(view.step_camera, 1),
            }
            | {f"inspect_camera_{n + 1}": partial(view.choose_camera, n) for n in range(_CAMERA_KEYS)}
        )

    @property
    def workspace(self) -> Workspace | None:
        """The open workspace."""
        workspace_session: WorkspaceSession | None = self._application.workspace
        return workspace_session.workspace if workspace_session is not None else None

    def search_for(self, text: str) -> None:
        """Open the page with the episodes that match ``text``."""
        # A filter that is still set could hide the very episodes that are looked for.
        self.page.episodes.filters.clear()
        self.page.episodes.filters.search_for(text)
        self._application.window.show_page(_PAGE)

    def open_at(self, episode_id: str, row: int) -> None:
        """Open the page at a row of an episode."""
        self._application.window.show_page(_PAGE)  # first: showing the page lists episodes that are new
        self.go_to(episode_id, row)

    def close(self) -> None:
        """End both processes and remember the layout."""
        # Otherwise it could fire into a page whose processes have ended.
        self._read_timer.stop()
        self._application.preferences.remember_layout(_PAGE, self.page.save_layout().decode("ascii"))
        self.editing.set_workspace(None)  # ends a batch of edits before the workspace closes
        self.client.close()
        self.recorded_view.viewer.close()

    # ── the table ────────────────────────────────────────────────────────────────────────────────────────────────

    def refresh(self) -> None:
        """List the episodes of the workspace."""
        workspace = self.workspace
        if workspace is None:
            self.page.episodes.show_episodes((), 0)
            return
        with self._application.errors_shown():
            fill_table(self.page.episodes, workspace)
            self._update_insights()

    def _remember_filter(self) -> None:
        choice = encode_choice(self.page.episodes.filters.choice)
        self._application.preferences.remember_layout(_FILTER, choice)

    def _fetch(self, ids: Sequence[str]) -> Mapping[str, EpisodeRow]:
        workspace = self.workspace
        if workspace is not None:
            with self._application.errors_shown():
                return rows_of(workspace, ids)
        return {}

    def _workspace_opened(self, workspace_session: WorkspaceSession) -> None:
        self._shown_version = None
        self.editing.set_workspace(workspace_session.workspace)
        # at once, even while the page is hidden: rows of the old ids must not be read from the new workspace
        self.page.episodes.show_episodes((), 0)
        self._page_refresh.mark_stale()

    def _policies_changed(self) -> None:
        self._options_refresh.mark_stale()
        self._page_refresh.mark_stale()

    def _offer_options(self) -> None:
        with self._application.errors_shown():
            self.prediction.offer()
            self.roll_forward.offer()

    def _update_insights(self) -> None:
        """Let the inspection process compute the columns that are still missing."""
        # The process starts with the first command; it should not run while the page is not shown.
        if self.workspace is not None and self._application.window.page == _PAGE:
            threshold = self._application.preferences.value.alert_threshold
            self.client.send(UpdateInsights(workspace=str(self.workspace.folder), threshold=threshold))

    def _insights_updated(self, updated: InsightsUpdated) -> None:
        table = self.page.episodes
        # A filter or an order by these columns may now choose other episodes. Otherwise only cells change: the table
        # reads them again, and its selection and scroll position stay.
        if updated.left == 0 and (table.filter.by_insights or table.order[0] in _INSIGHTS):
            self.refresh()
        else:
            table.model.reread()
        # One message for all problems, at the end: each batch would otherwise overwrite the message of the one before.
        self._unreadable += updated.problems
        if self._unreadable and updated.left == 0:
            (first, *others), self._unreadable = self._unreadable, ()
            more = f" {len(others)} more episodes cannot be read." if others else ""
            self._application.window.say("warning", first + more)

    def _preferences_changed(self, value: Preferences) -> None:
        if value.alert_threshold != self._threshold:  # every preference emits the same signal
            self._threshold = value.alert_threshold
            self.page.timeline.set_threshold(value.alert_threshold)
            self._update_insights()

    def _page_changed(self, page: str) -> None:
        if page == _PAGE:
            self.page.episodes.table.setFocus()
        else:
            self.playback.pause()  # a hidden page must not keep the viewer process drawing during supervision

    # ── the chosen episode ───────────────────────────────────────────────────────────────────────────────────────

    def _current_changed(self, _episode_id: str) -> None:
        self._read_timer.start()

    def show_current(self) -> None:
        """Read and show the current episode, unless it is shown already and unchanged."""
        self._read_timer.stop()
        workspace, episode_id = self.workspace, self.page.episodes.current
        if workspace is None or not episode_id:
            self._show(None)
            return
        try:
            # Edits only ever grow, so their number tells whether the shown episode has changed.
            history = listed_history(workspace, episode_id)
            if self._shown_version == (episode_id, len(history.edits)):
                return
            recording = recording_of(read_listed(workspace, episode_id), history)
            self._show(recording)
            self.page.show_lineage(lineage_text(lineage_of(workspace, recording.episode.record)))
        except WorkspaceError as error:
            # in place of the picture, too: the message line is soon overwritten
            self._show(None)
            self.page.view.show_problem(str(error))
            self._application.show_error(error)

    def _show(self, recording: RecordedEpisode | None) -> None:
        before = self.recording
        self.recording = recording
        self.page.show_lineage("")
        self._shown_version = None
        info = None
        if recording is not None:
            start = recording.episode.record.start
            self._shown_version = start.episode_id, len(recording.history.edits)
            info = installed_scene(start.scene)
        # After an edit the same episode is shown again, and the person expects to stay at the same row.
        same = recording is not None and before is not None and _id(before) == _id(recording)
        row = self.playback.state.row
        # The timeline comes first: the playback marks its row in it, and jumps to its events.
        self.page.timeline.show_recording(
            recording, info.action_labels if info else (), discrete=bool(info and info.choices)
        )
        self.recorded_view.show_recording(recording, info)
        self.playback.load(recording)
        if same:
            self.playback.go(row)
        self.editing.show_recording(recording)
        self.prediction.show_recording(self.workspace, recording)
        self.roll_forward.show_recording(self.workspace, recording)
        self._selection_changed()
        self.recording_shown.emit(recording)
        # The playback emits only changes, and the new recording may start at the row that was shown.
        self._show_row(self.playback.state.row)
        self.page.timeline.show_row(self.playback.state.row)

    def _show_row(self, row: int) -> None:
        self.recorded_view.show_row(row)
        self.roll_forward.show_row(row)
        self._show_path_lines()

    def _show_path_lines(self) -> None:
        self.page.view.show_path_lines(self.roll_forward.path_lines(self.playback.state.row))

    def _path_changed(self, path: SimulatedPath | None) -> None:
        if self.recording is not None:
            self.recorded_view.show_path(path)
            # a path may be longer or shorter than the recording
            self.playback.set_length(path.length if path else len(self.recording))

    # ── selection and edits ──────────────────────────────────────────────────────────────────────────────────────

    def _selection_changed(self) -> None:
        self.editing.select(self.page.episodes.selected, deleted=self.page.episodes.filter.deleted)
        self._select_for_scorecard()

    def _select_for_scorecard(self) -> None:
        """Pass the selected episodes of the shown scene to the scorecard, while its tab is open."""
        workspace, recording = self.workspace, self.recording
        if self.page.tabs.currentWidget() is not self.scorecard or workspace is None or recording is None:
            return
        scene = recording.episode.record.start.scene
        with self._application.errors_shown():
            # Predictors are fitted for one scene; the selection may contain others.
            known = set(find_episodes(workspace, EpisodeFilter(scene=scene)))
            self.scorecard.show_selection(scene, [each for each in self.page.episodes.selected if each in known])

    def go_to_takeover(self) -> None:
        """Show the first takeover of the newest episode that has one, if any has."""
        workspace = self.workspace
        found = find_episodes(workspace, EpisodeFilter(has_takeover=True)) if workspace is not None else ()
        if found:
            self.go_to(found[0], 0)
            self.playback.jump("takeover", 1)

    def is_shown(self) -> bool:
        """Whether an episode is chosen and its picture has arrived."""
        return self.recording is not None and self.page.view.has_picture

    def go_to(self, episode_id: str, row: int) -> None:
        """Show a row of an episode; clears the filter if it hides the episode."""
        table = self.page.episodes
        if not table.choose(episode_id):
            table.filters.clear()
            table.choose(episode_id)
        self.show_current()  # at once: the row belongs to this episode, and the timer would be too late
        self.page.show_episode_tab()
        self.playback.go(row)

    def _stretch_changed(self) -> None:
        self.editing.choose_stretch(self.page.timeline.stretch)

    def _edited(self) -> None:
        # The shown episode first. The signal refreshes the table, and every other page that counts episodes.
        self.show_current()
        self._application.episodes_changed.emit()

    def _offer_undo(self, text: str) -> None:
        undo = MessageAction("Undo", self.editing.handlers["inspect_undo"], _EDIT)
        word, _, rest = text.partition(" ")
        self._application.window.say("info", f"{_DONE.get(word, 'Stored: ' + word)}{rest and ' ' + rest}.", undo)

    def _say(self, text: str) -> None:
        self._application.window.say("info", text)

    def _say_error(self, text: str) -> None:
        self._application.window.say("error", text)

    def _say_note(self, note: ViewerNote) -> None:
        self._application.window.say_note(note.level, note.text)


def _id(recording: RecordedEpisode) -> str:
    return recording.episode.record.episode_id
