"""The stages of a run: data, policy, intervention model; and the removal of what an unfinished run left."""

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.data_selection import Selection, select_for_policy
from mile_desktop.learning.dataset import supervised_steps, usable_episodes
from mile_desktop.learning.methods import make_trainer
from mile_desktop.learning.pipeline.config import RunConfig
from mile_desktop.learning.pipeline.generated_data import generated_text, read_generated
from mile_desktop.learning.pipeline.intervention_stage import InterventionFit, fit_and_save
from mile_desktop.learning.progress import Progress, Trained, Warned
from mile_desktop.learning.result import CancelCheck, Report, TrainingCancelled, TrainingResult
from mile_desktop.learning.settings import TrainingSettings, settings_to_json
from mile_desktop.learning.takeover_trial import Successes, TakeoverTrial, train_tried
from mile_desktop.learning.trainer.epoch_loop import EpochTrainer
from mile_desktop.learning.trainer.initial_networks import device_problem
from mile_desktop.policies.checkpoint import (
    PolicyConfig,
    describe_network,
    load_mental_model,
    load_network,
    read_policy_config,
    save_policy,
)
from mile_desktop.policies.config import ZERO_METHOD
from mile_desktop.policies.model_folder import remove_leftovers
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode, read_episode_file
from mile_desktop.storage.errors import NameTakenError, UnknownRecordError
from mile_desktop.storage.ids import new_id, now
from mile_desktop.storage.records import (
    SCENE_VERSION,
    SHIFT,
    Episode,
    EpisodeRecord,
    InterventionModelRecord,
    PolicyRecord,
)
from mile_desktop.storage.scene_versions import same_version
from mile_desktop.storage.workspace import EPISODE_SUFFIX, Workspace

CHECKPOINT_FOLDER = "checkpoint"

_REPORT_EVERY = 50  # episodes: reading one takes milliseconds


@dataclass(frozen=True, slots=True)
class TrainedPolicy:
    """A policy that is saved and registered, and what it came from."""

    record: PolicyRecord
    folder: Path
    parent_folder: Path
    loss: float
    intervention_model: InterventionModelRecord | None


