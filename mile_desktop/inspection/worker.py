"""The inspection process: computes missing table columns, and the answers that need networks or a simulator."""

import sys
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.connection import Connection

import psutil

from mile_desktop.channels.endpoint import Endpoint
from mile_desktop.channels.messages import Shutdown
from mile_desktop.errors import UserError
from mile_desktop.inspection.messages import (
    CancelJob,
    Command,
    Event,
    FindAlike,
    FoundAlike,
    InsightsUpdated,
    JobEnded,
    JobProgress,
    PredictAgain,
    PredictedAgain,
    RolledForward,
    RollForward,
    UpdateInsights,
)
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.insights import Insight, insight_of, stale_insights, store_insights
from mile_desktop.storage.workspace import Workspace

_IDLE_S = 1.0
"""Longest wait for a command; after it the process checks whether the window is still there."""
_BATCH = 32
"""Episodes read before the process looks for new commands: a job waits for one batch at most."""
_NICENESS = 10
"""Below the rollout worker and the window: supervision comes first."""

Job = PredictAgain | RollForward | FindAlike


def run_inspection(connection: Connection) -> None:
    """Run the process; it ends on ``Shutdown`` or when the window is gone."""
    psutil.Process().nice(_NICENESS if sys.platform != "win32" else psutil.BELOW_NORMAL_PRIORITY_CLASS)
    with ExitStack() as stack:
        # Progress is newest-wins: a window that is busy gets the latest fraction, not a queue of old ones.
        endpoint: Endpoint[Command] = stack.enter_context(Endpoint(connection, Command, newest_wins=(JobProgress,)))
        worker = InspectionWorker(endpoint.receive, endpoint.send)
        stack.callback(worker.close)
        while worker.run_once() and not endpoint.closed:
            endpoint.wait(0.0 if worker.busy else _IDLE_S)


class InspectionWorker:
    """Does one thing at a time, jobs before insights; used by the process's main thread.

    Parameters
    ----------
    receive, send
        The process's end of the pipe.
    """

    def __init__(self, receive: Callable[[], list[Command]], send: Callable[[Event], None]) -> None:
        self._receive = receive
        self._send = send
        self._jobs: deque[Job] = deque()
        self._running: int | None = None
        self._cancelled = False
        self._ending = False
        self._insights: UpdateInsights | None = None
        self._unreadable: set[str] = set()
        self._workspace: Workspace | None = None

    @property
    def busy(self) -> bool:
        """Whether a job or an update of insights is waiting."""
        return bool(self._jobs) or self._insights is not None

    def run_once(self) -> bool:
        """Run one job, or read one batch of episodes; return False after ``Shutdown``."""
        self._handle_commands()
        if self._ending:
            return False
        if self._jobs:
            self._run_job(self._jobs.popleft())
        elif self._insights is not None:
            self._update_insights(self._insights)
        if not self.busy:
            # An idle process holds no file open: the window may rebuild the catalogue or the user move the folder.
            self.close()
        return not self._ending

    def close(self) -> None:
        """Close the workspace."""
        if self._workspace is not None:
            self._workspace.close()
            self._workspace = None

    def _handle_commands(self) -> None:
        for command in self._receive():
            match command:
                case Shutdown():
                    self._ending = self._cancelled = True
                case UpdateInsights():
                    self._insights = command
                case CancelJob(job=job):
                    self._cancel(job)
                case PredictAgain() | RollForward() | FindAlike():
                    # The window shows only the newest answer of a kind, so an older command that waits is dropped. One
                    # that runs is cancelled by the window itself.
                    for waiting in [each for each in self._jobs if isinstance(each, type(command))]:
                        self._cancel(waiting.job)
                    self._jobs.append(command)

    def _cancel(self, job: int) -> None:
        if job == self._running:
            self._cancelled = True  # the job itself notices and ends; its ``JobEnded`` comes then
            return
        kept = [each for each in self._jobs if each.job != job]
        if len(kept) < len(self._jobs):
            self._jobs = deque(kept)
            self._send(JobEnded(job=job))

    def _open(self, folder: str) -> Workspace:
        if self._workspace is None or str(self._workspace.folder) != folder:
            self.close()
            self._workspace = Workspace.open(folder, create=False)
        return self._workspace

    # ── jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _run_job(self, job: Job) -> None:
        # A cancel that arrived before the job began was handled in the queue, so the flag starts again.
        self._running, self._cancelled = job.job, False
        try:
            result = self._result_of(job)
        except UserError as error:
            self._send(JobEnded(job=job.job, problem=str(error)))
        else:
            self._send(result or JobEnded(job=job.job))
        finally:
            self._running = None

    def _result_of(self, job: Job) -> PredictedAgain | RolledForward | FoundAlike | None:
        """Return the answer to a job, None where it was cancelled; raises ``UserError``."""
        workspace = self._open(job.workspace)
        # Networks and simulators take seconds to import. Insights need neither, so the first job pays for them.
        if isinstance(job, PredictAgain):
            from mile_desktop.inspection.prediction import predict_again  # noqa: PLC0415

            return predict_again(workspace, job)
        if isinstance(job, FindAlike):
            from mile_desktop.inspection.alike_moments import find_alike  # noqa: PLC0415

            return find_alike(workspace, job)
        from mile_desktop.inspection.replay import ReplayCancelledError  # noqa: PLC0415
        from mile_desktop.inspection.roll_forward import roll_forward  # noqa: PLC0415

        try:
            return roll_forward(workspace, job, self._report_progress, self._is_cancelled)
        except ReplayCancelledError:
            return None

    def _report_progress(self, fraction: float, text: str) -> None:
        if self._running is not None:
            self._send(JobProgress(job=self._running, fraction=fraction, text=text))

    def _is_cancelled(self) -> bool:
        # There is one thread: a running job receives the commands itself, once a step, or it could not be cancelled.
        self._handle_commands()
        return self._cancelled

    # ── insights ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _update_insights(self, wanted: UpdateInsights) -> None:
        problems: list[str] = []
        try:
            workspace = self._open(wanted.workspace)
            stale = [each for each in stale_insights(workspace, wanted.threshold) if each[0] not in self._unreadable]
            found = [each for each in (self._insight(*one, problems) for one in stale[:_BATCH]) if each is not None]
            store_insights(workspace, found)
        except WorkspaceError as error:
            self._insights = None
            self._send(InsightsUpdated(left=0, problems=(str(error),)))
            return
        # Until none is left this runs again after each look at the commands, so a job never waits for all episodes.
        left = max(len(stale) - _BATCH, 0)
        if not left:
            self._insights = None
        if stale:
            self._send(InsightsUpdated(left=left, problems=tuple(problems)))

    def _insight(self, episode_id: str, edits: int, problems: list[str]) -> tuple[str, int, Insight] | None:
        workspace, wanted = self._workspace, self._insights
        if workspace is None or wanted is None:
            return None
        try:
            return episode_id, edits, insight_of(read_episode(workspace, episode_id), wanted.threshold)
        except WorkspaceError as error:
            # Without this set a damaged episode would stay stale, and be read again in every batch.
            self._unreadable.add(episode_id)
            problems.append(str(error))
            return None
