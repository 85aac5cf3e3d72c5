"""Where a training begins: the parent's weights, or fresh ones from a seed."""

import copy
import hashlib
from dataclasses import replace
from functools import cache

import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.member_networks import MemberNetworks, TrainedNetwork
from mile_desktop.learning.result import TrainingError
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp
from mile_desktop.policies.symmetry import NO_SYMMETRY, Symmetry

_SEEDS_A_TRAINING = 64
"""First weights that belong to one seed: as many as there can be networks."""


def new_network(steps: SupervisedSteps, settings: TrainingSettings, *, discrete: bool = False) -> PolicyNetwork:
    """Make an untrained network for ``steps``, its initial weights drawn from the seed of ``settings``."""
    sizes = (steps.observation.shape[1], steps.action.shape[1], settings.hidden)
    # A forked generator: drawing weights must not move the random numbers of the rest of the program.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network: PolicyNetwork = (
            CategoricalMlp(*sizes)
            if discrete
            else GaussianMlp(*sizes, std_floor=settings.std_floor, std_ceiling=settings.std_ceiling)
        )
    # From the data that is trained on: the scale becomes a part of the policy.
    network.fit_normalisation(steps.observation)
    return network


def first_network(steps: SupervisedSteps, settings: TrainingSettings, start: PolicyNetwork | None) -> PolicyNetwork:
    """Return a network to train: a copy of ``start``, or a new one of its kind.

    It is new where ``warm_start`` is off and there are demonstrations to learn from again.

    Raises
    ------
    TrainingError
        When ``start`` is for other observations or actions than ``steps``.
    """
    found = (steps.observation.shape[1], steps.action.shape[1])
    if start is not None and (start.observation_size, start.action_size) != found:
        raise TrainingError(
            f"The parent policy is for {start.observation_size} observation and {start.action_size} action entries, "
            f"the episodes have {found[0]} and {found[1]}; retrain from a policy of this scene."
        )
    if start is not None and not _is_new(steps, settings, start):
        return copy.deepcopy(start).train()
    return new_network(steps, settings, discrete=isinstance(start, CategoricalMlp)).train()


def first_trained(steps: SupervisedSteps, settings: TrainingSettings, start: PolicyNetwork | None) -> TrainedNetwork:
    """Return what is trained: ``first_network``, or where its weights are new, the networks that act as one.

    Copies of a parent would stay alike, and their mean would be worth no more than one of them.

    Raises
    ------
    TrainingError
        As ``first_network``.
    """
    first = first_network(steps, settings, start)
    if settings.networks == 1 or not _is_new(steps, settings, start):
        return first
    # Half as wide: together they average what a single network must get right alone. At a quarter, peg insertion was no
    # longer learned (decision 40).
    widths = tuple(max(1, width // 2) for width in settings.hidden)
    discrete = isinstance(first, CategoricalMlp)
    seeds = range(settings.seed * _SEEDS_A_TRAINING, settings.seed * _SEEDS_A_TRAINING + settings.networks)
    each = [replace(settings, hidden=widths, seed=seed % 2**31) for seed in seeds]
    return MemberNetworks([new_network(steps, one, discrete=discrete) for one in each]).train()


def _is_new(steps: SupervisedSteps, settings: TrainingSettings, start: PolicyNetwork | None) -> bool:
    # Without demonstrations new weights would forget what the policy can do: nothing would teach it again.
    return start is None or (not settings.warm_start and bool(steps.demonstration.any()))


def training_device(name: str) -> torch.device:
    """Return the device called ``name``; ``auto`` is CUDA where it works, else the processor."""
    wants_cuda = name == "cuda" or (name == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if wants_cuda and not _cuda_failure() else "cpu")


def device_problem(name: str) -> str:
    """Return why the processor is used although CUDA was asked for or is there; empty where nothing is wrong."""
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return ""
    failure = _cuda_failure()
    return f"The graphics card cannot be used ({failure}); the training runs on the processor." if failure else ""


@cache
def _cuda_failure() -> str:
    """Multiply two small matrices on the card: too old or too new a card says that it is there and then fails."""
    try:
        product = torch.ones(8, 8, device="cuda") @ torch.ones(8, 8, device="cuda")
        torch.cuda.synchronize()
        return "" if float(product.sum().cpu()) == 512.0 else "it computes wrong results"
    except (RuntimeError, AssertionError, OSError) as error:  # AssertionError: torch was built without CUDA
        return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def fingerprint(
    steps: SupervisedSteps,
    settings: TrainingSettings,
    start: dict[str, torch.Tensor],
    symmetry: Symmetry = NO_SYMMETRY,
) -> str:
    """Return what tells this training's checkpoints from those of any other: a digest of data, settings and start."""
    # The settings by their ``repr``: with any other setting it is another training.
    described = repr((settings, steps.episode_ids, len(steps), symmetry))
    digest = hashlib.blake2b(described.encode(), digest_size=16)
    for tensor in (steps.observation, steps.action, steps.intervention, *start.values()):
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
