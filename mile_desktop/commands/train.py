"""``mile-desktop train``: the Learn panel's button starts it as a separate process."""

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import psutil

from mile_desktop.commands.command import CancelledError, CommandError, Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.errors import UserError
from mile_desktop.evaluation.candidate_trial import successes_in
from mile_desktop.evaluation.evaluate import EpisodeResult, EvaluationCancelledError, evaluation_seeds
from mile_desktop.evaluation.policies import EvaluationCallbacks, compare_policies
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.learning.data_hygiene import TakeoverPlace
from mile_desktop.learning.method_info import method_info
from mile_desktop.learning.pipeline.config import RunConfig
from mile_desktop.learning.pipeline.policy_pipeline import TrainedPolicy
from mile_desktop.learning.pipeline.runs import TrainingRun, begin_training, resume_training
from mile_desktop.learning.progress import Compared, PairedSoFar, Progress, RunEvent, Warned
from mile_desktop.learning.result import CancelCheck, TrainingCancelled
from mile_desktop.learning.settings import TrainingSettings, settings_from_json, settings_to_json
from mile_desktop.paths import bundled_demonstrations
from mile_desktop.registry.names import INITIAL
from mile_desktop.registry.policies import policy_folder
from mile_desktop.registry.scene_symmetry import SceneSymmetry, recorded_symmetry
from mile_desktop.scenes.catalogue import scene_info, scenes
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.generated_sets import generated_sets
from mile_desktop.storage.workspace import Workspace

FollowUp = Callable[[TrainedPolicy, Callable[[RunEvent], None], CancelCheck], None]

_BACKGROUND_NICENESS = 10
_OWN_SETTINGS = ("epochs", "batch", "seed")


def run(options: argparse.Namespace, report: Report) -> None:
    """Train, compare with ``--evaluate``, and report every event of the run."""
    if options.background:
        # Supervision runs beside it, and the control loop must not wait for training.
        psutil.Process().nice(_BACKGROUND_NICENESS)
    with opened_workspace(options, report, create=True) as workspace, cancelled_by_signals() as cancel:
        # Checked first, so that a mistyped scene fails at once and not after the training.
        simulated = _is_simulated(workspace, options.scene)
        run = _prepare(workspace, options)
        follow_up = None
        if options.evaluate > 0:
            follow_up = _comparison(workspace, options) if simulated else _no_comparison(options.scene)
        trained = run.run(
            cancelled=cancel.is_set,
            follow_up=follow_up,
            successes=successes_in(options.scene, cancel.is_set) if simulated else None,
            report=_reporter(report),
        )
    # None means cancelled: the run itself has already reported it to its log.
    if trained is None:
        raise CancelledError
    fields = {"policy": trained.record.policy_id, "method": trained.record.method, "loss": trained.loss}
    report.say(fields, f"Policy {trained.record.policy_id} ({trained.record.name}) is ready, loss {trained.loss:.4g}.")


def _is_simulated(workspace: Workspace, scene: str) -> bool:
    """Whether policies can be compared in simulation; raises ``UnknownSceneError`` for an unknown scene."""
    if Catalogue(workspace).policies(scene) and scene not in {info.name for info in scenes()}:
        return False  # the task of a robot
    scene_info(scene)
    return True


def _no_comparison(task: str) -> FollowUp:
    """Return a follow-up that reports why there is no comparison: a live robot never starts to move by itself."""

    def say(_: TrainedPolicy, report: Callable[[RunEvent], None], __: CancelCheck) -> None:
        text = f"{task} is a robot's task without a simulation: supervise the new policy to see how good it is."
        report(Warned(text=text))

    return say


