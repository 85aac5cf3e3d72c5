"""``mile-desktop generate``: episodes of the current policy in randomised scenes, supervised by the learned human."""

import argparse
from dataclasses import asdict

import msgspec
import psutil

from mile_desktop.commands.command import CancelledError, Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.generation.generator import GenerationCancelled, GenerationOrder, generate
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.paths import RESOURCES
from mile_desktop.scenes.shift import read_shift
from mile_desktop.storage.generated_sets import GeneratedSet, generated_sets, remove_set

USUAL = RESOURCES / "randomisation" / "usual.toml"
_BACKGROUND_NICENESS = 10


def run(options: argparse.Namespace, report: Report) -> None:
    """Generate a set; or list the sets of the scene, or remove them."""
    if options.background:
        psutil.Process().nice(_BACKGROUND_NICENESS)
    # Read first: a mistyped file fails before the workspace is opened and recovered.
    randomisation = read_shift(options.randomise or str(USUAL))
    with opened_workspace(options, report) as workspace, cancelled_by_signals() as cancel:
        if options.list:
            for each in generated_sets(workspace, options.scene):
                report.say(msgspec.to_builtins(each), f"{each.set_id}  {_text(each)}")
            return
        if options.remove:
            for set_id in _named(options.remove, generated_sets(workspace, options.scene)):
                remove_set(workspace, set_id)
                report.say({"removed": set_id}, f"{set_id} is removed.")
            return
        order = GenerationOrder(
            scene=options.scene,
            episodes=options.episodes,
            randomisation=randomisation,
            policy=options.policy,
            model=options.model,
            seed=options.seed,
            run_id=options.run_id,
        )
        try:
            made, gate = generate(workspace, order, report=report.progress, cancelled=cancel.is_set)
        except GenerationCancelled as error:
            raise CancelledError from error
    fields = {**msgspec.to_builtins(made), "gate": asdict(gate)}
    report.say(fields, f"{gate.text}\n{made.set_id}: {_text(made)} `train --generated` learns from them, too.")


def _named(asked: str, known: tuple[GeneratedSet, ...]) -> tuple[str, ...]:
    return tuple(each.set_id for each in known) if asked == "all" else (asked,)


def _text(made: GeneratedSet) -> str:
    return (
        f"{made.episodes} of {made.tried} generated episodes ended in success and were kept: {made.steps} steps, "
        f"{made.corrected_steps} of them by the learned human in {made.takeovers} takeovers."
    )
