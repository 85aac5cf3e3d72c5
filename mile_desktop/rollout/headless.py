"""Rollouts without a window: a run of episodes to its end."""

from collections import deque
from collections.abc import Callable

from mile_desktop.operators.operator import Operator
from mile_desktop.policies.policy import FloatArray
from mile_desktop.rollout.clock import Clock
from mile_desktop.rollout.messages import EpisodeClosed, Event, LoadSession
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.session import Session

_BACKLOG = 500
"""Steps after which the recorder is waited for: as fast as it goes must not outrun the disk."""


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

    session = Session(plan, operator, publish=keep, show=_nobody_looks, clock=clock)
    try:
        if plan.robot and (problem := session.arm()):
            raise RolloutHeldError(problem)
        session.loop.start(episodes)
        ticks = 0
        while session.loop.supervision.phase is not Phase.IDLE:
            _tick(session)
            ticks += 1
            ended = session.loop.supervision.phase is Phase.RESETTING
            if ended or ticks % _BACKLOG == 0:
                session.recorder.flush()
            while published:
                closed.append(published.popleft())
                on_episode(closed[-1])
    finally:
        session.close()
    return tuple(closed)


def _tick(session: Session) -> None:
    session.loop.tick()
    if session.loop.supervision.phase in {Phase.HOLD, Phase.STOPPED}:
        raise RolloutHeldError(session.loop.supervision.reason)
    session.cadence.wait()


def _nobody_looks(_state: FloatArray, _step: int) -> None:
    return
