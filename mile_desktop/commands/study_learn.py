"""``mile-desktop study learn``: retrains a participant's policy between two rounds of a block; the window starts it."""

import argparse

from mile_desktop.commands.command import CancelledError, CommandError, Report
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.learning.pipeline.config import RunConfig
from mile_desktop.learning.pipeline.runs import begin_training
from mile_desktop.learning.progress import Progress, RunEvent
from mile_desktop.learning.settings import TrainingSettings, settings_from_json, settings_to_json
from mile_desktop.paths import bundled_demonstrations
from mile_desktop.privacy import share_like
from mile_desktop.registry.policies import policy_folder
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.session import ParticipantSession


def run(options: argparse.Namespace, report: Report) -> None:
    """Train with the method of the condition on the participant's episodes of this block alone."""
    study = StudyFolder(options.folder)
    session = ParticipantSession(study, options.code)
    step = session.step
    if step is None or step.kind != "training":
        raise CommandError(f"The session of {options.code} is not at a retraining, so nothing is trained.")
    method = session.condition_of(step).method
    mine = tuple(
        each.episode_id for each in session.participant.episodes if each.step.startswith(f"b{step.block + 1}-e")
    )
    demonstrations = bundled_demonstrations(step.scene)
    values = settings_to_json(TrainingSettings(method=method))
    if options.epochs:
        values["epochs"] = options.epochs
    share_like(study.folder)
    with Workspace.open(study.folder, create=False) as workspace, cancelled_by_signals() as cancel:
        # Nothing of other participants or other conditions: their corrections must not help this one.
        order = RunConfig(
            scene=step.scene,
            parent=str(policy_folder(workspace, step.scene, session.policy_of(step))),
            demonstrations=str(demonstrations) if demonstrations.is_dir() else None,
            episode_ids=mine,
            settings=settings_from_json(values),
            fit_intervention=False,
        )

        def say(event: RunEvent) -> None:
            if isinstance(event, Progress):
                report.progress(event.fraction, event.text)

        trained = begin_training(workspace, order).run(cancelled=cancel.is_set, report=say)
    if trained is None:
        raise CancelledError
    fields = {"participant": options.code, "step": step.key, "policy": trained.record.policy_id, "method": method}
    report.say(fields, f"{options.code}: {trained.record.policy_id} was trained by {method} on {len(mine)} episodes.")


ACTIONS = {"learn": run}
