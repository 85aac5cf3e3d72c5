"""From a recorded step on, what two policies would have done: asked for, shown over the recording, played."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from mile_desktop.inspection import messages as i
from mile_desktop.inspection.replay_problem import replay_problem
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.clients.inspection_client import InspectionClient
from mile_desktop.ui.inspect.model import RecordedEpisode
from mile_desktop.ui.inspect.prediction_bar import Choice
from mile_desktop.ui.inspect.recorded_view import TrackLine
from mile_desktop.ui.inspect.roll_forward_bar import COLOURS, RECORDED, RollForwardBar

_EXACT = 1e-4
"""Up to here the replay is the recording: its states are single precision."""
_INITIAL, _EXPERT = Choice("initial", "bundled"), Choice("expert", "expert", "The scripted expert of the scene")


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """Where a policy would have gone from a row on; ``n`` steps."""

    name: str
    colour: str
    row: int
    """The recorded row it starts from."""
    states: NDArray[np.float32]
    """float32[n + 1, k]."""
    actions: NDArray[np.float32]
    """float32[n, a]."""
    places: NDArray[np.float32]
    """float32[n + 1, 3], m."""
    outcome: str

    @property
    def length(self) -> int:
        """Rows from the recording's first to the way's last."""
        return self.row + len(self.states)


class RollForwardController(QObject):
    """Owns the bar; everything runs on the window's thread."""

    way_changed = Signal(object)
    """The ``Way`` that is looked at, None for the recording."""
    tracks_changed = Signal()
    said = Signal(str, str)
    """Level and sentence for the message line."""

    def __init__(self, client: InspectionClient, parent: QObject) -> None:
        super().__init__(parent)
        self._client = client
        self._workspace: Workspace | None = None
        self._recording: RecordedEpisode | None = None
        self._problem = ""
        self._job = 0
        self._row = 0
        self._ways: tuple[Way, ...] = ()
        self._recorded: NDArray[np.float32] = np.empty((0, 3), np.float32)
        self.bar = RollForwardBar()
        self.bar.roll_asked.connect(self.roll)
        self.bar.cancel_asked.connect(self.cancel)
        self.bar.way_chosen.connect(self.choose)
        client.progressed.connect(self._progressed)
        client.rolled_forward.connect(self._rolled)
        client.ended.connect(self._ended)

    def look_at(self, workspace: Workspace | None, recording: RecordedEpisode | None) -> None:
        """Turn to another recording; what was computed for the one before goes. ``WorkspaceError`` as the catalogue."""
        same = recording is not None and self._recording is not None and _id(recording) == _id(self._recording)
        self._workspace, self._recording = workspace, recording
        if not same:
            self.cancel()
            self._forget()
        self.offer()

    def offer(self) -> None:
        """Offer the policies there are now. Raises ``WorkspaceError`` as the catalogue."""
        workspace, recording = self._workspace, self._recording
        if workspace is None or recording is None:
            self.bar.offer((), "", "")
            return
        start = recording.episode.record.start
        self._problem = replay_problem(start)
        self.bar.block(self._problem)
        if self._problem:
            return
        records = Catalogue(workspace).policies(start.scene)
        choices = [Choice(each.policy_id, each.name, each.policy_id) for each in reversed(records)]
        shipped = () if any(each.parent_id is None for each in records) else (_INITIAL,)
        others = [each.policy_id for each in reversed(records) if each.policy_id != start.policy_id]
        self.bar.offer((*choices, *shipped, _EXPERT), start.policy_id, others[0] if others else _EXPERT.reference)

    def show_row(self, row: int) -> None:
        """Know which row is shown: from there policies would start."""
        self._row = row

    def is_answered(self) -> bool:
        """Whether nothing is being computed any more."""
        return not self._job

    def roll(self) -> None:
        """Let the chosen policies drive from the row that is shown."""
        recording, workspace = self._recording, self._workspace
        if self._problem:
            self.said.emit("warning", self._problem)
        if recording is None or workspace is None or self._problem or not self.bar.policies:
            return
        self.cancel()
        self._job = self._client.new_job()
        self.bar.show_working("starting")
        self._client.send(
            i.RollForward(
                job=self._job,
                workspace=str(workspace.folder),
                episode_id=_id(recording),
                row=min(self._row, len(recording) - 1),
                policies=self.bar.policies,
            )
        )

    def cancel(self) -> None:
        """Give up what is being computed."""
        if self._job:
            self._client.send(i.CancelJob(job=self._job))
            self._job = 0
            self.bar.show_working(None)
            self.bar.say("")

    def choose(self, number: int) -> None:
        """Look at way ``number``; −1: at the recording."""
        self.bar.choose_way(number)
        self.way_changed.emit(self._ways[number] if 0 <= number < len(self._ways) else None)

    def next_way(self) -> None:
        """Look at the next of recording and ways."""
        if self._ways:
            self.choose((self.bar.way + 2) % (len(self._ways) + 1) - 1)

    def tracks(self, row: int) -> tuple[TrackLine, ...]:
        """Return where the end effector went and would have gone, with ``row`` as the present."""
        if not self._ways:
            return ()
        start = self._ways[0].row
        lines = [TrackLine(RECORDED, "policy", self._recorded, row - start + 1)]
        lines += [TrackLine(way.name, way.colour, way.places, row - start + 1) for way in self._ways]
        return tuple(line for line in lines if len(line.points))

    def _forget(self) -> None:
        had = bool(self._ways)
        self._ways = ()
        self.bar.show_ways(())
        self.bar.say("")
        if had:
            self.way_changed.emit(None)
            self.tracks_changed.emit()

    def _progressed(self, progress: i.JobProgress) -> None:
        if progress.job == self._job:
            self.bar.show_working(progress.text, progress.fraction)

    def _rolled(self, rolled: i.RolledForward) -> None:
        if rolled.job != self._job:
            return
        self._job = 0
        self._recorded = i.unpacked(rolled.recorded_end_effector, 3)
        self._ways = tuple(
            _way(branch, rolled.row, colour) for branch, colour in zip(rolled.branches, COLOURS, strict=False)
        )
        self.bar.show_working(None)
        self.bar.show_ways([way.name for way in self._ways])
        told = " · ".join(f"{way.name}: {way.outcome} after {len(way.actions)} steps" for way in self._ways)
        exact = rolled.deviation <= _EXACT
        fit = "the replay is exact" if exact else f"the replay is off by {rolled.deviation:.2g}"
        self.bar.say(f"{told} · {fit}")
        if not exact:
            self.said.emit(
                "warning",
                f"The replay deviates from the recording by up to {rolled.deviation:.2g} (at row "
                f"{rolled.deviation_row}): the scene or the simulator is not the one of then. Take it with care.",
            )
        self.way_changed.emit(None)
        self.tracks_changed.emit()

    def _ended(self, ended: i.JobEnded) -> None:
        if ended.job == self._job:
            self._job = 0
            self.bar.show_working(None)
            self.bar.say(ended.problem)
            if ended.problem:
                self.said.emit("error", ended.problem)


def _way(branch: i.Branch, row: int, colour: str) -> Way:
    return Way(
        name=branch.name,
        colour=colour,
        row=row,
        states=i.unpacked(branch.states, branch.state_size),
        actions=i.unpacked(branch.actions, branch.action_size),
        places=i.unpacked(branch.end_effector, 3),
        outcome=branch.outcome,
    )


def _id(recording: RecordedEpisode) -> str:
    return recording.episode.record.episode_id
