"""The Inspect page between workspace and viewer: which episodes there are, which one is looked at."""

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer

from mile_desktop.processes import viewer
from mile_desktop.scenes.catalogue import SceneInfo, UnknownSceneError, scene_info
from mile_desktop.storage.browse import EpisodeFilter, EpisodeRow, browsed_scenes, find_episodes, read_rows
from mile_desktop.storage.editing import edit_history
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.desk import Desk
from mile_desktop.ui.inspect.page import InspectPage
from mile_desktop.ui.inspect.playing import Playing
from mile_desktop.ui.inspect.recorded_viewing import RecordedViewing
from mile_desktop.ui.inspect.recording import Recording, recording_of
from mile_desktop.ui.library import Library
from mile_desktop.ui.viewer_client import ViewerClient
from mile_desktop.viewer.messages import ViewerNote

_PAGE = "inspect"
_LOOK_MS = 60
"""Arrow keys held down in the table pass over episodes; the one they rest on is read."""
_CAMERA_KEYS = 4


class Inspecting(QObject):
    """Owns the Inspect page and its viewer; everything runs on the window's thread.

    The viewer is a second process: what is looked at here has nothing to do with the scene that runs. It starts when
    the page is first opened.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._stale = True
        self._seen_at: tuple[str, int] | None = None
        self.recording: Recording | None = None
        self.page = InspectPage(self._fetch)
        self.viewer = ViewerClient(viewer, self, thumbnails=0)
        self.viewing = RecordedViewing(self.viewer, self.page.view, self)
        self.playing = Playing(self.page)
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self.look)
        desk.window.add_page(_PAGE, self.page)
        self._connect()

    def _connect(self) -> None:
        desk, page = self._desk, self.page
        desk.library_opened.connect(self._library_opened)
        desk.episodes_changed.connect(self.mark_stale)
        desk.shelf_changed.connect(self.mark_stale)
        desk.window.page_changed.connect(self._page_changed)
        desk.window.closing.connect(self.close)
        page.episodes.wanted_changed.connect(self.refresh)
        page.episodes.current_changed.connect(self._current_changed)
        page.timeline.set_threshold(desk.preferences.value.alert_threshold)
        self.playing.row_changed.connect(self._show_row)
        self.playing.nothing_there.connect(self._say)
        self.viewer.note.connect(self._say_note)
        desk.window.install_actions(
            self.playing.handlers
            | {
                "inspect_zoom_in": page.timeline.zoom_in,
                "inspect_zoom_out": page.timeline.zoom_out,
                "inspect_show_all": page.timeline.show_all,
                "inspect_search": page.episodes.search,
                "inspect_camera_previous": partial(page.view.step_camera, -1),
                "inspect_camera_next": partial(page.view.step_camera, 1),
            }
            | {f"inspect_camera_{n + 1}": partial(page.view.choose_camera, n) for n in range(_CAMERA_KEYS)}
        )
        layout = desk.preferences.value.layouts.get(_PAGE, "")
        if layout:
            page.restore_layout(layout.encode("ascii", "replace"))

    @property
    def workspace(self) -> Workspace | None:
        """The open workspace."""
        library: Library | None = self._desk.library
        return library.workspace if library is not None else None

    def close(self) -> None:
        """End the viewer; the layout is remembered."""
        self._look.stop()
        self._desk.preferences.remember_layout(_PAGE, self.page.save_layout().decode("ascii"))
        self.viewer.close()

    # ── which episodes there are ─────────────────────────────────────────────────────────────────────────────────

    def mark_stale(self) -> None:
        """Ask the database again: at once while the page is shown, else when it is opened."""
        self._stale = True
        if self._desk.window.page == _PAGE:
            self.refresh()

    def refresh(self) -> None:
        """Show the episodes there are now."""
        workspace = self.workspace
        if workspace is None:
            self.page.episodes.show_episodes((), 0)
            return
        table = self.page.episodes
        column, descending = table.order
        try:
            scenes = browsed_scenes(workspace)
            ids = find_episodes(workspace, table.wanted, column, descending=descending)
            total = len(ids) if table.wanted == EpisodeFilter() else len(find_episodes(workspace, EpisodeFilter()))
        except WorkspaceError as error:
            self._desk.trouble.complain(error)
            return
        self._stale = False
        table.show_scenes([(name, _title(name)) for name in scenes])
        table.show_episodes(ids, total)
        if ids and not table.current:
            table.choose(ids[0])

    def _fetch(self, ids: Sequence[str]) -> Mapping[str, EpisodeRow]:
        workspace = self.workspace
        if workspace is None:
            return {}
        try:
            return read_rows(workspace, ids)
        except WorkspaceError as error:
            self._desk.trouble.complain(error)
            return {}

    def _library_opened(self, _library: Library) -> None:
        self._seen_at = None
        self.mark_stale()

    def _page_changed(self, page: str) -> None:
        if page == _PAGE:
            if not self.viewer.alive:
                self.viewer.start()
                self.viewing.paint_background()
            if self._stale:
                self.refresh()
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
        except WorkspaceError as error:
            self._show(None)
            self.page.view.show_problem(str(error))
            self._desk.window.say("error", str(error))
            return
        self._show(recording)

    def _show(self, recording: Recording | None) -> None:
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
        self.page.timeline.show_recording(recording, info.action_labels if info else ())
        self.viewing.show_recording(recording, info)
        self.playing.load(recording)
        if same:
            self.playing.go(row)
        self._show_row(self.playing.playback.row)
        self.page.timeline.show_row(self.playing.playback.row)

    def _show_row(self, row: int) -> None:
        self.viewing.show_row(row)

    def _say(self, text: str) -> None:
        self._desk.window.say("info", text)

    def _say_note(self, note: ViewerNote) -> None:
        self._desk.window.say("warning" if note.level == "warning" else "info", note.text)


def _id(recording: Recording) -> str:
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
