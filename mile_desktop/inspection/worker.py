"""The inspection process: keeps what tables show up to date, and answers what takes networks or a simulator."""

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
    Appraise,
    CancelJob,
    Command,
    Event,
    InsightsKept,
    JobEnded,
    JobProgress,
    KeepInsights,
    RollForward,
)
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.insights import Insight, insight_of, stale_insights, store_insights
from mile_desktop.storage.workspace import Workspace

_IDLE_S = 1.0
_AT_ONCE = 32
"""Episodes read between two looks at the mail."""
_NICENESS = 10

Job = Appraise | RollForward


def run_inspection(connection: Connection) -> None:
    """Body of the process; ends on ``Shutdown`` or when the window is gone."""
    psutil.Process().nice(_NICENESS if sys.platform != "win32" else psutil.BELOW_NORMAL_PRIORITY_CLASS)
    with ExitStack() as stack:
        endpoint: Endpoint[Command] = stack.enter_context(Endpoint(connection, Command, newest_wins=(JobProgress,)))
        worker = InspectionWorker(endpoint.receive, endpoint.send)
        stack.callback(worker.close)
        while worker.turn() and not endpoint.closed:
            endpoint.wait(0.0 if worker.busy else _IDLE_S)


class InspectionWorker:
    """One thing at a time, jobs before insights; used by the process's main thread.

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
        self._insights: KeepInsights | None = None
        self._unreadable: set[str] = set()
        self._workspace: Workspace | None = None

    @property
    def busy(self) -> bool:
        """Whether there is more to do."""
        return bool(self._jobs) or self._insights is not None

    def turn(self) -> bool:
        """Do one thing; return whether to go on."""
        self._obey()
        if self._ending:
            return False
        if self._jobs:
            self._work(self._jobs.popleft())
        elif self._insights is not None:
            self._keep_some(self._insights)
        if not self.busy:
            self.close()  # whoever rebuilds the catalogue or moves the folder must find nothing open
        return not self._ending

    def close(self) -> None:
        """Let go of the workspace."""
        if self._workspace is not None:
            self._workspace.close()
            self._workspace = None

    def _obey(self) -> None:
        for command in self._receive():
            match command:
                case Shutdown():
                    self._ending = self._cancelled = True
                case KeepInsights():
                    self._insights = command
                case CancelJob(job=job):
                    self._cancel(job)
                case Appraise() | RollForward():
                    # the newest of a kind is what the person looks at
                    for waiting in [each for each in self._jobs if isinstance(each, type(command))]:
                        self._cancel(waiting.job)
                    self._jobs.append(command)

    def _cancel(self, job: int) -> None:
        if job == self._running:
            self._cancelled = True
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

    def _work(self, job: Job) -> None:
        from mile_desktop.inspection.jobs import answer  # noqa: PLC0415 - networks and simulators

        self._running, self._cancelled = job.job, False
        try:
            result = answer(self._open(job.workspace), job, self._progress, self._is_cancelled)
        except UserError as error:
            self._send(JobEnded(job=job.job, problem=str(error)))
        else:
            self._send(result or JobEnded(job=job.job))
        finally:
            self._running = None

    def _progress(self, fraction: float, text: str) -> None:
        if self._running is not None:
            self._send(JobProgress(job=self._running, fraction=fraction, text=text))

    def _is_cancelled(self) -> bool:
        self._obey()
        return self._cancelled

    # ── insights ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _keep_some(self, wanted: KeepInsights) -> None:
        problems: list[str] = []
        try:
            workspace = self._open(wanted.workspace)
            stale = [each for each in stale_insights(workspace, wanted.threshold) if each[0] not in self._unreadable]
            found = [each for each in (self._insight(*one, problems) for one in stale[:_AT_ONCE]) if each is not None]
            store_insights(workspace, found)
        except WorkspaceError as error:
            self._insights = None
            self._send(InsightsKept(left=0, problems=(str(error),)))
            return
        left = max(len(stale) - _AT_ONCE, 0)
        if not left:
            self._insights = None
        if stale:
            self._send(InsightsKept(left=left, problems=tuple(problems)))

    def _insight(self, episode_id: str, edits: int, problems: list[str]) -> tuple[str, int, Insight] | None:
        workspace, wanted = self._workspace, self._insights
        if workspace is None or wanted is None:
            return None
        try:
            return episode_id, edits, insight_of(read_episode(workspace, episode_id), wanted.threshold)
        except WorkspaceError as error:
            self._unreadable.add(episode_id)
            problems.append(str(error))
            return None
