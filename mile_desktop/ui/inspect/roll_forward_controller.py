"""Roll forward: requests the simulation of two policies from a recorded step on, and shows and plays their paths."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from mile_desktop.inspection import messages as i
from mile_desktop.inspection.replay_problem import replay_problem
from mile_desktop.registry.names import EXPERT, INITIAL
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.clients.inspection_client import InspectionClient
from mile_desktop.ui.inspect.model import Option, RecordedEpisode, SimulatedPath
from mile_desktop.ui.inspect.recorded_view import PathLine
from mile_desktop.ui.inspect.roll_forward_bar import COLOURS, RECORDED, RollForwardBar

_EXACT = 1e-4
"""As ``inspection.replay.EXACT``, which cannot be imported here: it would load the simulators into the window."""
_INITIAL, _EXPERT = Option(INITIAL, "bundled"), Option(EXPERT, EXPERT, "The scripted expert of the scene")


class RollForwardController(QObject):
    """Owns the bar; everything runs on the window's thread."""

    path_changed = Signal(object)
    """The ``SimulatedPath`` to play; None: the recording."""
    path_lines_changed = Signal()
    message = Signal(str, str)
    """Level and sentence for the message line."""

    def __init__(self, client: InspectionClient, parent: QObject) -> None:
        super().__init__(parent)
        self._client = client
        self._workspace: Workspace | None = None
        self._recording: RecordedEpisode | None = None
        self._problem = ""
        self._job = 0
        self._row = 0
        self._paths: tuple[SimulatedPath, ...] = ()
        self._recorded_positions: NDArray[np.float32] = np.empty((0, 3), np.float32)
        self.bar = RollForwardBar()
        self.bar.roll_requested.connect(self.roll)
        self.bar.cancel_requested.connect(self.cancel)
        self.bar.path_chosen.connect(self.choose)
        client.progressed.connect(self._progressed)
        client.rolled_forward.connect(self._rolled)
        client.ended.connect(self._ended)

    def show_recording(self, workspace: Workspace | None, recording: RecordedEpisode | None) -> None:
        """Show another recording; the paths of the one before are removed. Raises ``WorkspaceError`` as the catalogue.

        After an edit the same recording is shown again: its paths stay, because edits do not change the actions.
        """
        same = recording is not None and self._recording is not None and _id(recording) == _id(self._recording)
        self._workspace, self._recording = workspace, recording
        if not same:
            self.cancel()
            self._remove_paths()
        self.offer()

    def offer(self) -> None:
        """Offer the policies of the workspace. Raises ``WorkspaceError`` as the catalogue."""
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
        options = [Option(each.policy_id, each.name, each.policy_id) for each in reversed(records)]
        # the bundled policy may already be in the list: it is the one without a parent
        bundled = () if any(each.parent_id is None for each in records) else (_INITIAL,)
        others = [each.policy_id for each in reversed(records) if each.policy_id != start.policy_id]
        self.bar.offer((*options, *bundled, _EXPERT), start.policy_id, others[0] if others else _EXPERT.reference)

    def show_row(self, row: int) -> None:
        """Set the row that is shown: policies start from there."""
        self._row = row

    def is_idle(self) -> bool:
        """Whether no job runs."""
        return not self._job

    def roll(self) -> None:
        """Let the chosen policies drive from the row that is shown."""
        recording, workspace = self._recording, self._workspace
        if self._problem:
            self.message.emit("warning", self._problem)
        if recording is None or workspace is None or self._problem or not self.bar.policies:
            return
        # Only the newest request counts.
        self.cancel()
        self._job = self._client.new_job()
        self.bar.show_running("starting")
        self._client.send(
            i.RollForward(
                job=self._job,
                workspace=str(workspace.folder),
                episode_id=_id(recording),
                row=min(self._row, len(recording) - 1),  # the shown row may lie on a longer path
                policies=self.bar.policies,
            )
        )

    def cancel(self) -> None:
        """Cancel the job that runs."""
        if self._job:
            self._client.send(i.CancelJob(job=self._job))
            self._job = 0
            self.bar.show_running(None)
            self.bar.show_message("")

    def choose(self, number: int) -> None:
        """Play path ``number``; −1: the recording."""
        self.bar.choose_path(number)
        self.path_changed.emit(self._paths[number] if 0 <= number < len(self._paths) else None)

    def next_path(self) -> None:
        """Play the next path, or the recording after the last one."""
        if self._paths:
            # paths are numbered from −1, the recording
            self.choose((self.bar.path + 2) % (len(self._paths) + 1) - 1)

    def path_lines(self, row: int) -> tuple[PathLine, ...]:
        """Return the lines of the recorded and the simulated end effector; ``row`` is the one that is shown."""
        if not self._paths:
            return ()
        start = self._paths[0].row
        lines = [PathLine(RECORDED, "policy", self._recorded_positions, row - start + 1)]
        lines += [PathLine(path.name, path.colour, path.positions, row - start + 1) for path in self._paths]
        return tuple(line for line in lines if len(line.points))

    def _remove_paths(self) -> None:
        had_paths = bool(self._paths)
        self._paths = ()
        self.bar.show_paths(())
        self.bar.show_message("")
        if had_paths:
            self.path_changed.emit(None)
            self.path_lines_changed.emit()

    def _progressed(self, progress: i.JobProgress) -> None:
        if progress.job == self._job:
            self.bar.show_running(progress.text, progress.fraction)

    def _rolled(self, rolled: i.RolledForward) -> None:
        if rolled.job != self._job:  # answered before the process received the cancellation
            return
        self._job = 0
        self._recorded_positions = i.unpacked(rolled.recorded_end_effector, 3)
        self._paths = tuple(
            _path_of(path, rolled.row, colour) for path, colour in zip(rolled.paths, COLOURS, strict=False)
        )
        self.bar.show_running(None)
        self.bar.show_paths([path.name for path in self._paths])
        outcomes = " · ".join(f"{path.name}: {path.outcome} after {len(path.actions)} steps" for path in self._paths)
        exact = rolled.deviation <= _EXACT
        fit = "the replay is exact" if exact else f"the replay is off by {rolled.deviation:.2g}"
        self.bar.show_message(f"{outcomes} · {fit}")
        if not exact:
            self.message.emit(
                "warning",
                f"The replay deviates from the recording by up to {rolled.deviation:.2g} (at row "
                f"{rolled.deviation_row}): the scene or the simulator has changed since. The paths may be wrong.",
            )
        # The recording first: the person decides which path to watch.
        self.path_changed.emit(None)
        self.path_lines_changed.emit()

    def _ended(self, ended: i.JobEnded) -> None:
        if ended.job == self._job:
            self._job = 0
            self.bar.show_running(None)
            self.bar.show_message(ended.problem)
            if ended.problem:
                self.message.emit("error", ended.problem)


def _path_of(path: i.PolicyPath, row: int, colour: str) -> SimulatedPath:
    return SimulatedPath(
        name=path.name,
        colour=colour,
        row=row,
        states=i.unpacked(path.states, path.state_size),
        actions=i.unpacked(path.actions, path.action_size),
        positions=i.unpacked(path.end_effector, 3),
        outcome=path.outcome,
    )


def _id(recording: RecordedEpisode) -> str:
    return recording.episode.record.episode_id
