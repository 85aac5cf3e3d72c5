"""``mile-desktop bundle``: make the files that ship with the program for a scene.

Demonstrations by the scripted expert, the mediocre initial policy that imitates them, and the intervention model fitted
to a simulated supervisor who watched it.
"""

import argparse
import hashlib
import shutil
import tempfile
from pathlib import Path

from mile_desktop.commands.command import Report
from mile_desktop.evaluation.evaluate import evaluate, evaluation_seeds
from mile_desktop.evaluation.statistics import wilson_interval
from mile_desktop.intervention.fit import FitSettings, fit_intervention_model
from mile_desktop.intervention.forecast_fit import fit_forecast
from mile_desktop.intervention.model import load_intervention_model, save_intervention_model
from mile_desktop.intervention.model_config import HeldOutScore
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.settings import TrainingSettings, settings_to_json
from mile_desktop.learning.trainer.initial_networks import new_network
from mile_desktop.learning.trainer.trainer import Trainer
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.operators.operator import Expert, Operator, OperatorContext, OperatorReading
from mile_desktop.operators.supervisors import make_supervisor
from mile_desktop.paths import SIM_SCENES, bundle_folder
from mile_desktop.policies.checkpoint import PolicyConfig, PolicyNetwork, describe_network, load_policy, save_policy
from mile_desktop.registry.bundled import POLICY_FOLDER
from mile_desktop.registry.intervention_models import INTERVENTION_FOLDER
from mile_desktop.registry.names import EXPERT
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.headless import roll_out
from mile_desktop.rollout.messages import LoadSession
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.catalogue import scene_info, scenes
from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.scene_file import read_head
from mile_desktop.storage.episodes import read_episode_file, write_recording
from mile_desktop.storage.records import Episode

FIRST_DEMONSTRATION_SEED = 500_000
"""Demonstrations have starts that no recorded and no evaluated episode has."""

FIRST_SUPERVISED_SEED = 600_000
"""The episodes of the shipped intervention model have starts of their own, too."""

FIRST_UNATTENDED_SEED = 640_000
"""And so have those that nobody watches, from which the shipped forecast learns how attempts end."""


class Demonstrator:
    """Drives from the first step to the last, as the expert would."""

    kind = "demonstration"
    device = "scripted expert"
    instruction = ""

    def __init__(self, expert: Expert) -> None:
        self._expert = expert

    def reset(self, seed: int) -> None:
        """Begin a new episode; the expert keeps nothing of the last one."""

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Take over, whatever is proposed."""
        return OperatorReading(takeover=True, action=self._expert(context.observation))

    def close(self) -> None:
        """Release nothing."""


def run(options: argparse.Namespace, report: Report) -> None:
    """Make the bundled files of one scene, or of all."""
    shipped = [info.name for info in scenes() if info.folder.parent == SIM_SCENES]
    for scene in shipped if options.all else [options.scene]:
        report.say({"scene": scene}, f"{scene}:")
        _bundle(scene, options, report)


def _bundle(scene: str, options: argparse.Namespace, report: Report) -> None:
    # The scene's description says how its files were made, so that anyone can make them again.
    asked = read_head(scene_info(scene).folder).bundle
    models = options.into / "models" / scene if options.into else bundle_folder(scene, "models")
    demonstrations = options.into / "demonstrations" / scene if options.into else bundle_folder(scene, "demonstrations")
    watched, alone = options.supervised or asked.supervised, options.unattended or asked.unattended
    if options.forecast_only:
        _refit(scene, models, demonstrations, (watched, alone), report)
        return
    if not options.keep_policy:
        _begin(scene, models, demonstrations, options, report)
    _watch(scene, models, demonstrations, (watched, alone), report)
    report.say({"models": str(models), "demonstrations_folder": str(demonstrations)}, f"The bundle is in {models}.")


def _begin(scene: str, models: Path, demonstrations: Path, options: argparse.Namespace, report: Report) -> None:
    """Make the demonstrations and the policy that imitates them."""
    asked = read_head(scene_info(scene).folder).bundle
    episodes = options.demonstrations or asked.demonstrations
    _demonstrate(scene, episodes, demonstrations)
    report.say({"demonstrations": episodes}, f"{episodes} demonstrations.")
    settings = TrainingSettings(
        method="bc",
        epochs=asked.epochs if options.epochs is None else options.epochs,
        learning_rate=1e-3,
        held_out=asked.held_out,
        seed=asked.seed,
        hidden=asked.hidden,
        networks=1,  # as every bundle that ships was made
    )
    _imitate(scene, demonstrations, models / POLICY_FOLDER, settings)
    _say_success(scene, models / POLICY_FOLDER, options.evaluate, report)


def _demonstrate(scene: str, episodes: int, folder: Path) -> None:
    demonstrator: Operator = Demonstrator(load_expert(scene))
    # A workspace of its own: these episodes must never appear among the episodes of a person.
    with tempfile.TemporaryDirectory() as workspace:
        plan = LoadSession(workspace=workspace, scene=scene, policy=EXPERT, seed=FIRST_DEMONSTRATION_SEED)
        closed = roll_out(plan, demonstrator, episodes, clock=SimulatedClock())
        # Removed only now, when every episode is recorded: an interrupted run leaves the old files. Old ones must not
        # stay, because there may be fewer new ones.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, episode in enumerate(closed):
            recording = read_episode_file(Path(workspace, "episodes", f"{episode.episode_id}.parquet"))
            # Numbered instead of the episode's id, which is different each time: the file names stay the same in the
            # repository. Written again, without the names of the scene's entries: the scene lies beside it, and of a
            # short demonstration with 156 named entries they are a fourth of the file.
            write_recording(folder / f"{number:03}.parquet", recording, small=True)


def _imitate(scene: str, demonstrations: Path, folder: Path, settings: TrainingSettings) -> None:
    episodes = [read_episode_file(path) for path in sorted(demonstrations.glob("*.parquet"))]
    steps = supervised_steps([], episodes)
    # There is no parent yet: training starts from random weights.
    fresh = new_network(steps, settings, discrete=bool(scene_info(scene).choices))
    result = Trainer(steps, settings, start=fresh).run()
    config = PolicyConfig(
        policy_id=f"{scene}-initial-{_fingerprint(result.network)}",
        scene=scene,
        name="v0",
        method="bc",
        settings=settings_to_json(settings),
        **describe_network(result.network),
    )
    save_policy(folder, result.network, config, replace=True)


def _fingerprint(network: PolicyNetwork) -> str:
    """Return eight characters that stand for the weights: another bundled policy gets another id."""
    digest = hashlib.sha256()
    for tensor in network.state_dict().values():
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:8]


def _watched(scene: str, models: Path, episodes: int) -> list[Episode]:
    """Record a simulated supervisor of the initial policy."""
    # This supervisor keeps the control for a while, as a person does; the other one decides at every step.
    return _recorded(scene, models, make_supervisor("segment", load_expert(scene)), FIRST_SUPERVISED_SEED, episodes)


def _unattended(scene: str, models: Path, episodes: int) -> list[Episode]:
    """Record the initial policy alone."""
    return _recorded(scene, models, NoOperator(), FIRST_UNATTENDED_SEED, episodes)


def _recorded(scene: str, models: Path, operator: Operator, first_seed: int, episodes: int) -> list[Episode]:
    with tempfile.TemporaryDirectory() as folder:
        plan = LoadSession(
            workspace=folder, scene=scene, policy=str(models / POLICY_FOLDER), seed=first_seed, gamepad=False
        )
        closed = roll_out(plan, operator, episodes, clock=SimulatedClock())
        return [read_episode_file(Path(folder, "episodes", f"{episode.episode_id}.parquet")) for episode in closed]


def _anchors(demonstrations: Path) -> list[Episode]:
    """Return the demonstrations: recorded episodes contain the human's action only where the human drove."""
    return [read_episode_file(path) for path in sorted(demonstrations.glob("*.parquet"))]


