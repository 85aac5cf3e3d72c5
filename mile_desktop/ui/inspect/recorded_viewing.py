"""Recorded steps between the viewer that draws them and the view that shows them."""

from PySide6.QtCore import QObject

from mile_desktop.scenes.catalogue import SceneInfo
from mile_desktop.ui import theme
from mile_desktop.ui.inspect.branching import Way
from mile_desktop.ui.inspect.recorded_view import Caption, RecordedView
from mile_desktop.ui.inspect.recording import Recording
from mile_desktop.ui.viewer_client import ViewerClient
from mile_desktop.viewer import messages as v


class RecordedViewing(QObject):
    """Sends the viewer the scene and the states of recorded rows; everything runs on the window's thread.

    The viewer draws the newest state it was sent, as often as it may.
    """

    def __init__(self, viewer: ViewerClient, view: RecordedView, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._view = view
        self._recording: Recording | None = None
        self._scene = ""
        self._way: Way | None = None
        self._row = 0
        viewer.frame_ready.connect(view.show_frame)
        viewer.ready.connect(self._ready)
        viewer.fault.connect(self._fault)
        view.viewer_command.connect(self._heed)
        theme.signals().changed.connect(self.paint_background)

    def paint_background(self) -> None:
        """Let the background follow the theme."""
        top, bottom = theme.token("raised"), theme.token("ground")
        self._viewer.send(
            v.SetBackground(top=top.getRgbF()[:3], bottom=bottom.getRgbF()[:3])  # type: ignore[index]
        )

    def show_recording(self, recording: Recording | None, info: SceneInfo | None) -> None:
        """Draw another recording; ``info``: its scene, None where it is not known."""
        self._recording, self._way = recording, None
        if recording is None:
            self._view.show_caption(None)
            return
        scene = recording.episode.record.start.scene
        self._view.show_problem(
            "" if info else f"There is no scene {scene} here, so its steps cannot be drawn; everything else is shown."
        )
        if info is not None and scene != self._scene:
            self._scene = scene
            self._viewer.send(v.LoadScene(scene=scene))

    def show_way(self, way: Way | None) -> None:
        """From the way's first row on, draw it instead of the recording."""
        self._way = way
        self.show_row(self._row)

    def show_row(self, row: int) -> None:
        """Draw a row, of the recording or of a policy's way."""
        recording, way = self._recording, self._way
        if recording is None:
            return
        self._row = row
        if way is not None and row >= way.row:
            state = way.states[min(row - way.row, len(way.states) - 1)]
            caption = _way_caption(way, row - way.row)
        else:
            row = min(row, len(recording) - 1)
            state, caption = recording.episode.scene_state[row], _caption(recording, row)
        self._viewer.send(v.ShowState(values=tuple(state.tolist()), step=row))
        self._view.show_caption(caption)

    def _ready(self, ready: v.ViewerReady) -> None:
        self._view.set_presets(ready.presets)
        self.show_row(self._row)

    def _fault(self, fault: v.ViewerFault) -> None:
        self._view.show_problem(fault.text)

    def _heed(self, command: object) -> None:
        if isinstance(command, v.Message):
            self._viewer.send(command)


def _caption(recording: Recording, row: int) -> Caption:
    episode = recording.episode
    human = bool(episode.intervention[row])
    first, last = recording.kept
    trimmed = "" if first <= row <= last else " · trimmed away"
    text = f"step {int(recording.step[row])}{trimmed}"
    proposed = tuple(episode.policy_action[row].tolist())
    if human:
        return Caption("TAKEOVER", "hand", "takeover", text, proposed, human=True)
    return Caption("AUTONOMOUS", "play", "autonomous", text, proposed)


def _way_caption(way: Way, step: int) -> Caption:
    if step >= len(way.actions):
        return Caption(way.name.upper(), "square", way.colour, way.outcome)
    return Caption(way.name.upper(), "play", way.colour, f"would do · step {step}", tuple(way.actions[step].tolist()))
