"""Recorded moments like the shown one, playing beside it."""

from PySide6.QtCore import QObject

from mile_desktop.inspection import messages as i
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.storage.generated_episodes import listed_history, read_listed
from mile_desktop.ui.application import Application
from mile_desktop.ui.inspect.alike_bar import AlikeBar
from mile_desktop.ui.inspect.controller import InspectController
from mile_desktop.ui.inspect.model import RecordedEpisode, recording_of
from mile_desktop.ui.inspect.recorded_view_controller import RecordedViewController


class AlikeController(QObject):
    """Lets the inspection process find the moments, and shows one in a second view; on the window's thread.

    Both episodes keep their distance in steps while the person plays or moves: what happened next is seen side by side.
    """

    def __init__(self, application: Application, inspecting: InspectController) -> None:
        super().__init__(inspecting)
        self._application = application
        self._inspecting = inspecting
        self._view = inspecting.page.companion
        self._job = 0
        self._moments: tuple[i.AlikeMoment, ...] = ()
        self._chosen = 0
        self._at = 0
        """Row of the shown episode for which the moments were found."""
        self._drawing: RecordedViewController | None = None
        self._recording: RecordedEpisode | None = None
        self._shown_id = ""
        self.bar = AlikeBar()
        inspecting.page.above_timeline.addWidget(self.bar)
        inspecting.page.compact_changed.connect(self.bar.set_compact)
        self.bar.find_requested.connect(self.find)
        self.bar.moment_chosen.connect(self.choose)
        self.bar.open_requested.connect(self.open)
        self.bar.close_requested.connect(self.close)
        inspecting.client.found_alike.connect(self._found)
        inspecting.client.ended.connect(self._ended)
        inspecting.recording_shown.connect(self._recording_shown)
        inspecting.playback.row_changed.connect(self._show_row)
        application.window.closing.connect(self._end)

    def find(self) -> None:
        """Look for moments like the row that is shown."""
        recording, workspace = self._inspecting.recording, self._inspecting.workspace
        if recording is None or workspace is None:
            return
        self._cancel()
        # A row of a simulated path may lie beyond the recording.
        self._at = min(self._inspecting.playback.state.row, len(recording) - 1)
        self._job = self._inspecting.client.new_job()
        self.bar.show_running(True)
        self._inspecting.client.send(
            i.FindAlike(
                job=self._job,
                workspace=str(workspace.folder),
                episode_id=recording.episode.record.episode_id,
                row=self._at,
            )
        )

    def choose(self, number: int) -> None:
        """Play moment ``number`` beside the shown episode."""
        workspace = self._inspecting.workspace
        if workspace is None:
            return
        self._chosen = number
        name = self._moments[number].episode_id
        with self._application.errors_shown():
            recording = recording_of(read_listed(workspace, name), listed_history(workspace, name))
            self._recording = recording
            drawing = self._viewer()
            drawing.show_recording(recording, scene_info(recording.episode.record.start.scene))
            self._inspecting.page.show_companion(True)
            self._show_row(self._inspecting.playback.state.row)

    def open(self) -> None:
        """Show the chosen moment in place of the episode."""
        moment = self._moments[self._chosen]
        self.close()
        self._inspecting.go_to(moment.episode_id, moment.row)

    def close(self) -> None:
        """Show the episode alone."""
        self._cancel()
        self._moments = ()
        self._recording = None
        self._inspecting.page.show_companion(False)
        self.bar.show_moments(())

    def _viewer(self) -> RecordedViewController:
        # A second viewer process takes memory and seconds, so it starts with the first moment that is shown.
        if self._drawing is None:
            self._drawing = RecordedViewController(self._view, self)
        return self._drawing

    def _found(self, found: i.FoundAlike) -> None:
        if found.job != self._job:  # answered before the process received the cancellation
            return
        self._job = 0
        self._moments = found.moments
        rate_hz = 20.0 if self._inspecting.recording is None else self._inspecting.recording.rate_hz
        self.bar.show_moments([_title(each, rate_hz) for each in found.moments])
        if found.moments:
            self.choose(0)
        else:
            self._application.window.say("info", "There is no other episode of this scene to compare with.")

    def _ended(self, ended: i.JobEnded) -> None:
        if ended.job == self._job:
            self._job = 0
            self.bar.show_running(False)
            if ended.problem:
                self._application.window.say("warning", ended.problem)

    def _recording_shown(self, recording: RecordedEpisode | None) -> None:
        # The moments were those of another episode; after an edit of the same one they stay.
        shown = recording.episode.record.episode_id if recording is not None else ""
        if shown != self._shown_id:
            self._shown_id = shown
            self.close()

    def _show_row(self, row: int) -> None:
        if self._drawing is not None and self._recording is not None:
            beside = self._moments[self._chosen].row + row - self._at
            self._drawing.show_row(min(max(beside, 0), len(self._recording) - 1))

    def _cancel(self) -> None:
        if self._job:
            self._inspecting.client.send(i.CancelJob(job=self._job))
            self._job = 0
            self.bar.show_running(False)

    def _end(self) -> None:
        if self._drawing is not None:
            self._drawing.viewer.close()


def _title(moment: i.AlikeMoment, rate_hz: float) -> str:
    """Return the moment as text: its time and its outcome."""
    followed = "takeover" if moment.taken_over else moment.outcome
    # The name last: it is long, and the list cuts off the end.
    return f"{followed} · at {moment.row / rate_hz:.1f} s of {moment.episode_id.removeprefix('ep-')}"