def _refit(scene: str, models: Path, demonstrations: Path, episodes: tuple[int, int], report: Report) -> None:
    """Fit the forecast again, and leave policy and intervention model as they are."""
    folder = models / INTERVENTION_FOLDER
    model = load_intervention_model(folder)
    recorded = [*_watched(scene, models, episodes[0]), *_unattended(scene, models, episodes[1])]
    forecast = fit_forecast(model, supervised_steps(recorded, _anchors(demonstrations)), shipped=True)
    save_intervention_model(folder, model.with_forecast(forecast), replace=True)
    score = None if forecast is None else forecast.config.score
    text = "No forecast." if score is None else f"Forecast: AUROC {score.auroc:.3f} on {score.steps} steps held back."
    report.say({"auroc": None if score is None else score.auroc}, text)


def _watch(scene: str, models: Path, demonstrations: Path, episodes: tuple[int, int], report: Report) -> None:
    """Fit the intervention model to a simulated supervisor of the initial policy, and to how it ends alone."""
    recorded, anchors = _watched(scene, models, episodes[0]), _anchors(demonstrations)
    asked = read_head(scene_info(scene).folder).bundle
    fitted = fit_intervention_model(
        supervised_steps(recorded, anchors),
        FitSettings(
            actions="categorical" if scene_info(scene).choices else "gaussian",
            members=asked.members,
            hidden=asked.member_hidden,
        ),
        model_id=f"{scene}-shipped",
        scene=scene,
        policy_id=load_policy(models / POLICY_FOLDER).policy_id,
        shipped=True,
        unattended=supervised_steps([*recorded, *_unattended(scene, models, episodes[1])], anchors),
    )
    save_intervention_model(models / INTERVENTION_FOLDER, fitted.model, replace=True)
    config = fitted.model.config
    fields = {
        "intervention_model": config.model_id,
        "cost": config.cost,
        "cdf_scale": config.cdf_scale,
        "takeovers": sum(episode.record.takeovers for episode in recorded),
        "auroc": config.score.auroc if config.score else None,
    }
    report.say(
        fields, f"Intervention model: cost {config.cost:.3g}, scale {config.cdf_scale:.3g}; {_quality(config.score)}."
    )


def _quality(score: HeldOutScore | None) -> str:
    if score is None:
        return "too few episodes to hold any back and score it"
    brier = f"Brier score {score.brier:.3f} against {score.brier_constant:.3f} of a constant"
    return f"AUROC {score.auroc:.3f}, {brier}, on {score.steps} steps held back"


def _say_success(scene: str, folder: Path, episodes: int, report: Report) -> None:
    driven = GymScene.make(scene)
    policy = load_policy(folder)
    # The seeds kept for evaluation, so that the number can be compared with every later evaluation.
    results = evaluate(driven, policy, evaluation_seeds(episodes))
    driven.close()
    successes = sum(result.success for result in results)
    interval = wilson_interval(successes, episodes)
    fields: dict[str, object] = {
        "policy": policy.policy_id,
        "episodes": episodes,
        "successes": successes,
        "interval": list(interval),
    }
    mean_return = sum(result.total_reward for result in results) / episodes
    fields["mean_return"] = mean_return
    report.say(fields, f"The initial policy succeeds in {successes} of {episodes}, mean return {mean_return:.3g}.")