class TrainingPipeline:
    """Makes one policy for one run.

    Parameters
    ----------
    workspace : Workspace
        Where episodes come from and artefacts go.
    config : RunConfig
        What to do; its episodes are filled in.
    run_id : str
        The run it is for.
    successes : callable or None
        Tries a network in simulation; None where there is no simulation, so that takeovers are always imitated.
    """

    def __init__(
        self, workspace: Workspace, config: RunConfig, run_id: str, successes: Successes | None = None
    ) -> None:
        self._workspace = workspace
        self._catalogue = Catalogue(workspace)
        self._config = config
        self._run_id = run_id
        self._parent_folder = Path(config.parent)
        self._successes = successes
        self._folder = workspace.run_folder(run_id)
        # Folders that this run has begun. If it ends before they are registered, they are removed.
        self._unregistered: list[Path] = []
        self._unusable: frozenset[str] = frozenset()
        self._scene_version: dict[str, str] = {}
        self._generated = ""

    def make(self, report: Report, cancelled: CancelCheck) -> TrainedPolicy:
        """Train, save and register; ``TrainingCancelled`` when cancelled before the policy is registered."""
        for parent in ("policies", "interventions"):
            # Of earlier runs that were killed. This run has made nothing yet.
            remove_leftovers(self._workspace.folder / parent)
        self._report_symmetry(report)
        if problem := device_problem(self._config.settings.device):
            report(Warned(text=problem))
        steps, selection = self._read_data(report, cancelled)
        result, trial = self._train(selection.steps, report, cancelled)
        record = self._describe(result, selection, trial)
        # Before the policy is saved, so that a cancel in this stage leaves no policy behind.
        model = self._fit_intervention(steps, report, cancelled) if self._config.fit_intervention else None
        # The last moment: after the registration the policy can be in use.
        if cancelled():
            raise TrainingCancelled
        record, folder = self._save_and_register(result, record, model)
        # The checkpoint is not needed any more. Registered folders are not in the list.
        self.clear()
        report(
            Trained(
                policy=record.policy_id,
                method=record.method,
                loss=result.loss,
                intervention_model=None if model is None else model.model_id,
            )
        )
        return TrainedPolicy(record, folder, self._parent_folder, result.loss, model)

    def clear(self) -> None:
        """Remove whatever this run left that is not registered."""
        for folder in (*self._unregistered, *self._folder.glob(f"{CHECKPOINT_FOLDER}*")):
            shutil.rmtree(folder, ignore_errors=True)
        self._unregistered.clear()

    def _report_symmetry(self, report: Report) -> None:
        symmetry = self._config.symmetry
        if not symmetry.is_empty:
            report(Progress(stage="data", fraction=0.0, text=symmetry.text))
        for sentence in self._config.symmetry_refused:
            report(Warned(text=sentence))

    # ── data ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read_data(self, report: Report, cancelled: CancelCheck) -> tuple[SupervisedSteps, Selection]:
        """Return all steps, and those that the policy learns from."""
        names = self._of_one_version(report)
        paths = demonstration_files(self._config.demonstrations)
        total = max(1, len(names) + len(paths))
        done = 0

        def counted(read: Callable[[], Episode]) -> Episode:
            nonlocal done
            episode = read()
            done += 1
            # Between two episodes, because a slow disk can take minutes for hundreds of them.
            if cancelled():
                raise TrainingCancelled
            if done % _REPORT_EVERY == 0 or done == total:
                report(Progress(stage="data", fraction=done / total, text=f"Read {done} of {total} episodes"))
            return episode

        usable = usable_episodes(
            (name, partial(counted, partial(read_episode, self._workspace, name))) for name in names
        )
        self._unusable |= frozenset(usable.left_out)
        if usable.text:
            report(Warned(text=usable.text))
        demonstrations = [counted(partial(read_episode_file, path)) for path in paths]
        episodes = list(usable.episodes)
        # Only those of a person: the intervention model and its calibration are about the person.
        steps = supervised_steps(episodes, demonstrations)
        generated = read_generated(self._workspace, self._config.generated, self._scene_version, report)
        self._generated = generated_text(generated)
        learned = [*episodes, *generated]
        selection = select_for_policy(
            supervised_steps(learned, demonstrations) if generated else steps,
            learned,
            demonstrations,
            self._config.settings.left_out,
            self._config.left_out_takeovers,
        )
        if selection.text:
            report(Progress(stage="data", fraction=1.0, text=selection.text))
        return steps, selection

    def _of_one_version(self, report: Report) -> tuple[str, ...]:
        """Return the episodes that mean the same as the newest one; say how many are left out."""
        wanted = set(self._config.episode_ids or ())
        records = [each for each in self._catalogue.episodes(include_deleted=True) if each.episode_id in wanted]
        records = self._without_shifted(records, report)
        found = same_version(records)
        for text in found.texts:
            report(Warned(text=text))
        self._unusable |= frozenset(found.left_out)
        self._scene_version = found.version
        return tuple(each for each in self._config.episode_ids or () if each not in self._unusable)

    def _without_shifted(self, records: list[EpisodeRecord], report: Report) -> list[EpisodeRecord]:
        """Leave out what was recorded under a shift: such a robot is there to be tested on, unless a person says so."""
        shifted = [] if self._config.shifted else [each for each in records if SHIFT in each.start.extra]
        if shifted:
            count = f"{len(shifted)} episodes are" if len(shifted) > 1 else "1 episode is"
            text = "recorded under a shift. Tick “under a shift”, or use train --shifted, to learn from them."
            report(Warned(text=f"{count} left out: {text}"))
        gone = {each.episode_id for each in shifted}
        self._unusable = frozenset(gone)
        return [each for each in records if each.episode_id not in gone]

    def _train(
        self, steps: SupervisedSteps, report: Report, cancelled: CancelCheck
    ) -> tuple[TrainingResult, TakeoverTrial | None]:
        parent_id = read_policy_config(self._parent_folder).policy_id
        old = self._old_episode_ids(parent_id)

        def train(settings: TrainingSettings, number: int, said: Report) -> TrainingResult:
            trainer = run_trainer(msgspec.structs.replace(self._config, settings=settings), steps, old)
            return trainer.run(report=said, cancelled=cancelled, checkpoint=self._checkpoint(number))

        settings = self._config.settings
        if self._successes is None:
            return train(settings, 0, report), None
        return train_tried(steps, settings, train, self._successes, report)

    def _checkpoint(self, number: int) -> Path:
        """Return the folder in which the training of the candidate ``number`` can be continued."""
        return self._folder / (f"{CHECKPOINT_FOLDER}-{number}" if number else CHECKPOINT_FOLDER)

    def _old_episode_ids(self, parent_id: str) -> tuple[str, ...]:
        """Return what the parent learned from; a bundled one is not in the catalogue and knows demonstrations only."""
        try:
            return self._catalogue.policy(parent_id).episode_ids
        except UnknownRecordError:
            return ()

    # ── artefacts ────────────────────────────────────────────────────────────────────────────────────────────────

    def _describe(self, result: TrainingResult, selection: Selection, trial: TakeoverTrial | None) -> PolicyRecord:
        threshold = result.threshold
        learned = {
            "best_epoch": result.best_epoch,
            "forgetting": result.forgetting,
            "cost": threshold.cost if threshold else None,
            "cdf_scale": threshold.cdf_scale if threshold else None,
            "calibrated": result.calibrated,
            "loss": result.loss,
            "held_out_error": result.held_out_error,
            "symmetry": self._config.symmetry.text,
            SCENE_VERSION: self._scene_version,
            "left_out": selection.text,
            "takeover_trial": "" if trial is None else trial.text,
            "generated": self._generated,
            "generated_sets": list(self._config.generated),
            "operators": ", ".join(self._config.operator_names),
        }
        return PolicyRecord(
            policy_id=new_id("policy"),
            scene=self._config.scene,
            name=self._catalogue.next_policy_name(self._config.scene),
            method=self._config.settings.method,
            parent_id=read_policy_config(self._parent_folder).policy_id,
            run_id=self._run_id,
            created_at=now(),
            # Those of the candidate that was kept: the policy is described by what it does.
            settings={**settings_to_json(trial.settings if trial else self._config.settings), "learned": learned},
            episode_ids=tuple(each for each in self._config.episode_ids or () if each not in self._unusable),
        )

    def _save_policy(self, result: TrainingResult, record: PolicyRecord) -> Path:
        folder = self._workspace.policy_folder(record.policy_id)
        config = PolicyConfig(
            policy_id=record.policy_id,
            scene=record.scene,
            name=record.name,
            method=record.method,
            parent_id=record.parent_id,
            created_at=record.created_at,
            settings=record.settings,
            **describe_network(result.network),
        )
        if folder not in self._unregistered:
            self._unregistered.append(folder)
        save_policy(folder, result.network, config, mental=result.mental, replace=True)
        return folder

    def _fit_intervention(
        self, steps: SupervisedSteps, report: Report, cancelled: CancelCheck
    ) -> InterventionModelRecord | None:
        model_id = new_id("intervention")
        folder = self._workspace.intervention_folder(model_id)
        self._unregistered.append(folder)
        supervised = read_policy_config(self._parent_folder)
        wanted = InterventionFit(
            model_id=model_id,
            scene=self._config.scene,
            policy_id=supervised.policy_id,
            run_id=self._run_id,
            folder=folder,
            actions=supervised.network,
            symmetry=self._config.symmetry,
        )
        return fit_and_save(steps, self._config.settings, wanted, report=report, cancelled=cancelled)

    def _save_and_register(
        self, result: TrainingResult, record: PolicyRecord, model: InterventionModelRecord | None
    ) -> tuple[PolicyRecord, Path]:
        """Save the policy and enter both into the catalogue; what is entered is not taken back any more.

        Another training may have taken the name since it was chosen: then the policy is saved again under the next.
        """
        if model is not None:
            self._catalogue.add_intervention_model(model)
            self._unregistered.remove(self._workspace.intervention_folder(model.model_id))
        # The policy comes last: killed in between, there is no policy in the list whose model is missing.
        while True:
            folder = self._save_policy(result, record)
            try:
                self._catalogue.add_named_policy(record)
            except NameTakenError:
                record = replace(record, name=self._catalogue.next_policy_name(record.scene))
                continue
            self._unregistered.remove(folder)
            return record, folder


def run_trainer(config: RunConfig, steps: SupervisedSteps, old_episode_ids: Collection[str] = ()) -> EpochTrainer:
    """Return the trainer of the run that ``config`` describes, on ``steps``; raises what ``make_trainer`` raises."""
    parent = Path(config.parent)
    network, described = load_network(parent)
    start = None if described.method == ZERO_METHOD else network  # its weights are zero: nothing to continue from
    return make_trainer(
        steps,
        config.settings,
        start=start,
        mental=load_mental_model(parent),
        old_episode_ids=old_episode_ids,
        symmetry=config.symmetry,
    )


def demonstration_files(folder: str | None) -> list[Path]:
    """Return the demonstrations in ``folder``, in the order in which they are read."""
    return [] if folder is None else sorted(Path(folder).glob(f"*{EPISODE_SUFFIX}"))
