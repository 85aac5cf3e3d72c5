"""Rollouts without a window: a run of episodes to its end."""

from collections import deque
from collections.abc import Callable

from mile_desktop.operators.operator import Operator
from mile_desktop.rollout.clock import Clock, SimulatedClock
from mile_desktop.rollout.messages import EpisodeClosed, Event, LoadSession
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.session import Session

_BACKLOG = 500
"""Steps after which the recorder is waited for: as fast as it goes must not outrun the disk."""
_GATHER_S = 0.05
"""Steps of simulated time are committed in batches: a process that is killed loses so much at most of its work."""


class RolloutHeldError(Exception):
    """The robot holds and nobody is there to resume; the message is the reason."""


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
        Told of each episode once it is on disk.

    Returns
    -------
    What was recorded, in order.

    Raises
    ------
    RolloutHeldError
        When the robot has to hold; what was recorded until then is kept.
    """
    published: deque[EpisodeClosed] = deque()
    closed: list[EpisodeClosed] = []

    def keep(event: Event) -> None:
        if isinstance(event, EpisodeClosed):
            published.append(event)

    gather_s = _GATHER_S if isinstance(clock, SimulatedClock) else 0.0

    def report() -> None:
        while published:
            closed.append(published.popleft())
            on_episode(closed[-1])

    session = Session(plan, operator, publish=keep, show=None, clock=clock, gather_s=gather_s)
    try:
        if plan.robot and (problem := session.arm()):
            raise RolloutHeldError(problem)
        session.loop.start(episodes)
        ticks = 0
        while session.loop.supervision.phase is not Phase.IDLE:
            _tick(session)
            ticks += 1
            if ticks % _BACKLOG == 0:
                session.recorder.flush()
            report()
    finally:
        session.close()
    report()
    return tuple(closed)


def _tick(session: Session) -> None:
    session.loop.tick()
    if session.loop.supervision.phase in {Phase.HOLD, Phase.STOPPED}:
        raise RolloutHeldError(session.loop.supervision.reason)
    session.cadence.wait()
