"""``mile-desktop rollout``: the window's engine without the window."""

import argparse
from contextlib import nullcontext

from mile_desktop.commands.command import CommandError, Report
from mile_desktop.commands.opened_workspace import recover_left_episodes
from mile_desktop.commands.shift_notes import note_what_has_no_effect
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.priority import control_priority
from mile_desktop.rollout.clock import Clock, SimulatedClock, SystemClock
from mile_desktop.rollout.headless import roll_out
from mile_desktop.rollout.input_devices import simulated_supervisor
from mile_desktop.rollout.messages import EpisodeClosed, LoadSession
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.shift import read_shift


def run(options: argparse.Namespace, report: Report) -> None:
    """Run the episodes and report each once it is on disk."""
    if options.robot and not options.arm:
        raise CommandError(f"Without --arm no robot moves: make sure that {options.robot} may move, then add --arm.")
    plan = LoadSession(
        workspace=str(options.workspace),
        robot=options.robot,
        robot_key=options.robot_key,
        # No person is there to put things back by hand between two episodes.
        self_resetting=True,
        scene=options.scene,
        policy=options.policy,
        simulated_operator=options.operator,
        gamepad=False,
        seed=options.seed,
        shift=options.shift,
        operator_name=options.operator_name or "",
    )
    if options.shift:
        if options.robot:
            raise CommandError("--shift is for scenes; a stand-in gets its shift where it runs: serve-robot --shift.")
        note_what_has_no_effect(read_shift(options.shift), scene_info(options.scene), report, pictures=True)

    done = 0

    def say(episode: EpisodeClosed) -> None:
        nonlocal done
        done += 1
        _report_closed(episode, report)
        if done < options.episodes:
            report.draw(done / options.episodes, f"Episode {done + 1} of {options.episodes}")

    supervisor = simulated_supervisor(options.operator, options.scene) or NoOperator()
    # A robot exists in real time only; a simulation may run as fast as it can.
    clock: Clock = SystemClock() if options.realtime or options.robot else SimulatedClock()
    # Before control gets its priority: recovery may take seconds.
    recover_left_episodes(options, report)
    # A simulation needs no priority: nothing happens to it while it waits.
    with control_priority() if options.robot else nullcontext():
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
    takeovers = f"{episode.takeovers} takeover{'' if episode.takeovers == 1 else 's'}"
    text = f"{episode.episode_id}  {episode.outcome:15} {episode.steps:4} steps, {takeovers} "
    report.say(fields, f"{text}({episode.human_steps} steps)")