def _prepare(workspace: Workspace, options: argparse.Namespace) -> TrainingRun:
    if options.resume:
        return resume_training(workspace, options.resume)
    parent = options.parent or Catalogue(workspace).promoted(options.scene) or INITIAL
    # Demonstrations stay in the training, so that a few takeovers do not make the policy forget the rest of the task.
    demonstrations = bundled_demonstrations(options.scene)
    settings = _settings(options)
    found = recorded_symmetry(workspace, options.scene) if settings.symmetry else SceneSymmetry()
    order = RunConfig(
        scene=options.scene,
        parent=str(policy_folder(workspace, options.scene, parent)),
        demonstrations=str(demonstrations) if demonstrations.is_dir() else None,
        settings=settings,
        left_out_takeovers=tuple(TakeoverPlace(*place) for place in options.leave_out),
        # Settled now, like the episodes: a set that is made during the training does not belong to it.
        generated=tuple(each.set_id for each in generated_sets(workspace, options.scene)) if options.generated else (),
        shifted=options.shifted,
        operator_names=tuple(dict.fromkeys(options.operator_name)),
        symmetry=found.symmetry,
        symmetry_refused=found.refused,
    )
    return begin_training(workspace, order, run_id=options.run_id)


def _settings(options: argparse.Namespace) -> TrainingSettings:
    try:
        named: Any = json.loads(options.settings)
    except json.JSONDecodeError as error:
        raise CommandError(f'--settings is not JSON ({error}); expected an object such as {{"epochs": 40}}.') from error
    if not isinstance(named, dict):
        raise CommandError(f'--settings is {named!r}; expected an object such as {{"epochs": 40}}.')
    own: Mapping[str, Any] = {name: value for name in _OWN_SETTINGS if (value := getattr(options, name)) is not None}
    # Later ones win: defaults of the method, then --settings, then the options of their own.
    return _checked_settings({**settings_to_json(TrainingSettings(method=options.method)), **named, **own})


def _checked_settings(values: dict[str, Any]) -> TrainingSettings:
    """Return the settings; raise ``CommandError`` for a value of another type, before its range is compared."""
    try:
        msgspec.convert(values, TrainingSettings)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, UserError):  # the right type, but out of range
            raise error.__cause__ from error
        raise CommandError(f"--settings has a value of the wrong type: {error}.") from error
    settings = settings_from_json(values)
    # Before hundreds of episodes are read: a name that is mistyped is known at once.
    method_info(settings.method)
    return settings


def _comparison(workspace: Workspace, options: argparse.Namespace) -> FollowUp:
    """Return the follow-up that compares a new policy with its parent on the same seeds."""
    first: int = options.evaluate
    episodes = max(first, options.evaluate_at_most)

    def compare(trained: TrainedPolicy, report: Callable[[RunEvent], None], cancelled: CancelCheck) -> None:
        done = 0

        def count(_: EpisodeResult) -> None:
            nonlocal done
            done += 1

        def say(paired: PairedSoFar) -> None:
            text = f"Evaluating before and after, episode {done} of at most {2 * episodes}"
            # An upper limit: the comparison ends as soon as the result is clear.
            report(Progress(stage="evaluation", fraction=done / (2 * episodes), text=text, paired=paired))

        try:
            compared = compare_policies(
                workspace,
                options.scene,
                # A policy without a parent started from the initial one.
                trained.record.parent_id or INITIAL,
                trained.record.policy_id,
                evaluation_seeds(episodes),
                first=first,
                workers=options.workers,
                callbacks=EvaluationCallbacks(count, cancelled, on_paired=say),
            )
        except EvaluationCancelledError as error:
            raise TrainingCancelled from error
        report(compared)

    return compare


def _reporter(report: Report) -> Callable[[RunEvent], None]:
    def say(event: RunEvent) -> None:
        fields = msgspec.to_builtins(event)
        match event:
            case Progress(text=text, fraction=fraction):
                report.step(fields, fraction, text, f"{fraction:4.0%}  {text}")
                return
            case Warned(text=text):
                words = f"Warning: {text}"
            case Compared(reason=reason, suggestion=suggestion):
                words = f"Suggestion: {suggestion}. {reason}"
            case _:
                words = ""
        report.say(fields, words)

    return say
