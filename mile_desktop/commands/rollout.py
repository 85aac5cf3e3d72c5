"""``mile-desktop rollout``: the window's engine without the window."""

import argparse

from mile_desktop.commands.command import (
    Command,
    CommandError,
    Report,
    add_policy_argument,
    add_scene_argument,
    positive,
)
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.operators.supervisors import SUPERVISORS
from mile_desktop.rollout.clock import Clock, SimulatedClock, SystemClock
from mile_desktop.rollout.controls import simulated_supervisor
from mile_desktop.rollout.headless import roll_out
from mile_desktop.rollout.messages import EpisodeClosed, LoadSession
from mile_desktop.rollout.priority import be_eager, enter_real_time


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scene_argument(parser)
    add_policy_argument(parser)
    parser.add_argument("--operator", choices=SUPERVISORS, default="none", help="simulated supervisor (%(default)s)")
    parser.add_argument("--episodes", type=positive, default=1, metavar="N", help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="seed of the first episode (%(default)s)")
    parser.add_argument("--robot", default="", metavar="ADDRESS", help="drive the robot at tcp://HOST:PORT instead")
    parser.add_argument("--robot-key", default="", metavar="KEY", help="its public key; needed on other machines")
    parser.add_argument("--arm", action="store_true", help="let the robot move; without it nothing does")
    parser.add_argument("--realtime", action="store_true", help="at the control rate, not as fast as it goes")


def _run(options: argparse.Namespace, report: Report) -> None:
    if options.robot and not options.arm:
        raise CommandError(f"{options.robot} is not armed, so nothing would move; look after it, then add --arm.")
    plan = LoadSession(
        workspace=str(options.workspace),
        robot=options.robot,
        robot_key=options.robot_key,
        self_resetting=True,
        scene=options.scene,
        policy=options.policy,
        simulated_operator=options.operator,
        gamepad=False,
        seed=options.seed,
    )

    def say(episode: EpisodeClosed) -> None:
        _report_closed(episode, report)

    supervisor = simulated_supervisor(options.operator, options.scene) or NoOperator()
    clock: Clock = SystemClock() if options.realtime or options.robot else SimulatedClock()
    if options.robot:
        be_eager()
        enter_real_time()
    roll_out(plan, supervisor, options.episodes, clock=clock, on_episode=say)


def _report_closed(episode: EpisodeClosed, report: Report) -> None:
    fields = {
        "episode": episode.episode_id,
        "steps": episode.steps,
        "takeovers": episode.takeovers,
        "human_steps": episode.human_steps,
        "outcome": episode.outcome,
        "mean_intervention_prob": episode.mean_intervention_prob,
    }
    text = f"{episode.episode_id}  {episode.outcome:8} {episode.steps:4} steps, {episode.takeovers} takeovers "
    report.say(fields, f"{text}({episode.human_steps} steps)")


ROLLOUT = Command(
    "rollout", "roll a policy out and record it, with or without a simulated supervisor", _add_arguments, _run
)
