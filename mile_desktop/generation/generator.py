"""Generates episodes into a workspace: gate, randomised scenes, the learned human, and a run in the lineage."""

from collections.abc import Callable
from dataclasses import dataclass

from mile_desktop.errors import UserError
from mile_desktop.generation.episode_collection import collect
from mile_desktop.generation.gate import GateError, GateResult, check_gate
from mile_desktop.generation.learned_human import LearnedHuman
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.policies.policy import Policy
from mile_desktop.registry.intervention_models import model_in_use
from mile_desktop.registry.names import EXPERT, INITIAL
from mile_desktop.registry.policies import load_named_policy
from mile_desktop.registry.recorded_steps import recorded_steps
from mile_desktop.rollout.headless import RolloutHeldError
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.catalogue import SceneInfo, scene_info
from mile_desktop.scenes.shift import Shift
from mile_desktop.scenes.version import scene_version
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.generated_sets import GENERATED, GeneratedSet, write_set
from mile_desktop.storage.ids import new_id, now
from mile_desktop.storage.records import SCENE_VERSION, SHIFT_RANGES, Episode, RunRecord
from mile_desktop.storage.run_owner import write_run_owner
from mile_desktop.storage.workspace import Workspace

METHOD = "generate"
"""Method of the run in the catalogue."""
FIRST_SEED = 5_000_000
"""Starts of generated episodes: recorded ones begin at 0, evaluations at 1,000,000."""
SEEDS_A_SET = 10_000

Report = Callable[[float, str], None]
CancelCheck = Callable[[], bool]


class GenerationCancelled(Exception):  # noqa: N818 - a request, no error
    """It was cancelled; nothing was kept."""


class NothingKeptError(UserError):
    """No generated episode ended in success."""


@dataclass(frozen=True, slots=True)
class GenerationOrder:
    """What to generate."""

    scene: str
    episodes: int
    randomisation: Shift
    policy: str = ""
    """Id or folder of the policy to supervise; empty: the promoted one."""
    model: str = ""
    """Id or folder of the intervention model; empty: the one in use."""
    seed: int | None = None
    """Number of the block of starts; None: one that no set of the scene has used."""
    run_id: str = ""


def generate(
    workspace: Workspace, order: GenerationOrder, *, report: Report, cancelled: CancelCheck = lambda: False
) -> tuple[GeneratedSet, GateResult]:
    """Check the learned human, generate, and keep the episodes that ended in success.

    Raises
    ------
    GateError
        The learned human may not supervise; nothing is registered.
    GenerationCancelled
        ``cancelled`` returned True; nothing is kept but the row of the run.
    ScoreError, InterventionModelError, UnknownPolicyError, UnknownSceneError, WorkspaceError
        A part is missing or cannot be read.
    """
    catalogue = Catalogue(workspace)
    reference = order.policy or catalogue.promoted(order.scene) or INITIAL
    if reference == EXPERT:
        raise GateError("Nothing is generated: the expert needs no supervision; name a policy.")
    info = scene_info(order.scene)
    report(0.0, "Checking the learned human on recorded takeovers")
    model = model_in_use(workspace, order.scene, order.model)
    gate = checked_gate(workspace, order.scene, model, report)
    driven = GymScene.make(order.scene, order.randomisation)
    try:
        policy = load_named_policy(workspace, order.scene, reference, driven).policy
        model.expect(driven.observation_size, driven.action_size)
        run_id = order.run_id or new_id("run")
        folder = workspace.run_folder(run_id)
        folder.mkdir(parents=True, exist_ok=True)
        # Before the row: a window that finds a running row looks for its process.
        write_run_owner(folder)
        catalogue.add_run(
            RunRecord(
                run_id=run_id,
                scene=order.scene,
                method=METHOD,
                parent_policy_id=policy.policy_id,
                state="running",
                created_at=now(),
            )
        )
        made = _Generation(workspace, order, run_id, info, driven, policy, model)
        return made.run(report, cancelled), gate
    finally:
        driven.close()


