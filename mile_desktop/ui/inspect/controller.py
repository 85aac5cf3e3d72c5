"""The Inspect page between workspace and viewer: which episodes there are, which one is looked at."""

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.inspection.messages import InsightsKept, KeepInsights
from mile_desktop.processes import inspection
from mile_desktop.scenes.catalogue import SceneInfo, UnknownSceneError, scene_info
from mile_desktop.storage.browse import EpisodeFilter, EpisodeRow, browsed_scenes, find_episodes, read_rows
from mile_desktop.storage.edit_store import edit_history
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.errors import ONE_EPISODE, WorkspaceError
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.inspection_client import InspectionClient
from mile_desktop.ui.inspect.editing.controller import EditController
from mile_desktop.ui.inspect.model import RecordedEpisode, recording_of
from mile_desktop.ui.inspect.page import InspectPage
from mile_desktop.ui.inspect.playback_controller import PlaybackController
from mile_desktop.ui.inspect.prediction_controller import AppraisalController
from mile_desktop.ui.inspect.recorded_view_controller import RecordedViewController
from mile_desktop.ui.inspect.roll_forward_controller import RollForwardController, Way
from mile_desktop.ui.inspect.scorecard.panel import ScorecardPanel
from mile_desktop.ui.shell.page_refresh import PageRefresh
from mile_desktop.ui.shell.preferences import Preferences
from mile_desktop.ui.workspace_session import WorkspaceSession
from mile_desktop.viewer.messages import ViewerNote

_PAGE = "inspect"
_LOOK_MS = 60
"""Arrow keys held down in the table pass over episodes; the one they rest on is read."""
_CAMERA_KEYS = 4
_TURN_PX = 24.0
"""A press turns the view like a drag over so many pixels."""
_INSIGHTS = frozenset({"false_alarms", "misses", "brier"})
"""Columns that come late."""


