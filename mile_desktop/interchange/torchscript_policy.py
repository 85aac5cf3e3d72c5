"""A policy as a TorchScript module, which ``torch.jit.load`` opens in Python and C++ without this package."""

import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch
from torch import nn
from torch.nn import functional

from mile_desktop.arrays import Float32Array
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.limits import ACTION_LIMIT
from mile_desktop.policies.networks import CategoricalMlp

ABOUT = "about.json"
"""Name of the extra file with what the policy says about itself."""


class _Deployed(nn.Module):
    """Networks with the outputs of ``PolicyOutput``."""

    def __init__(self, network: PolicyNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, observation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Map float32[N, n] to action, mean and standard deviation, float32[N, a] each."""
        if isinstance(self.network, CategoricalMlp):
            mean = self.network(observation).softmax(-1)
            action = functional.one_hot(mean.argmax(-1), self.network.action_size).to(mean.dtype)
            variance = mean * (1 - mean)
            return action, mean, variance.clamp_min(torch.finfo(torch.float32).eps).sqrt()
        mean, std = self.network(observation)
        mean = mean.clamp(-ACTION_LIMIT, ACTION_LIMIT)
        return mean, mean, std


def write_torchscript(network: PolicyNetwork, about: Mapping[str, str], target: Path) -> None:
    """Write ``network`` to ``target``; ``about`` becomes the file ``about.json`` inside."""
    # Two rows and not one: a trace must not take the number of rows for a constant.
    example = torch.zeros(2, network.observation_size)
    with torch.no_grad(), warnings.catch_warnings():
        # torch announces the end of TorchScript; programs that load it still exist, and ONNX is the other way
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(_Deployed(network).eval(), example)  # type: ignore[no-untyped-call]
        torch.jit.save(traced, str(target), _extra_files={ABOUT: msgspec.json.encode(dict(about))})


def is_torchscript_policy(path: Path) -> bool:
    """Return whether this program wrote ``path``; nothing in it is run."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(f"extra/{ABOUT}") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def compute_torchscript(path: Path, observations: Float32Array) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Compute ``observations`` (float32[N, n])."""
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        loaded = torch.jit.load(str(path))  # type: ignore[no-untyped-call]
        action, mean, std = (each.numpy() for each in loaded(torch.from_numpy(observations)))
    return action, mean, std
