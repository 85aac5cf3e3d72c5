"""Sends recorded steps to the viewer process that draws them, and captions to the view that shows them."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from PySide6.QtCore import QObject

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.catalogue import SceneInfo
from mile_desktop.scenes.description import Choice
from mile_desktop.scenes.gymnasium.replayed_state import with_actions
from mile_desktop.ui.clients.state_viewer import StateViewer
from mile_desktop.ui.inspect.model import RecordedEpisode, SimulatedPath
from mile_desktop.ui.inspect.recorded_view import Caption, RecordedView
from mile_desktop.ui.widgets.discrete_actions import as_motion
from mile_desktop.viewer import messages as v
from mile_desktop.viewer.draw_rate import SCRUBBING


class RecordedViewController(QObject):
    """Draws recorded rows with a viewer process of its own, independent of the scene that runs. Window's thread only.

    The process starts with the first row. Newest wins: rows that arrive while it draws replace one another.
    """

    def __init__(self, view: RecordedView, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._recording: RecordedEpisode | None = None
        self._path: SimulatedPath | None = None
        self._choices: tuple[Choice, ...] = ()
        self._row = 0
        self._can_draw = False
        self.viewer = StateViewer(view, self)
        view.viewer_command.connect(self.viewer.client.send)
        # faster than the live view while a hand scrubs; nothing is drawn while it rests
        self.viewer.client.send(v.SetPace(**asdict(SCRUBBING)))
        self.viewer.client.fault.connect(self._fault)
        self.viewer.client.frame_ready.connect(self._drawn)

    def show_recording(self, recording: RecordedEpisode | None, info: SceneInfo | None) -> None:
        """Draw another recording; ``info`` describes its scene, None: the scene is not installed."""
        self._recording, self._path = recording, None
        self._choices = info.choices if info else ()
        if recording is None:
            self._view.show_caption(None)
            return
        scene = recording.episode.record.start.scene
        problem = ""
        if info is None:
            problem = f"The scene {scene} is not installed, so its steps cannot be drawn. Everything else is shown."
        elif not np.isfinite(recording.episode.scene_state[0]).all():
            problem = "This episode was imported without states of the scene, so its steps cannot be drawn."
        self._can_draw = not problem
        self._view.show_problem(problem)

    def show_path(self, path: SimulatedPath | None) -> None:
        """Draw ``path`` from its first row on, instead of the recording."""
        self._path = path
        self.show_row(self._row)

    def show_row(self, row: int) -> None:
        """Draw a row of the recording or of the path."""
        recording, path = self._recording, self._path
        if recording is None:
            return
        self._row = row
        if path is not None and row >= path.row:
            # The other policy's path may be longer; this one stays at its end.
            state = self._path_state(recording, path, row)
            caption = _path_caption(path, row - path.row, self._choices)
        else:
            row = min(row, len(recording) - 1)
            state, caption = self._recorded_state(recording, row), _caption(recording, row, self._choices)
        if self._can_draw:
            self.viewer.show_state(recording.episode.record.start.scene, state, row)
        self._view.show_caption(caption)

    def _recorded_state(self, recording: RecordedEpisode, row: int) -> Float32Array:
        episode = recording.episode
        return with_actions(
            episode.scene_state[row], episode.action, episode.starts_at_row, row, discrete=bool(self._choices)
        )

    def _path_state(self, recording: RecordedEpisode, path: SimulatedPath, row: int) -> Float32Array:
        """Return a state of ``path``; one that is drawn by its actions follows the recording up to the path's row."""
        step = min(row - path.row, len(path.states) - 1)
        episode, first = recording.episode, path.row
        actions = np.concatenate([episode.action[:first], path.actions[:step]])
        rewinds = np.concatenate([episode.starts_at_row[: first + 1], np.full(step, -1)])
        return with_actions(path.states[step], actions, rewinds, first + step, discrete=bool(self._choices))

    # The viewer answers late: a fault or a picture may belong to the recording before. It must not replace the message
    # of a recording that cannot be drawn.

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
    trimmed = "" if first <= row <= last else " · trimmed"
    text = f"step {int(recording.step[row])}{trimmed}"
    proposed = as_motion(episode.policy_action[row].tolist(), choices)
    if human:
        return Caption("TAKEOVER", "hand", "takeover", text, proposed, human=True)
    return Caption("AUTONOMOUS", "play", "autonomous", text, proposed)


def _path_caption(path: SimulatedPath, step: int, choices: Sequence[Choice]) -> Caption:
    if step >= len(path.actions):
        return Caption(path.name.upper(), "square", path.colour, path.outcome)
    motion = as_motion(path.actions[step].tolist(), choices)
    return Caption(path.name.upper(), "play", path.colour, f"would do · step {step}", motion)
