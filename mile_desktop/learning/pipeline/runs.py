"""A training run from the episodes of a workspace to a registered policy with its intervention model."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import torch

from mile_desktop.learning.operator_choice import of_operators
from mile_desktop.learning.pipeline.config import RunConfig, read_run_config, write_run_config
from mile_desktop.learning.pipeline.policy_pipeline import TrainedPolicy, TrainingPipeline
from mile_desktop.learning.progress import Cancelled, Failed, Finished, RunEvent, StagedReport
from mile_desktop.learning.result import CancelCheck, Report, TrainingCancelled
from mile_desktop.learning.run_log import RunLog
from mile_desktop.learning.takeover_trial import Successes
from mile_desktop.policies.config import read_policy_config
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.ids import new_id, now
from mile_desktop.storage.records import RunRecord
from mile_desktop.storage.run_owner import write_run_owner
from mile_desktop.storage.workspace import Workspace

FollowUp = Callable[[TrainedPolicy, Callable[[RunEvent], None], CancelCheck], None]
"""What is done once the policy is registered (its evaluation): reports ``Progress`` of stage ``evaluation`` with its
own fraction, and ``Compared``. Raises ``TrainingCancelled`` when it is cancelled."""


def begin_training(workspace: Workspace, config: RunConfig, *, run_id: str | None = None) -> "TrainingRun":
    """Register a new run and settle which episodes it learns from.

    Raises
    ------
    PolicyFileError
        When the parent cannot be read; nothing is registered then.
    UnknownOperatorError
        When a chosen person operated no episode of the scene; likewise.
    """
    parent = read_policy_config(Path(config.parent))
    catalogue = Catalogue(workspace)
    # Settled now: episodes that are recorded during the training do not belong to it, and a resumed run learns from the
    # same.
    if config.episode_ids is None:
        chosen = of_operators(catalogue.episodes(config.scene), config.operator_names)
        episode_ids = tuple(record.episode_id for record in chosen)
        config = msgspec.structs.replace(config, episode_ids=episode_ids)
    identity = run_id or new_id("run")
    run = TrainingRun(workspace, config, identity)
    run.folder.mkdir(parents=True, exist_ok=True)
    # The description before the row: a run in the list can always be resumed.
    write_run_config(run.folder, config)
    # Before the row as well: a window that finds a running row looks for its process.
    write_run_owner(run.folder)
    catalogue.add_run(
        RunRecord(
            run_id=identity,
            scene=config.scene,
            method=config.settings.method,
            parent_policy_id=parent.policy_id,
            state="running",
            created_at=now(),
        )
    )
    return run


def resume_training(workspace: Workspace, run_id: str) -> "TrainingRun":
    """Continue a run whose process ended early, from its checkpoint where it has one.

    Raises
    ------
    RunConfigError
        When the run's description is unreadable.
    UnknownRecordError
        When there is no such run.
    """
    config = read_run_config(workspace.run_folder(run_id))
    write_run_owner(workspace.run_folder(run_id))
    Catalogue(workspace).set_run_state(run_id, "running")
    return TrainingRun(workspace, config, run_id)


class TrainingRun:
    """One run in its folder ``runs/<id>``; made by ``begin_training`` or ``resume_training``, used by one thread.

    Parameters
    ----------
    workspace : Workspace
        Open workspace; only its catalogue and folders are touched.
    config : TrainingOrder
        What to do, its episodes settled.
    run_id : str
        Id of the run, also the name of its folder.
    """

    def __init__(self, workspace: Workspace, config: RunConfig, run_id: str) -> None:
        self._workspace = workspace
        self._catalogue = Catalogue(workspace)
        self._config = config
        self._run_id = run_id

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self._run_id

    @property
    def folder(self) -> Path:
        """``runs/<id>`` of the workspace."""
        return self._workspace.run_folder(self._run_id)

    def run(
        self,
        *,
        cancelled: CancelCheck = lambda: False,
        follow_up: FollowUp | None = None,
        successes: Successes | None = None,
        report: Report = lambda _: None,
    ) -> TrainedPolicy | None:
        """Train, register, follow up; all of it is in the run's log.

        Parameters
        ----------
        cancelled : callable
            Asked before every minibatch. Cancelled before the policy is registered, nothing remains of the run but
            its log and its row; cancelled during the follow-up, the policy stays, without a comparison.
        follow_up, successes : callable or None
            See ``FollowUp`` and ``TrainingPipeline``.
        report : callable
            Gets every event that is written to the log, too.

        Returns
        -------
        TrainedPolicy or None
            None when cancelled.

        Raises
        ------
        Exception
            Whatever made the run fail, after it was written to the log and the catalogue.
        """
        with RunLog(self.folder) as log, _threads(self._config.settings.threads):
            staged = StagedReport(_both(log.event, report), left_out=self._left_out(follow_up))
            pipeline = TrainingPipeline(self._workspace, self._config, self._run_id, successes)
            try:
                trained = pipeline.make(staged, cancelled)
            except TrainingCancelled:
                pipeline.clear()
                self._catalogue.set_run_state(self._run_id, "cancelled")
                staged(Cancelled())
                return None
            except Exception as error:
                pipeline.clear()
                self._fail(error, staged)
                raise
            self._follow(follow_up, trained, staged, cancelled)
            return trained

    def _follow(
        self, follow_up: FollowUp | None, trained: TrainedPolicy, report: Report, cancelled: CancelCheck
    ) -> None:
        policy_id, message = trained.record.policy_id, ""
        try:
            if follow_up is not None:
                follow_up(trained, report, cancelled)
        except TrainingCancelled:
            message = "The comparison was cancelled; the policy was kept."
        except Exception as error:
            # The policy is registered already: only its comparison has failed.
            self._fail(error, report, policy_id)
            raise
        self._catalogue.set_run_state(self._run_id, "finished", policy_id=policy_id, message=message)
        report(Finished(policy=policy_id, method=trained.record.method, loss=trained.loss))

    def _fail(self, error: Exception, report: Report, policy_id: str | None = None) -> None:
        # Some exceptions have no text, and an empty message is no help.
        text = str(error) or type(error).__name__
        self._catalogue.set_run_state(self._run_id, "failed", policy_id=policy_id, message=text)
        report(Failed(text=text))

    def _left_out(self, follow_up: FollowUp | None) -> tuple[str, ...]:
        stages = (("intervention", self._config.fit_intervention), ("evaluation", follow_up is not None))
        return tuple(stage for stage, wanted in stages if not wanted)


def _both(first: Report, second: Report) -> Report:
    def both(event: RunEvent) -> None:
        first(event)
        second(event)

    return both


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Use ``count`` processor threads; supervision runs at the same time and needs the rest."""
    # The setting is one for the process; tests and commands run several trainings in one.
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
