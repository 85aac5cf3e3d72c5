"""Policies on disk: ``config.json`` and ``model.safetensors`` in a folder of their own."""

from pathlib import Path
from typing import Any

import msgspec
import torch

from mile_desktop.policies.config import CONFIG_FILE, MENTAL_FILE, MODEL_FILE, PolicyConfig, read_policy_config
from mile_desktop.policies.model_folder import check_unchanged, raised_as, write_folder
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp
from mile_desktop.policies.policy import PolicyFileError
from mile_desktop.policies.tensor_file import check_finite, check_tensors, encode_tensors, read_tensors
from mile_desktop.policies.torch_policy import CategoricalPolicy, NetworkPolicy, TorchPolicy

__all__ = [
    "NetworkPolicy",
    "PolicyConfig",
    "PolicyFileError",
    "PolicyNetwork",
    "TorchPolicy",
    "build_network",
    "describe_network",
    "load_mental_model",
    "load_network",
    "load_policy",
    "read_policy_config",
    "save_policy",
]

PolicyNetwork = GaussianMlp | CategoricalMlp

_MOST_LAYERS = 32
_MOST_UNITS = 1 << 20
"""Far beyond every policy of this program. A description beyond it is damaged, and torch could not even add it up."""


def describe_network(network: PolicyNetwork) -> dict[str, Any]:
    """Return the fields of ``PolicyConfig`` that follow from the network."""
    sizes = {
        "observation_size": network.observation_size,
        "action_size": network.action_size,
        "hidden": network.hidden,
        "activation": network.activation,
    }
    if isinstance(network, CategoricalMlp):
        return {"schema": 1 if network.activation == "relu" else 2, "network": "categorical", **sizes}
    return {
        # Earlier builds would ignore the two fields of schema 2 and compute other numbers; this makes them refuse.
        "schema": 1 if network.activation == "relu" and not network.squashed else 2,
        "network": "gaussian",
        **sizes,
        "std_floor": network.std_floor,
        "std_ceiling": network.std_ceiling,
        "squashed": network.squashed,
    }


def build_network(config: PolicyConfig) -> PolicyNetwork:
    """Make an untrained network of the described sizes; ``ValueError`` where they are impossible."""
    if config.network == "categorical":
        return CategoricalMlp(config.observation_size, config.action_size, config.hidden, activation=config.activation)
    return GaussianMlp(
        config.observation_size,
        config.action_size,
        config.hidden,
        activation=config.activation,
        std_floor=config.std_floor,
        std_ceiling=config.std_ceiling,
        squashed=config.squashed,
    )


def save_policy(
    folder: Path,
    network: PolicyNetwork,
    config: PolicyConfig,
    *,
    mental: PolicyNetwork | None = None,
    replace: bool = False,
) -> None:
    """Write a policy so that it is there whole or not at all.

    Parameters
    ----------
    config : PolicyConfig
        Its fields about the network are taken from ``network``.
    mental : PolicyNetwork or None
        Learned mental model to keep beside it for the next round.
    replace : bool
        Whether an existing folder is replaced.

    Raises
    ------
    PolicyFileError
        When weights are not finite: such a policy would only fail later.
    FileExistsError
        When the folder exists and is not to be replaced.
    WorkspaceError
        When the disk refuses, or is full.
    """
    models = {MODEL_FILE: network} if mental is None else {MODEL_FILE: network, MENTAL_FILE: mental}
    # Checked before anything is written: a network that diverged must not replace a good one.
    with raised_as(PolicyFileError):
        for name, model in models.items():
            check_finite(folder / name, model.state_dict())
    # From the network itself, so that description and weights cannot disagree.
    described = msgspec.structs.replace(config, **describe_network(network))
    text = msgspec.json.format(msgspec.json.encode(described), indent=2)
    tensors = {name: encode_tensors(model.state_dict()) for name, model in models.items()}
    write_folder(folder, {CONFIG_FILE: text, **tensors}, replace=replace)


def load_network(folder: Path) -> tuple[PolicyNetwork, PolicyConfig]:
    """Load network and description of the policy in ``folder``.

    Raises
    ------
    PolicyFileError
        When a file is missing, truncated, not safetensors, from a newer version, when tensors are not those of the
        described network, when weights are not finite, or when a file has changed since it was written.
    """
    config = read_policy_config(folder)
    return _load(folder, MODEL_FILE, config), config


def load_mental_model(folder: Path) -> PolicyNetwork | None:
    """Load the learned mental model beside the policy in ``folder``; None where there is none.

    Raises
    ------
    PolicyFileError
        See ``load_network``.
    """
    if not (folder / MENTAL_FILE).exists():
        return None
    return _load(folder, MENTAL_FILE, read_policy_config(folder))


def _load(folder: Path, name: str, config: PolicyConfig) -> PolicyNetwork:
    path = folder / name
    _check_sizes(folder / CONFIG_FILE, config)
    try:
        with torch.device("meta"):  # sizes only: a description must not be able to claim all memory
            network = build_network(config)
    except ValueError as error:
        raise PolicyFileError(f"{folder / CONFIG_FILE} describes an impossible network: {error}") from error
    with raised_as(PolicyFileError):
        tensors = read_tensors(path)
        check_tensors(path, tensors, network.state_dict())
        check_unchanged(folder)
    network.load_state_dict(tensors, assign=True)
    # tensors that were assigned, and not copied, bring no wish for gradients with them
    return network.requires_grad_(requires_grad=True).eval()


def _check_sizes(path: Path, config: PolicyConfig) -> None:
    sizes = (config.observation_size, config.action_size, *config.hidden)
    if len(config.hidden) > _MOST_LAYERS or max(sizes) > _MOST_UNITS:
        raise PolicyFileError(
            f"{path} describes {len(config.hidden)} hidden layers of up to {max(sizes)} units; expected at most "
            f"{_MOST_LAYERS} layers of {_MOST_UNITS} units. Copy the policy again."
        )


def load_policy(folder: Path, *, sample: bool = False) -> NetworkPolicy:
    """Load a policy ready to act.

    Parameters
    ----------
    sample : bool
        Draw actions from the distribution (seeded by ``reset``) instead of proposing its mean.

    Raises
    ------
    PolicyFileError
        See ``load_network``.
    """
    network, config = load_network(folder)
    if isinstance(network, CategoricalMlp):
        return CategoricalPolicy(network, config.policy_id, sample=sample)
    return TorchPolicy(network, config.policy_id, sample=sample)
