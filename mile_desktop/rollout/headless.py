"""Rollouts without a window: a run of episodes to its end."""

import logging
from collections import deque
from collections.abc import Callable

from mile_desktop.errors import UserError
from mile_desktop.operators.operator import Operator
from mile_desktop.rollout.clock import Clock, SimulatedClock
from mile_desktop.rollout.messages import EpisodeClosed, Event, LoadSession
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.session import Session

_log = logging.getLogger(__name__)

_BACKLOG = 500
"""Steps after which the recorder is waited for: simulated time must not outrun the disk."""
_GATHER_S = 0.05
"""Steps of simulated time are committed in batches; a process that is killed loses this much of its work at most."""


class RolloutHeldError(UserError):
    """The robot holds and there is no person to resume; the message is the reason."""


def roll_out(
    plan: LoadSession,
    operator: Operator,
    episodes: int,
    *,
    clock: Clock,
    on_episode: Callable[[EpisodeClosed], None] = lambda _: None,
) -> tuple[EpisodeClosed, ...]:
    """Run ``episodes`` episodes as ``plan`` says and record them.

    Parameters
    ----------
    operator
        Who supervises.
    clock
        ``SystemClock`` for real time, ``SimulatedClock`` for as fast as it goes.
    on_episode
        Called with each episode once it is on disk.

    Returns
    -------
    The recorded episodes, in order.

    Raises
    ------
    RolloutHeldError
        When the robot has to hold; what was recorded until then is kept. Also when steps could not be written to the
        database: they are in a file beside it, which the message names.
    """
    closed = _ClosedEpisodes(on_episode)
    gather_s = _GATHER_S if isinstance(clock, SimulatedClock) else 0.0
    session = Session(plan, operator, publish=closed.add, show=None, clock=clock, gather_s=gather_s)
    held = ""
    try:
        if plan.robot and (problem := session.arm()):
            raise RolloutHeldError(problem)
        for problem in session.loaded().problems:
            _log.warning(problem)
        session.loop.start(episodes)
        run_to_the_end(session, closed.report)
    except RolloutHeldError as error:
        held = str(error)
    finally:
        # also after an error that is none of ours: the log then has the sentence beside the traceback
        if unwritten := session.close():
            _log.error(unwritten)
    closed.report()
    if held or unwritten:
        raise RolloutHeldError(" ".join(filter(None, (held, unwritten))))
    return tuple(closed.reported)


class _ClosedEpisodes:
    """Closed episodes: they arrive on the recorder's thread and are reported on the caller's thread."""

    def __init__(self, on_episode: Callable[[EpisodeClosed], None]) -> None:
        self.reported: list[EpisodeClosed] = []
        self._on_episode = on_episode
        self._arrived: deque[EpisodeClosed] = deque()

    def add(self, event: Event) -> None:
        if isinstance(event, EpisodeClosed):
            self._arrived.append(event)

    def report(self) -> None:
        while self._arrived:
            self.reported.append(self._arrived.popleft())
            self._on_episode(self.reported[-1])


def run_to_the_end(session: Session, after_tick: Callable[[], None] = lambda: None) -> None:
    """Tick until every episode that was started has ended.

    Raises ``RolloutHeldError`` where the robot holds or has stopped: no one is there to resume, and it would tick for
    ever.
    """
    ticks = 0
    while session.loop.phase is not Phase.IDLE:
        _tick(session)
        ticks += 1
        if ticks % _BACKLOG == 0:
            session.recorder.flush()
        after_tick()


def _tick(session: Session) -> None:
    session.loop.tick()
    if session.loop.awaits_person:
        points = " ".join(session.loop.checklist)
        raise RolloutHeldError(f"A person must check this robot before each episode; use the window. {points}")
    if session.loop.phase in {Phase.HOLD, Phase.STOPPED}:
        raise RolloutHeldError(session.loop.reason)
    session.cadence.wait()
