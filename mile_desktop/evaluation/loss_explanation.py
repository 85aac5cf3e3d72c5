"""Why a retrained policy got worse: it is trained again without one thing at a time, and evaluated on the same starts.

With 20 starts and several suspects the best one looks good by chance, so it has to be better on fresh starts, too. The
same data with another seed are always among the suspects: between two trainings on the same data success differs by a
standard deviation of .10.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from mile_desktop.errors import UserError
from mile_desktop.evaluation.evaluate import EvaluationCancelledError, evaluate, evaluation_seeds
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.data_hygiene import HygieneReport, TakeoverPlace, is_demonstration, runs
from mile_desktop.learning.data_selection import select_for_policy
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.pipeline.config import RunConfig, read_run_config
from mile_desktop.learning.pipeline.policy_pipeline import demonstration_files, run_trainer
from mile_desktop.learning.result import TrainingCancelled
from mile_desktop.learning.step_problem import PROBLEMS, StepProblem
from mile_desktop.policies.checkpoint import PolicyNetwork, load_network
from mile_desktop.policies.torch_policy import as_policy
from mile_desktop.rollout.scene import GymScene
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode, read_episode_file
from mile_desktop.storage.records import Episode
from mile_desktop.storage.workspace import Workspace

MOST_TAKEOVERS = 8
"""Suspected at most, the longest first: each costs a training and an evaluation, some 10 to 30 s."""
LEAST_GAIN = 0.15
"""In success, on the first starts: 3 of 20."""


class ExplanationError(UserError):
    """A policy's training cannot be repeated; the message says why."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One change of the training."""

    title: str
    """After "without": ``the takeover at step 57 of episode ep-1``; the control has its own sentence."""
    takeovers: tuple[TakeoverPlace, ...] = ()
    problems: tuple[StepProblem, ...] = ()
    seed: int | None = None
    """The control: the same data with this seed."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A suspect and the success of the policy that was trained without it."""

    suspect: Suspect
    successes: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was found."""

    text: str
    """For people."""
    remedy: Suspect | None
    """The change to retrain with; None where none helps."""
    tried: tuple[Tried, ...]


Progress = Callable[[float, str], None]
"""Share that is done, in [0, 1], and what is done now."""


@dataclass(frozen=True, slots=True)
class _Data:
    """What the policy was trained on."""

    config: RunConfig
    episodes: tuple[Episode, ...]
    demonstrations: tuple[Episode, ...]
    steps: SupervisedSteps


def explain_loss(
    workspace: Workspace,
    policy_id: str,
    *,
    starts: int = 20,
    report: Progress = lambda _share, _text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Explanation:
    """Find what in the data made the policy ``policy_id`` worse.

    Parameters
    ----------
    starts
        Fixed starts of each evaluation; the fresh ones come after them.

    Raises
    ------
    UnknownRecordError
        There is no such policy.
    ExplanationError
        It was not trained here, or without a takeover that its parent did not know.
    EvaluationCancelledError
        ``cancelled`` returned True; nothing was changed.
    """
    data = _data_of(workspace, policy_id)
    suspects = find_suspects(data.config, data.episodes, data.demonstrations, _known_before(workspace, policy_id))
    network, _ = load_network(workspace.policy_folder(policy_id))
    first, fresh = evaluation_seeds(2 * starts)[:starts], evaluation_seeds(2 * starts)[starts:]
    scene = GymScene.make(data.config.scene)

    def success(policy: PolicyNetwork, seeds: Sequence[int]) -> int:
        return sum(each.success for each in evaluate(scene, as_policy(policy, "suspect"), seeds, cancelled=cancelled))

    try:
        report(0.0, "Evaluating the new policy")
        now = success(network, first), success(network, fresh)
        tried, networks = [], []
        for number, suspect in enumerate(suspects):
            report((number + 0.5) / (len(suspects) + 1), f"Training {_how(suspect)}")
            networks.append(_trained(data, suspect, cancelled))
            tried.append(Tried(suspect, success(networks[-1], first)))
        report(len(suspects) / (len(suspects) + 1), "Checking the best one on fresh starts")
        # Of equals the control: what chance explains needs no takeover to explain it.
        best = max(range(len(tried)), key=lambda index: (tried[index].successes, suspects[index].seed is not None))
        confirmed = success(networks[best], fresh)
    except TrainingCancelled as error:
        raise EvaluationCancelledError("Cancelled while training.") from error
    finally:
        scene.close()
    return explained(tried, best, now, confirmed, starts)


def find_suspects(
    config: RunConfig, episodes: Sequence[Episode], demonstrations: Sequence[Episode], known_before: Sequence[str]
) -> tuple[Suspect, ...]:
    """Return what is tried: another seed, each long takeover of a new episode, and each kind of doubtful steps.

    Raises ``ExplanationError`` where no new episode has a takeover.
    """
    supervised = [each for each in episodes if not is_demonstration(each)]
    new = [each for each in supervised if each.record.episode_id not in known_before]
    found = [
        (last - first, TakeoverPlace(each.record.episode_id, first + each.first_row))
        for each in new
        for first, last in runs(each.intervention.astype(bool))
    ]
    if not found:
        raise ExplanationError("No episode newer than the parent policy has a takeover; there is nothing to leave out.")
    longest = sorted(found, key=lambda each: -each[0])[:MOST_TAKEOVERS]
    hygiene = HygieneReport(supervised, [*demonstrations, *filter(is_demonstration, episodes)])
    doubtful = [each for each in StepProblem if each not in config.settings.left_out and hygiene.steps(each)]
    return (
        Suspect("", seed=config.settings.seed + 1),
        *(Suspect(f"the takeover at step {place.row} of episode {place.episode_id}", (place,)) for _, place in longest),
        *(Suspect(f"the {hygiene.steps(each)} steps {PROBLEMS[each].title}", problems=(each,)) for each in doubtful),
    )


def _data_of(workspace: Workspace, policy_id: str) -> _Data:
    record = Catalogue(workspace).policy(policy_id)
    if record.run_id is None or not record.episode_ids:
        raise ExplanationError(f"{record.name} was not trained from episodes of this workspace.")
    if record.settings.get("takeovers") == 0:
        raise ExplanationError(
            f"{record.name} does not imitate takeovers, so none of them made it worse: its training tried both, "
            "and this was better. Record more demonstrations or successful episodes, or train with another seed."
        )
    # The run's own description and not the present data: episodes that came later must not change the comparison.
    config = read_run_config(workspace.run_folder(record.run_id))
    episodes = tuple(read_episode(workspace, name) for name in config.episode_ids or ())
    demonstrations = tuple(read_episode_file(path) for path in demonstration_files(config.demonstrations))
    return _Data(config, episodes, demonstrations, supervised_steps(episodes, demonstrations))


def _known_before(workspace: Workspace, policy_id: str) -> tuple[str, ...]:
    catalogue = Catalogue(workspace)
    parent = catalogue.policy(policy_id).parent_id
    found = catalogue.find_policy(parent) if parent else None
    return found.episode_ids if found is not None else ()


def _trained(data: _Data, suspect: Suspect, cancelled: Callable[[], bool]) -> PolicyNetwork:
    settings = data.config.settings
    selection = select_for_policy(
        data.steps,
        data.episodes,
        data.demonstrations,
        (*settings.left_out, *suspect.problems),
        (*data.config.left_out_takeovers, *suspect.takeovers),
    )
    changed = settings if suspect.seed is None else replace(settings, seed=suspect.seed)
    config = msgspec.structs.replace(data.config, settings=changed)
    return run_trainer(config, selection.steps).run(cancelled=cancelled).network


def _how(suspect: Suspect) -> str:
    return f"without {suspect.title}" if suspect.seed is None else "on the same data with another seed"


def explained(tried: Sequence[Tried], best: int, now: tuple[int, int], confirmed: int, starts: int) -> Explanation:
    """Return the sentence for people and the remedy.

    Parameters
    ----------
    best
        Index of the best one of ``tried``.
    now
        Successes of the policy that is explained, on the first and on the fresh starts.
    confirmed
        Successes of the best one on the fresh starts.
    """
    found = tried[best]
    numbers = f"{found.successes} of {starts} instead of {now[0]}, and {confirmed} instead of {now[1]} on fresh starts"
    if found.successes - now[0] < LEAST_GAIN * starts or confirmed <= now[1]:
        text = f"Nothing that was left out makes it better: at best {numbers}. Record more episodes."
        return Explanation(text, None, tuple(tried))
    if found.suspect.seed is not None:
        text = f"It was chance, not a takeover: the same data with another seed give {numbers}."
    else:
        text = f"Without {found.suspect.title}: {numbers}."
    return Explanation(text, found.suspect, tuple(tried))