def checked_gate(workspace: Workspace, scene: str, model: InterventionModel, report: Report) -> GateResult:
    """Return the comparison on the recorded takeovers; raises ``GateError`` where it forbids generation."""
    if model.config.takeovers == 0:
        raise GateError(
            "Nothing is generated: the intervention model is the one that came with the program, which has learned "
            "nothing from you. Take over a few times, then retrain."
        )
    recorded = recorded_steps(workspace, scene)
    for note in recorded.notes:
        report(0.0, note)
    gate = check_gate(model, recorded.steps)
    if gate.refused:
        raise GateError(gate.refused)
    return gate


@dataclass(frozen=True, slots=True)
class _Generation:
    """One run, from its row in the catalogue to its set."""

    workspace: Workspace
    order: GenerationOrder
    run_id: str
    info: SceneInfo
    driven: GymScene
    policy: Policy
    model: InterventionModel

    def run(self, report: Report, cancelled: CancelCheck) -> GeneratedSet:
        catalogue = Catalogue(self.workspace)
        try:
            episodes = self._episodes(report, cancelled)
            if not episodes:
                raise NothingKeptError(
                    f"None of {self.order.episodes} generated episodes ended in success, so nothing is kept. Narrow "
                    "the ranges of --randomise, or take over more often and retrain."
                )
            described = self._described(episodes)
            write_set(self.workspace, described, episodes)
        except GenerationCancelled:
            catalogue.set_run_state(self.run_id, "cancelled")
            raise
        except Exception as error:
            catalogue.set_run_state(self.run_id, "failed", message=str(error) or type(error).__name__)
            raise
        text = f"{described.episodes} of {described.tried} generated episodes kept."
        catalogue.set_run_state(self.run_id, "finished", message=text)
        return described

    def _episodes(self, report: Report, cancelled: CancelCheck) -> tuple[Episode, ...]:
        human = LearnedHuman(self.model)
        notes = {
            GENERATED: self.run_id,
            "randomisation": self.order.randomisation.label,
            # With the seed they give the scene of the episode again, also when the file of the ranges has changed.
            SHIFT_RANGES: dict(self.order.randomisation.ranges),
            SCENE_VERSION: scene_version(self.order.scene, self.driven.observation_labels),
        }
        kept: list[Episode] = []
        for number in range(self.order.episodes):
            report(number / self.order.episodes, f"Episode {number + 1} of {self.order.episodes}")
            try:
                made = collect(
                    self.driven, self.info, self.policy, human,
                    first_seed=self._first_seed + number, episodes=1, notes=notes, cancelled=cancelled,
                )  # fmt: skip
            # A scene that fails under extreme values costs one episode and not the set.
            except RolloutHeldError:
                made = ()
            if cancelled():
                raise GenerationCancelled
            # Where the learned human did not bring the robot to its goal, its silence cannot mean "good enough".
            kept.extend(each for each in made if each.record.outcome == "success")
        return tuple(kept)

    @property
    def _first_seed(self) -> int:
        block = self.order.seed
        if block is None:
            block = len(Catalogue(self.workspace).runs(self.order.scene))
        return FIRST_SEED + block * SEEDS_A_SET

    def _described(self, episodes: tuple[Episode, ...]) -> GeneratedSet:
        records = [each.record for each in episodes]
        return GeneratedSet(
            set_id=self.run_id,
            scene=self.order.scene,
            policy_id=self.policy.policy_id,
            model_id=self.model.config.model_id,
            randomisation=self.order.randomisation.label,
            created_at=now(),
            first_seed=self._first_seed,
            tried=self.order.episodes,
            episodes=len(records),
            steps=sum(each.steps for each in records),
            takeovers=sum(each.takeovers for each in records),
            corrected_steps=sum(each.human_steps for each in records),
        )