class InspectController(QObject):
    """Owns the Inspect page and the processes behind it; everything runs on the window's thread."""

    recording_shown = Signal(object)
    """The ``RecordedEpisode`` that is looked at from now on; None: none is."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._showing = PageRefresh(application.window, _PAGE, self.refresh, self)
        self._offering = PageRefresh(application.window, _PAGE, self._offer, self)
        self._threshold = application.preferences.value.alert_threshold
        self._seen_at: tuple[str, int] | None = None
        self._unread: tuple[str, ...] = ()
        self.recording: RecordedEpisode | None = None
        self.page = InspectPage(self._fetch)
        self.viewing = RecordedViewController(self.page.view, self)
        self.playing = PlaybackController(self.page)
        self.client = InspectionClient(inspection, self)
        self.appraising = AppraisalController(self.client, self.page.timeline, self)
        self.branching = RollForwardController(self.client, self)
        self.editing = EditController(self)
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self.look)
        self.page.above_timeline.addWidget(self.appraising.bar)
        self.page.below.addWidget(self.editing.bar)
        self.page.below.addWidget(self.branching.bar)
        self.scorecard = ScorecardPanel()
        self.page.add_tab(self.scorecard, "Scorecard")
        application.window.add_page(_PAGE, self.page)
        self._connect()
        self._install_keys()
        layout = application.preferences.value.layouts.get(_PAGE, "")
        if layout:
            self.page.restore_layout(layout.encode("ascii", "replace"))
        if application.workspace is not None:
            self._workspace_opened(application.workspace)

    def _connect(self) -> None:
        application, page = self._application, self.page
        application.workspace_opened.connect(self._workspace_opened)
        application.episodes_changed.connect(self._showing.mark_stale)
        application.policies_changed.connect(self._policies_changed)
        application.window.page_changed.connect(self._page_changed)
        application.window.closing.connect(self.close)
        page.episodes.wanted_changed.connect(self.refresh)
        page.episodes.current_changed.connect(self._current_changed)
        page.timeline.set_threshold(application.preferences.value.alert_threshold)
        self.playing.row_changed.connect(self._show_row)
        self.playing.nothing_there.connect(self._say)
        self.viewing.viewer.client.note.connect(self._say_note)
        self.viewing.viewer.client.died.connect(self._say_error)
        application.preferences.changed.connect(self._preferences_changed)
        page.episodes.selection_changed.connect(self._selection_changed)
        page.timeline.stretch_changed.connect(self._stretch_changed)
        page.compact_changed.connect(self.editing.bar.set_compact)
        page.compact_changed.connect(self.branching.bar.set_compact)
        page.tabs.currentChanged.connect(self._score)
        self.scorecard.step_chosen.connect(self.land)
        self.client.insights_kept.connect(self._insights_kept)
        self.client.died.connect(self._say_error)
        self.editing.changed.connect(self._edited)
        self.editing.failed.connect(self._show_error)
        self.editing.said.connect(self._say)
        self.branching.way_changed.connect(self._way_changed)
        self.branching.tracks_changed.connect(self._show_tracks)
        self.branching.said.connect(application.window.say)

    def _install_keys(self) -> None:
        page, view, timeline = self.page, self.page.view, self.page.timeline
        self._application.window.install_actions(
            self.playing.handlers
            | self.editing.handlers
            | {
                "inspect_zoom_in": timeline.zoom_in,
                "inspect_zoom_out": timeline.zoom_out,
                "inspect_show_all": timeline.show_all,
                "inspect_stretch_begin": timeline.begin_stretch,
                "inspect_stretch_end": timeline.end_stretch,
                "inspect_stretch_clear": timeline.clear_stretch,
                "inspect_search": page.episodes.search,
                "inspect_tab": page.next_tab,
                "inspect_roll": self.branching.roll,
                "inspect_way": self.branching.next_way,
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
        """Turn to the page with the episodes that have these words."""
        self.page.episodes.clear_filter()
        self.page.episodes.search_for(text)
        self._application.window.show_page(_PAGE)

    def close(self) -> None:
        """End the viewer; the layout is remembered."""
        self._look.stop()
        self._application.preferences.remember_layout(_PAGE, self.page.save_layout().decode("ascii"))
        self.editing.open(None)
        self.client.close()
        self.viewing.viewer.close()

    # ── which episodes there are ─────────────────────────────────────────────────────────────────────────────────

    def refresh(self) -> None:
        """Show the episodes there are now."""
        workspace = self.workspace
        if workspace is None:
            self.page.episodes.show_episodes((), 0)
            return
        table = self.page.episodes
        column, descending = table.order
        place = max(table.model.place_of(table.current), 0)
        try:
            scenes = browsed_scenes(workspace)
            ids = find_episodes(workspace, table.wanted, column, descending=descending)
            total = len(ids) if table.wanted == EpisodeFilter() else len(find_episodes(workspace, EpisodeFilter()))
        except WorkspaceError as error:
            self._application.error_presenter.show_error(error)
            return
        table.show_scenes([(name, _title(name)) for name in scenes])
        table.show_episodes(ids, total)
        if ids and not table.current:
            table.choose(ids[min(place, len(ids) - 1)])  # the neighbour of one that is gone
        self._keep_insights()

    def _fetch(self, ids: Sequence[str]) -> Mapping[str, EpisodeRow]:
        workspace = self.workspace
        if workspace is None:
            return {}
        try:
            return read_rows(workspace, ids)
        except WorkspaceError as error:
            self._application.error_presenter.show_error(error)
            return {}

    def _workspace_opened(self, workspace_session: WorkspaceSession) -> None:
        self._seen_at = None
        self.editing.open(workspace_session.workspace)
        self.page.episodes.show_episodes((), 0)
        self._showing.mark_stale()

    def _policies_changed(self) -> None:
        self._offering.mark_stale()
        self._showing.mark_stale()

    def _offer(self) -> None:
        try:
            self.appraising.offer()
            self.branching.offer()
        except WorkspaceError as error:
            self._application.error_presenter.show_error(error)

    def _keep_insights(self) -> None:
        """Let the other process compute what the table still lacks."""
        if self.workspace is not None and self._application.window.page == _PAGE:
            threshold = self._application.preferences.value.alert_threshold
            self.client.send(KeepInsights(workspace=str(self.workspace.folder), threshold=threshold))

    def _insights_kept(self, kept: InsightsKept) -> None:
        table = self.page.episodes
        if kept.left == 0 and (table.wanted.has_miss or table.wanted.has_false_alarm or table.order[0] in _INSIGHTS):
            self.refresh()
        else:
            table.model.reread()
        self._unread += kept.problems
        if self._unread and kept.left == 0:
            (first, *others), self._unread = self._unread, ()
            more = f" So it is with {len(others)} more." if others else ""
            self._application.window.say("warning", first + more)

    def _preferences_changed(self, value: Preferences) -> None:
        if value.alert_threshold != self._threshold:
            self._threshold = value.alert_threshold
            self.page.timeline.set_threshold(value.alert_threshold)
            self._keep_insights()

    def _page_changed(self, page: str) -> None:
        if page == _PAGE:
            self.page.episodes.table.setFocus()
        else:
            self.playing.pause()

    # ── which one is looked at ───────────────────────────────────────────────────────────────────────────────────

    def _current_changed(self, _episode_id: str) -> None:
        self._look.start()

    def look(self) -> None:
        """Read and show the current episode, if it is another one or has changed."""
        self._look.stop()
        workspace, episode_id = self.workspace, self.page.episodes.current
        if workspace is None or not episode_id:
            self._show(None)
            return
        try:
            history = edit_history(workspace, episode_id)
            if self._seen_at == (episode_id, len(history.edits)):
                return
            recording = recording_of(read_recording(workspace, episode_id), history)
            self._show(recording)
        except WorkspaceError as error:
            self._show(None)
            self.page.view.show_problem(str(error))
            self._show_error(error)

    def _show(self, recording: RecordedEpisode | None) -> None:
        before = self.recording
        self.recording = recording
        self._seen_at = None
        info = None
        if recording is not None:
            start = recording.episode.record.start
            self._seen_at = start.episode_id, len(recording.history.edits)
            info = _info(start.scene)
        same = recording is not None and before is not None and _id(before) == _id(recording)
        row = self.playing.playback.row
        self.page.timeline.show_recording(
            recording, info.action_labels if info else (), discrete=bool(info and info.choices)
        )
        self.viewing.show_recording(recording, info)
        self.playing.load(recording)
        if same:
            self.playing.go(row)
        self.editing.look_at(recording)
        self.appraising.look_at(self.workspace, recording)
        self.branching.look_at(self.workspace, recording)
        self._selection_changed()
        self.recording_shown.emit(recording)
        self._show_row(self.playing.playback.row)
        self.page.timeline.show_row(self.playing.playback.row)

    def _show_row(self, row: int) -> None:
        self.viewing.show_row(row)
        self.branching.show_row(row)
        self._show_tracks()

    def _show_tracks(self) -> None:
        self.page.view.show_tracks(self.branching.tracks(self.playing.playback.row))

    def _way_changed(self, way: Way | None) -> None:
        if self.recording is not None:
            self.viewing.show_way(way)
            self.playing.set_length(way.length if way else len(self.recording))

    # ── what is changed ──────────────────────────────────────────────────────────────────────────────────────────

    def _selection_changed(self) -> None:
        self.editing.select(self.page.episodes.selected, deleted=self.page.episodes.wanted.deleted)
        self._score()

    def _score(self) -> None:
        """Let the scorecard know the selected episodes of the scene that is looked at, while it is shown."""
        workspace, recording = self.workspace, self.recording
        if self.page.tabs.currentWidget() is not self.scorecard or workspace is None or recording is None:
            return
        scene = recording.episode.record.start.scene
        try:
            known = set(find_episodes(workspace, EpisodeFilter(scene=scene)))
        except WorkspaceError as error:
            self._application.error_presenter.show_error(error)
            return
        self.scorecard.show_selection(scene, [each for each in self.page.episodes.selected if each in known])

    def land_on_takeover(self) -> None:
        """Look at the first takeover of the newest episode that has one, if any has."""
        workspace = self.workspace
        found = find_episodes(workspace, EpisodeFilter(has_takeover=True)) if workspace is not None else ()
        if found:
            self.land(found[0], 0)
            self.playing.jump("takeover", 1)

    def is_shown(self) -> bool:
        """Whether an episode is looked at and its picture has come."""
        return self.recording is not None and self.page.view.has_picture

    def land(self, episode_id: str, row: int) -> None:
        """Look at a row of an episode, wherever it is in the table."""
        table = self.page.episodes
        if not table.choose(episode_id):
            table.clear_filter()
            table.choose(episode_id)
        self.look()
        self.page.show_episode_tab()
        self.playing.go(row)

    def _stretch_changed(self) -> None:
        self.editing.choose_stretch(self.page.timeline.stretch)

    def _edited(self) -> None:
        self.look()
        self._application.episodes_changed.emit()

    def _show_error(self, error: WorkspaceError) -> None:
        """Say what is wrong: with one episode, or with the workspace, which has a way out."""
        if isinstance(error, ONE_EPISODE):
            self._say_error(str(error))
        else:
            self._application.error_presenter.show_error(error)

    def _say(self, text: str) -> None:
        self._application.window.say("info", text)

    def _say_error(self, text: str) -> None:
        self._application.window.say("error", text)

    def _say_note(self, note: ViewerNote) -> None:
        self._application.window.say("warning" if note.level == "warning" else "info", note.text)


def _id(recording: RecordedEpisode) -> str:
    return recording.episode.record.episode_id


def _info(scene: str) -> SceneInfo | None:
    """Return the scene's description; None for one this program does not know (any more)."""
    try:
        return scene_info(scene)
    except UnknownSceneError:
        return None


def _title(scene: str) -> str:
    info = _info(scene)
    return info.title if info else scene
