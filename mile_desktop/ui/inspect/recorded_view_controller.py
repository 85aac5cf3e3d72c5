"""Recorded steps between the viewer that draws them and the view that shows them."""

from collections.abc import Sequence
from dataclasses import asdict

from PySide6.QtCore import QObject

from mile_desktop.scenes.catalogue import SceneInfo
from mile_desktop.scenes.description import Choice
from mile_desktop.ui.clients.state_viewer import StateViewer
from mile_desktop.ui.inspect.model import RecordedEpisode
from mile_desktop.ui.inspect.recorded_view import Caption, RecordedView
from mile_desktop.ui.inspect.roll_forward_controller import Way
from mile_desktop.ui.viewport.discrete_choices import as_motion
from mile_desktop.viewer import messages as v
from mile_desktop.viewer.draw_rate import SCRUBBING


class RecordedViewController(QObject):
    """Draws recorded rows with a viewer of its own: what is looked at has nothing to do with the scene that runs.

    The viewer starts with the first row, and draws the newest it was sent as often as it may. Window's thread only.
    """

    def __init__(self, view: RecordedView, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._recording: RecordedEpisode | None = None
        self._way: Way | None = None
        self._choices: tuple[Choice, ...] = ()
        self._row = 0
        self._can_draw = False
        self.viewer = StateViewer(view, self)
        self.viewer.client.send(v.SetPace(**asdict(SCRUBBING)))
        self.viewer.client.fault.connect(self._fault)
        self.viewer.client.frame_ready.connect(self._drawn)

    def show_recording(self, recording: RecordedEpisode | None, info: SceneInfo | None) -> None:
        """Draw another recording; ``info``: its scene, None where it is not known."""
        self._recording, self._way = recording, None
        self._choices = info.choices if info else ()
        if recording is None:
            self._view.show_caption(None)
            return
        scene = recording.episode.record.start.scene
        self._can_draw = info is not None
        self._view.show_problem(
            "" if info else f"There is no scene {scene} here, so its steps cannot be drawn; everything else is shown."
        )

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
            caption = _way_caption(way, row - way.row, self._choices)
        else:
            row = min(row, len(recording) - 1)
            state, caption = recording.episode.scene_state[row], _caption(recording, row, self._choices)
        if self._can_draw:
            self.viewer.show_state(recording.episode.record.start.scene, state, row)
        self._view.show_caption(caption)

    # Both come late: of two recordings looked at one after the other, the last word on the second one counts.

    def _fault(self, fault: v.ViewerFault) -> None:
        if self._recording is not None and self._can_draw:
            self._view.show_problem(fault.text)

    def _drawn(self, _frame: object) -> None:
        if self._recording is not None and self._can_draw:
            self._view.show_problem("")


def _caption(recording: RecordedEpisode, row: int, choices: Sequence[Choice]) -> Caption:
    episode = recording.episode
    human = bool(episode.intervention[row])
    first, last = recording.kept
    trimmed = "" if first <= row <= last else " · trimmed away"
    text = f"step {int(recording.step[row])}{trimmed}"
    proposed = as_motion(episode.policy_action[row].tolist(), choices)
    if human:
        return Caption("TAKEOVER", "hand", "takeover", text, proposed, human=True)
    return Caption("AUTONOMOUS", "play", "autonomous", text, proposed)


def _way_caption(way: Way, step: int, choices: Sequence[Choice]) -> Caption:
    if step >= len(way.actions):
        return Caption(way.name.upper(), "square", way.colour, way.outcome)
    motion = as_motion(way.actions[step].tolist(), choices)
    return Caption(way.name.upper(), "play", way.colour, f"would do · step {step}", motion)
