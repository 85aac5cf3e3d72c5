"""``mile-desktop rollout``: the window's engine without the window."""

import argparse
from collections import deque

from mile_desktop.commands.command import (
    Command,
    CommandError,
    Report,
    add_policy_argument,
    add_scene_argument,
    positive,
)
from mile_desktop.operators.nobody import NoOperator
from mile_desktop.policies.policy import FloatArray
from mile_desktop.rollout.clock import Clock, SimulatedClock, SystemClock
from mile_desktop.rollout.controls import simulated_supervisor
from mile_desktop.rollout.messages import EpisodeClosed, Event, LoadSession
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.session import Session
from mile_desktop.scenes.experts import load_expert

SUPERVISORS = ("none", "probit", "segment")
_BACKLOG = 500


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scene_argument(parser)
    add_policy_argument(parser)
    parser.add_argument("--operator", choices=SUPERVISORS, default="none", help="simulated supervisor (%(default)s)")
    parser.add_argument("--episodes", type=positive, default=1, metavar="N", help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="seed of the first episode (%(default)s)")
    parser.add_argument("--realtime", action="store_true", help="at the control rate, not as fast as it goes")


def _run(options: argparse.Namespace, report: Report) -> None:
    plan = LoadSession(
        workspace=str(options.workspace),
        scene=options.scene,
        policy=options.policy,
        simulated_operator=options.operator,
        gamepad=False,
        seed=options.seed,
    )
    closed: deque[EpisodeClosed] = deque(maxlen=options.episodes)

    def keep(event: Event) -> None:
        if isinstance(event, EpisodeClosed):
            closed.append(event)

    supervisor = simulated_supervisor(options.operator, load_expert(options.scene)) or NoOperator()
    clock: Clock = SystemClock() if options.realtime else SimulatedClock()
    session = Session(plan, supervisor, publish=keep, show=_nobody_looks, clock=clock)
    try:
        session.loop.start(options.episodes)
        _roll(session, closed, report)
    finally:
        session.close()


def _roll(session: Session, closed: deque[EpisodeClosed], report: Report) -> None:
    """Tick until the run is over; an episode is reported once it is on disk."""
    steps = 0
    while session.loop.supervision.phase is not Phase.IDLE:
        if session.loop.supervision.phase in {Phase.HOLD, Phase.STOPPED}:
            raise CommandError(session.loop.supervision.reason)
        session.loop.tick()
        session.cadence.wait()
        steps += 1
        if steps % _BACKLOG == 0:
            session.recorder.flush()
        if session.loop.supervision.phase is Phase.RESETTING:
            session.recorder.flush()
            _report_closed(closed, report)


def _report_closed(closed: deque[EpisodeClosed], report: Report) -> None:
    while closed:
        episode = closed.popleft()
        fields = {
            "episode": episode.episode_id,
            "steps": episode.steps,
            "takeovers": episode.takeovers,
            "human_steps": episode.human_steps,
            "outcome": episode.outcome,
            "mean_intervention_prob": episode.mean_intervention_prob,
        }
        report.say(
            fields,
            f"{episode.episode_id}  {episode.outcome:8} {episode.steps:4} steps, {episode.takeovers} takeovers "
            f"({episode.human_steps} steps)",
        )


def _nobody_looks(_state: FloatArray, _step: int) -> None:
    return


ROLLOUT = Command(
    "rollout", "roll a policy out and record it, with or without a simulated supervisor", _add_arguments, _run
)
