"""Controls the Evaluate page: owns the pool of workers, runs evaluations, shows and stores their results."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from mile_desktop.evaluation.evaluate import EpisodeResult
from mile_desktop.evaluation.pool import EvaluationPool, PoolEvent, WorkerTarget
from mile_desktop.evaluation.run import EvaluationRun, keep_finished, record_of
from mile_desktop.processes import evaluation_worker, viewer
from mile_desktop.scenes.catalogue import UnknownSceneError, scene_info, scenes
from mile_desktop.storage.records import EvaluationRecord
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.application import Application
from mile_desktop.ui.evaluate.model import (
    Candidate,
    EvaluationOrder,
    PastEvaluation,
    PolicyOption,
    find_candidates,
    known_results,
)
from mile_desktop.ui.evaluate.page import EvaluatePage
from mile_desktop.ui.evaluate.watch_controller import WatchController
from mile_desktop.ui.shell.close_question import RunningWork
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.shell.page_refresh import PageRefresh
from mile_desktop.ui.widgets.dates import time_text
from mile_desktop.ui.widgets.policy_results import (
    EpisodeRow,
    PolicyResults,
    episode_rows,
    results_of_records,
    results_of_run,
    results_summary,
)
from mile_desktop.ui.workspace_session import WorkspaceSession

# As often as the screen is drawn: a watched episode would not move smoothly otherwise.
_POLL_MS = 16
_SHOW_S = 0.2
"""Shortest time between two updates of the numbers on screen."""
_REST = 15
"""After an update the window waits at least this many times as long as the update took: at most 1/16 of its time."""
_TWICE_S = 0.5
"""Two presses of a key within this time count as one."""
_IDLE_MS = 180_000
"""Workers without work for this long are ended, to free their memory; a new evaluation starts them again."""


class EvaluateController(QObject):
    """Owns the Evaluate page and its pool; everything runs on the window's thread and never blocks it.

    Episodes run in processes of their own, in simulation only, and at a lower priority than supervision.

    Parameters
    ----------
    application
        The window's context.
    worker, viewer_target
        Entry points of the processes, as of ``processes``.
    """

    def __init__(
        self,
        application: Application,
        *,
        worker: WorkerTarget = evaluation_worker,
        viewer_target: Callable[..., None] = viewer,
    ) -> None:
        super().__init__(application)
        self._application = application
        self._worker = worker
        self._pool: EvaluationPool | None = None
        self._run: EvaluationRun | None = None
        self._candidates: dict[str, Candidate] = {}
        self._shown: tuple[PolicyResults, ...] = ()
        self._shown_scene = ""
        self._application_scene = ""
        # Of the evaluation that runs or ran last; ``_folder`` is that of its workspace.
        self._order, self._folder = EvaluationOrder("", (), 0, 0, 1, reuse_results=True), Path()
        self._began = self._next_show = 0.0
        self.page = EvaluatePage()
        self._page_refresh = PageRefresh(application.window, "evaluate", self._refresh, self)
        self._watch_controller = WatchController(self.page.episodes, self, target=viewer_target)
        self._timer = _timer(self, _POLL_MS, self.poll)
        self._idle = _timer(self, _IDLE_MS, self._end_workers)
        self._idle.setSingleShot(True)
        self._connect()

    def _connect(self) -> None:
        application, page = self._application, self.page
        application.window.add_page("evaluate", page)
        application.window.install_actions({"evaluate": self._run_or_cancel})
        application.window.closing.connect(self.close)
        application.workspace_opened.connect(self._workspace_opened)
        application.policies_changed.connect(self._policies_changed)
        page.setup.scene_chosen.connect(self._scene_chosen)
        page.setup.run_requested.connect(self.start)
        page.setup.cancel_requested.connect(self.cancel)
        page.episodes.watch_requested.connect(self._watch)
        page.history.show_requested.connect(self._show_stored)

    # ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def running(self) -> bool:
        """Whether an evaluation runs."""
        return self._run is not None and not self._run.over

    def start(self, order: EvaluationOrder) -> None:
        """Start an evaluation."""
        workspace = self._application.workspace
        if workspace is None or self.running:
            return
        self._page_refresh.settle()  # a hidden page may not know the newest policies yet
        chosen = [self._candidates[policy] for policy in order.policies if policy in self._candidates]
        with self._application.errors_shown():
            known = {
                each.policy_id: known_results(workspace, order.scene, each.policy_id, order.seeds)
                for each in chosen
                if order.reuse_results
            }
            self._begin(order, chosen, known)

    def _begin(
        self, order: EvaluationOrder, chosen: Sequence[Candidate], known: Mapping[str, Mapping[int, EpisodeResult]]
    ) -> None:
        # An episode that is run again only to be watched would take a worker from the evaluation.
        self._watch_controller.stop()
        policies = [each.evaluated for each in chosen]
        self._run = EvaluationRun(self._pool_of(order.workers), order.scene, policies, order.seeds, known)
        self._shown_scene, self._order = order.scene, order
        if (workspace := self._application.workspace) is not None:
            self._folder = workspace.folder
        self._began, self._next_show = time.monotonic(), 0.0
        self.page.setup.show_running(running=True)
        self.page.show_results_tab()
        self._keep_polling()
        self.poll()

    def cancel(self) -> None:
        """Cancel the evaluation; the episodes that have ended are stored and can be continued."""
        if self._run is not None and self.running:
            # Concluded here, not when the workers answer: the person can start the next evaluation at once.
            self._run.cancel()
            self._watch_controller.stop_evaluated()
            self._conclude(self._run)

    def running_work(self) -> RunningWork | None:
        """Return what runs, for the question before the window closes."""
        text = "An evaluation is running. It ends with the window; finished episodes are stored and used again."
        return RunningWork(text) if self.running else None

    def prepare(self, policies: Sequence[str]) -> None:
        """Open the page with these policies ticked."""
        self._application.window.show_page("evaluate")
        self.page.setup.tick(policies)

    def show_history_of(self, policy_id: str) -> None:
        """Open the page with the stored evaluations of one policy of the loaded scene."""
        if self.page.setup.scene != self._application.scene and not self.running:
            self.page.setup.show_scenes(scenes(), self._application.scene)
            self._page_refresh.mark_stale()
        self._application.window.show_page("evaluate")
        self.page.show_history_of(policy_id)

    def close(self) -> None:
        """End all processes."""
        self._timer.stop()
        self._idle.stop()
        self.cancel()
        # Before the workers: it still reads from their pool.
        self._watch_controller.close()
        self._end_workers()

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────────────

    def poll(self) -> None:
        """Handle the events of the workers; called by the timer."""
        if self._pool is None:
            return
        events = self._pool.poll()
        self._watch_controller.handle(events)
        if self._run is not None and self._follow(self._run, events):
            self._conclude(self._run)
        # without work the timer stops; the workers stay a while for the next evaluation
        if not self._pool.busy and not self._watch_controller.busy:
            self._timer.stop()
            self._idle.start()

    def _follow(self, run: EvaluationRun, events: Sequence[PoolEvent]) -> bool:
        """Show new results of the evaluation; return whether it has just ended."""
        if not self.page.setup.is_running:  # concluded already; events that come now belong to a watched episode
            return False
        news = run.update(events)
        for text in news.lost:
            # The person learns of it even though nothing is lost: it may be the sign of a scene that crashes.
            self._application.window.say("warning", f"{text} Its episode is run again.")
        now = time.monotonic()
        if news.changed and now >= self._next_show:
            self._show_run(run)
            took = time.monotonic() - now
            self._next_show = now + max(_SHOW_S, _REST * took)
        return run.over

    def _conclude(self, run: EvaluationRun) -> None:
        self.page.setup.show_running(running=False)
        # Once more, since the last results may have come within the pause between two updates.
        self._show_run(run)
        if run.failure:
            self._keep(run)
            self._application.window.say("error", f"The evaluation failed: {run.failure}")
        elif run.cancelled:
            self._say_cancelled(run, self._keep(run))
        else:
            self._store(run)
            self._application.window.say("success", results_summary(self._shown))

    def _keep(self, run: EvaluationRun) -> int:
        """Store the finished episodes of an evaluation that did not come to its end; return their number."""
        kept = 0
        # Opened by its folder: when the window closes or another workspace was opened, the session is gone already.
        with self._application.errors_shown(), Workspace.open(self._folder, create=False) as workspace:
            kept = keep_finished(workspace, run)
        if kept:
            self._application.refresh_policies()
            self._page_refresh.mark_stale()
        return kept

    def _say_cancelled(self, run: EvaluationRun, kept: int) -> None:
        if not kept:
            self._application.window.say("info", "The evaluation was cancelled before an episode had ended.")
            return
        left = run.planned - run.done
        # With these results and no others: a person may have asked not to use earlier ones.
        known = {each.policy_id: {one.seed: one for one in run.results(each.policy_id)} for each in run.policies}
        again = MessageAction("Continue", partial(self._continue, self._order, known))
        text = f"The evaluation was cancelled. {kept} finished episodes are stored; {left} are left."
        self._application.window.say("info", text, again)

    def _continue(self, order: EvaluationOrder, known: Mapping[str, Mapping[int, EpisodeResult]]) -> None:
        """Run the episodes that a cancelled evaluation has left."""
        chosen = [self._candidates[policy] for policy in order.policies if policy in self._candidates]
        if not self.running and chosen and self._application.workspace is not None:
            self._application.window.show_page("evaluate")
            self._begin(order, chosen, known)

    def _store(self, run: EvaluationRun) -> None:
        workspace = self._application.workspace
        if workspace is None:
            return
        with self._application.errors_shown():
            for policy in run.policies:
                # a policy whose results were all reused is stored already
                if not run.is_known(policy.policy_id):
                    record = record_of(policy.policy_id, run.scene, run.results(policy.policy_id))
                    workspace.catalogue.add_evaluation(record)
        # Their success rates stand in menus and tables all over the window.
        self._application.refresh_policies()
        self._page_refresh.mark_stale()

    def _show_run(self, run: EvaluationRun) -> None:
        self._shown = results_of_run(run, self._names())
        self.page.show_results(self._shown, self._episode_rows)
        self.page.setup.show_progress(run.done, run.planned, self._progress_text(run))

    def _episode_rows(self) -> list[EpisodeRow]:
        return episode_rows(self._shown, self._run)

    def _progress_text(self, run: EvaluationRun) -> str:
        text = f"{run.done} of {run.planned} episodes"
        if not run.done or run.over:
            return text
        # mean time of an episode so far; all policies meet the same seeds in turn, so it is representative
        left = (time.monotonic() - self._began) / run.done * (run.planned - run.done)
        return f"{text} · {time_text(left)} left"

    # ── watching ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _watch(self, row: EpisodeRow) -> None:
        candidate = self._candidates.get(row.policy_id)
        try:
            rate_hz = scene_info(self._shown_scene).rate_hz
        except UnknownSceneError as error:
            self._application.window.say("error", str(error))
            return
        # a running evaluation keeps its pool, whatever the panel shows by now
        pool = self._pool_of(self._pool.size if self._pool else self.page.setup.order.workers)
        beside = self._candidates.get(self.page.episodes.beside_of(row))
        if self._run is not None and self._watch_controller.watch(pool, self._run, row, rate_hz=rate_hz, beside=beside):
            self._keep_polling()
        elif candidate is not None:
            self._watch_controller.replay(
                pool, self._shown_scene, candidate.source, row, rate_hz=rate_hz, beside=beside
            )
            self._keep_polling()
        else:
            self._application.window.say(
                "warning", f"{row.policy} is not in this workspace, so its episode cannot be run again."
            )

    # ── workspace and policies ───────────────────────────────────────────────────────────────────────────────────

    def _workspace_opened(self, _: WorkspaceSession) -> None:
        self.cancel()
        self._watch_controller.stop()
        self._show_nothing()

    def _policies_changed(self, _: object) -> None:
        setup = self.page.setup
        # The page follows the loaded scene, but a running evaluation keeps its own until it has ended.
        if self._application.scene != self._application_scene:
            self._application_scene = self._application.scene
            if not self.running:
                setup.show_scenes(scenes(), self._application_scene)
                self._show_nothing()
        self._page_refresh.mark_stale()

    def _scene_chosen(self, _: str) -> None:
        self._show_nothing()
        self._page_refresh.mark_stale()

    def _show_nothing(self) -> None:
        # Kept until here, because episodes of a finished evaluation can still be watched.
        self._run = None
        self._shown = ()
        self.page.show_results((), self._episode_rows)

    def _refresh(self) -> None:
        """List the policies that can be evaluated, and the stored evaluations."""
        workspace, scene = self._application.workspace, self.page.setup.scene
        if workspace is None or not scene:
            return
        with self._application.errors_shown():
            found = find_candidates(workspace, scene)
            past = workspace.catalogue.evaluations(scene=scene)
            current = workspace.policy_list(scene)
            self._candidates = {each.policy_id: each for each in found}
            options = [PolicyOption(each.policy_id, each.label) for each in found]
            # The policy in use and the one before it: the comparison that is asked for most.
            self.page.setup.show_policies(options, [current.current, current.previous])
            names = self._names()
            self.page.show_history([PastEvaluation(each, names.get(each.policy_id, each.policy_id)) for each in past])

    def _names(self) -> dict[str, str]:
        workspace, scene = self._application.workspace, self.page.setup.scene
        names = {each.policy_id: each.name for each in self._candidates.values()}
        if workspace is not None:  # archived policies have names, too
            names.update({record.policy_id: record.name for record in workspace.catalogue.policies(scene)})
        return names

    def _show_stored(self, records: Sequence[EvaluationRecord]) -> None:
        if self.running:
            self._application.window.say("warning", "Wait until this evaluation has ended to show earlier ones.")
            return
        # The episodes that are shown do not belong to it any more.
        self._run = None
        self._shown_scene = self.page.setup.scene
        self._shown = results_of_records(records, self._names())
        self.page.show_results(self._shown, self._episode_rows)
        self.page.show_results_tab()

    # ── the pool ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _pool_of(self, workers: int) -> EvaluationPool:
        # a pool has a fixed size
        if self._pool is not None and self._pool.size != workers:
            self._end_workers()
        if self._pool is None:
            self._pool = EvaluationPool(workers, target=self._worker)
        return self._pool

    def _keep_polling(self) -> None:
        self._idle.stop()
        self._timer.start()

    def _end_workers(self) -> None:
        """End the workers; the next evaluation starts them again."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _run_or_cancel(self) -> None:
        """Open the page, start or cancel; a quick second press of the key does not cancel what the first started."""
        if self._application.window.page != "evaluate":
            self._application.window.show_page("evaluate")
        elif not self.running or time.monotonic() - self._began > _TWICE_S:
            self.page.setup.run_or_cancel()


def _timer(parent: QObject, interval_ms: int, slot: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setInterval(interval_ms)
    timer.timeout.connect(slot)
    return timer
