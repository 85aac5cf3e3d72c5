"""Loading the next policy, or a newer intervention model, while the robot moves."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from mile_desktop.errors import UserError
from mile_desktop.registry.running_policy import RunningPolicy
from mile_desktop.rollout.loop import RolloutLoop
from mile_desktop.rollout.messages import Event, Note, PolicyAccepted, PromotePolicy

LOADING_ERRORS = (UserError, OSError)
"""What a wrong choice or the disk can cause while loading. Other exceptions are faults of the program: they end the
process with a traceback, and the window restarts it."""

Load = Callable[[], RunningPolicy]


class PolicyLoader:
    """Loads on a second thread, so that a promotion never costs a tick; ``finish`` hands over on the loop's thread.

    Only the newest of several requests counts. Used by the loop's thread, except for the ``Load`` functions, which run
    on the second thread and may read the workspace but touch neither scene nor loop.
    """

    def __init__(self, publish: Callable[[Event], None]) -> None:
        self._publish = publish
        # One thread: two loads at once would take processor time from the ticks, and only the newest is wanted.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="policy loader")
        self._promotion: tuple[PromotePolicy, Future[RunningPolicy]] | None = None
        self._reload: tuple[RunningPolicy, Future[RunningPolicy]] | None = None

    def promote(self, command: PromotePolicy, load: Load) -> None:
        """Begin to load the policy that ``command`` names."""
        # Replaces a load that is not finished. Its result is dropped, because nothing refers to it any more.
        self._promotion = command, self._thread.submit(load)

    def reload(self, upcoming: RunningPolicy, load: Load) -> None:
        """Begin to load the newest intervention model for ``upcoming``, the policy of the next episode."""
        self._reload = upcoming, self._thread.submit(load)

    def finish(self, loop: RolloutLoop) -> None:
        """Hand what is loaded to ``loop``; called between ticks and never waits."""
        # The promotion before the reload: its policy brings its own model, and ``_finish_reload`` then sees that the
        # reload is out of date.
        if self._promotion is not None and self._promotion[1].done():
            (command, loading), self._promotion = self._promotion, None
            self._finish_promotion(loop, command, loading)
        if self._reload is not None and self._reload[1].done():
            (upcoming, loading), self._reload = self._reload, None
            self._finish_reload(loop, upcoming, loading)

    def close(self) -> None:
        """Wait for what is being loaded, because it reads a workspace that is closed next, and drop it."""
        wait([pending[1] for pending in (self._promotion, self._reload) if pending is not None])
        self._promotion = self._reload = None
        self._thread.shutdown()

    def _finish_promotion(self, loop: RolloutLoop, command: PromotePolicy, loading: Future[RunningPolicy]) -> None:
        try:
            running = loading.result()
        except LOADING_ERRORS as error:
            self._publish(Note(level="error", text=f"{error} {loop.runner.running.name} goes on."))
            return
        # first accepted, then promoted: the window records the promotion before it sees the policy drive
        self._publish(PolicyAccepted(policy=command.policy, intervention_model=command.intervention_model))
        loop.promote(running)

    def _finish_reload(self, loop: RolloutLoop, upcoming: RunningPolicy, loading: Future[RunningPolicy]) -> None:
        try:
            reloaded = loading.result()
        except LOADING_ERRORS as error:
            self._publish(Note(level="warning", text=f"{error} The intervention model stays as it was."))
            return
        if loop.upcoming is upcoming:  # a policy that was promoted in the meantime has loaded its own model
            loop.promote(reloaded)
