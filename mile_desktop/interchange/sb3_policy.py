"""Policies of Stable-Baselines3: weights are taken from a zip, and nothing in it is unpickled or run.

The zip holds pickles: whole objects in ``data`` and tensors in ``policy.pth``. Of ``data`` only its readable texts are
used. The tensors are read by torch's loader for weights, which refuses everything that is no tensor. Their names and
shapes say what the network is. What this program could not compute in the same way is refused.
"""

import io
import itertools
import json
import math
import pickle
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.interchange.native_spaces import NativeSpaces
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.limits import STD_CEILING, STD_FLOOR, Activation
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp

_WEIGHTS, _DATA, _VERSION = "policy.pth", "data", "_stable_baselines3_version"
_MOST_BYTES = 512 * 2**20
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, pickle.UnpicklingError, EOFError, NotImplementedError, RuntimeError,
    ValueError, LookupError, OverflowError, AttributeError, TypeError, OSError,
)  # fmt: skip
"""What ``zipfile``, ``json`` and torch's loader raise for changed bytes."""
_IGNORED = re.compile(
    r"value_net\.|mlp_extractor\.value_net\.|critic\.|critic_target\.|actor_target\.|actor\.log_std|log_std$"
)
"""Tensors that only the training needs, and spreads, which are read apart."""
_ACTIVATION = re.compile(r"activation\.(\w+)'")
_UNBOUNDED_SCALE = 64.0
"""Of an entry without a bound: values up to 640 then pass the limit of a standardised entry unchanged."""
_DEFAULT_STD = 0.3
"""σ where the file has none: TD3 and DDPG have no distribution, and SAC's is one before its tanh."""

Layer = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True)
class _Found:
    """What the tensors are."""

    algorithm: str
    hidden: tuple[Layer, ...]
    head: Layer
    activation: Activation
    squashed: bool
    """The mean goes through tanh, and the action is already in [−1, 1]."""
    log_std: torch.Tensor | None


@dataclass(frozen=True, slots=True)
class ForeignPolicy:
    """A network of another program, ready to be saved as a policy of this one."""

    network: PolicyNetwork
    algorithm: str
    """``PPO or A2C``, ``SAC``, ``TD3 or DDPG``."""
    version: str
    """Of Stable-Baselines3; empty where the file does not say it."""


def is_sb3(source: Path) -> bool:
    """Return whether ``source`` looks like a zip of Stable-Baselines3; nothing in it is opened."""
    try:
        with zipfile.ZipFile(source) as archive:
            return {_WEIGHTS, _DATA} <= set(archive.namelist())
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError):
        return False


def read_sb3(source: Path, spaces: NativeSpaces) -> ForeignPolicy:
    """Read the policy in ``source`` for a scene with ``spaces``.

    Raises
    ------
    InterchangeError
        The file is damaged, holds something else than tensors, has an architecture that this program does not have,
        or does not fit the scene.
    """
    title = source.name
    try:
        with zipfile.ZipFile(source) as archive:
            texts = json.loads(_entry(archive, _DATA, title))
            version = _entry(archive, _VERSION, title).decode().strip() if _VERSION in archive.namelist() else ""
            weights = _entry(archive, _WEIGHTS, title)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles of another protocol, which are refused in the next line
            tensors = torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True)
    except InterchangeError:
        raise
    except _DAMAGE as error:
        raise InterchangeError(
            f"{title} is damaged, or {_WEIGHTS} in it holds something else than tensors, which is not opened "
            f"({type(error).__name__}); save the model again with Stable-Baselines3 and import that file."
        ) from error
    found = _recognised(_checked(tensors, title), texts if isinstance(texts, dict) else {}, title)
    return ForeignPolicy(_network(found, spaces, title), found.algorithm, version)


def _entry(archive: zipfile.ZipFile, name: str, title: str) -> bytes:
    with archive.open(name) as file:
        content = file.read(_MOST_BYTES + 1)  # the size that the archive states may be wrong
    if len(content) > _MOST_BYTES:
        raise InterchangeError(f"{title}: {name} is larger than {_MOST_BYTES // 2**20} MiB, so it is refused.")
    return content


def _checked(tensors: object, title: str) -> dict[str, torch.Tensor]:
    if not isinstance(tensors, Mapping):
        raise InterchangeError(f"{title}: {_WEIGHTS} is {type(tensors).__name__}, expected tensors by their names.")
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
            raise InterchangeError(f"{title}: {name!r} in {_WEIGHTS} is no tensor of numbers; nothing was imported.")
        if not bool(torch.isfinite(tensor).all()):
            raise InterchangeError(f"{title}: tensor {name} holds NaN or infinity; import another one.")
    return {name: tensor.detach().float() for name, tensor in tensors.items()}


# ── which network it is ──────────────────────────────────────────────────────────────────────────────────────────


def _recognised(tensors: dict[str, torch.Tensor], texts: Mapping[str, Any], title: str) -> _Found:
    rest = {name: tensor for name, tensor in tensors.items() if not _IGNORED.match(name)}
    module = _text(texts.get("policy_class"), "__module__")
    if module and not module.startswith(("stable_baselines3.", "<")):
        raise InterchangeError(
            f"{title} uses the policy class of {module}; expected one of Stable-Baselines3, because only their "
            "computation is known."
        )
    log_std = tensors.get("log_std")
    if "action_net.weight" in rest:
        hidden = _layers(rest, "mlp_extractor.policy_net.", title)
        found = _Found(
            "PPO or A2C", hidden, _layer(rest, "action_net.", title), _activation(texts, "tanh", title), False, log_std
        )
    elif "actor.mu.weight" in rest:
        hidden = _layers(rest, "actor.latent_pi.", title)
        found = _Found("SAC", hidden, _layer(rest, "actor.mu.", title), _activation(texts, "relu", title), True, None)
    elif "actor.mu.0.weight" in rest:
        *inner, head = _layers(rest, "actor.mu.", title)
        found = _Found("TD3 or DDPG", tuple(inner), head, _activation(texts, "relu", title), True, None)
    else:
        what = "a network of values (DQN) and no policy" if any("q_net" in name for name in rest) else "other tensors"
        raise InterchangeError(f"{title} holds {what}; expected a model of PPO, A2C, SAC, TD3 or DDPG with MlpPolicy.")
    if rest:
        raise InterchangeError(
            f"{title} has tensors that are not those of an MlpPolicy ({', '.join(sorted(rest)[:3])}): networks for "
            "pictures, recurrent ones and shared layers cannot be imported."
        )
    if not found.hidden:
        raise InterchangeError(f"{title} has no hidden layer; expected at least one (net_arch).")
    _expect_chain((*found.hidden, found.head), title)
    return found


def _text(entry: object, key: str) -> str:
    return str(entry.get(key, "")) if isinstance(entry, Mapping) else ""


def _activation(texts: Mapping[str, Any], default: Activation, title: str) -> Activation:
    """Return what follows the hidden layers; SB3 writes the class's name beside the pickle."""
    given = texts.get("policy_kwargs")
    if _text(given, "squash_output") == "True":
        raise InterchangeError(f"{title} squashes its output (gSDE), which cannot be imported; train without it.")
    named = _ACTIVATION.search(_text(given, "activation_fn"))
    if named is None:
        return default
    match named[1]:
        case "ReLU":
            return "relu"
        case "Tanh":
            return "tanh"
        case other:
            raise InterchangeError(f"{title} has the activation {other}; expected ReLU or Tanh.")


def _layers(tensors: dict[str, torch.Tensor], prefix: str, title: str) -> tuple[Layer, ...]:
    """Take the linear layers ``<prefix><number>.weight`` out of ``tensors``, in the order of their numbers."""
    pattern = re.compile(re.escape(prefix) + r"(\d+)\.weight")
    numbers = sorted(int(found[1]) for name in tensors if (found := pattern.fullmatch(name)))
    return tuple(_layer(tensors, f"{prefix}{number}.", title) for number in numbers)


def _layer(tensors: dict[str, torch.Tensor], prefix: str, title: str) -> Layer:
    """Take one linear layer out of ``tensors``."""
    weight, bias = tensors.pop(f"{prefix}weight", None), tensors.pop(f"{prefix}bias", None)
    if weight is None or bias is None or weight.dim() != 2 or bias.shape != weight.shape[:1]:
        raise InterchangeError(f"{title}: {prefix}weight and {prefix}bias are no linear layer; save the model again.")
    return weight, bias


def _expect_chain(layers: tuple[Layer, ...], title: str) -> None:
    for (before, _), (after, _) in itertools.pairwise(layers):
        if after.shape[1] != before.shape[0]:
            raise InterchangeError(
                f"{title}: a layer takes {after.shape[1]} numbers and the one before it gives {before.shape[0]}; save "
                "the model again."
            )


# ── the same numbers in our network ──────────────────────────────────────────────────────────────────────────────


def _network(found: _Found, spaces: NativeSpaces, title: str) -> PolicyNetwork:
    first, actions = found.hidden[0][0].shape[1], found.head[0].shape[0]
    if first != spaces.frame_size or actions != spaces.action_size:
        raise InterchangeError(
            f"{title} is for {first} observation and {actions} action entries, the scene {spaces.scene} has "
            f"{spaces.frame_size} and {spaces.action_size}; choose the scene of the environment that it learned in."
        )
    size = spaces.frame_size * spaces.frames
    widths = tuple(weight.shape[0] for weight, _ in found.hidden)
    network: PolicyNetwork
    if spaces.bounds is None:
        if found.squashed or found.log_std is not None:
            raise InterchangeError(f"{title} has continuous actions, those of {spaces.scene} are discrete.")
        network = CategoricalMlp(size, actions, widths, activation=found.activation)
        head = network.logit_head
        weight, bias = found.head
    else:
        if not found.squashed and found.log_std is None:
            raise InterchangeError(f"{title} has discrete actions, those of {spaces.scene} are continuous.")
        network = GaussianMlp(size, actions, widths, activation=found.activation, squashed=found.squashed)
        head = network.mean_head
        weight, bias = found.head if found.squashed else _scaled_head(found.head, spaces.bounds)
        _set_spread(network, found, spaces.bounds)
    with torch.no_grad():
        _set_observation(network, found.hidden[0], spaces)
        linear = [each for each in network.trunk if isinstance(each, torch.nn.Linear)]
        for layer, (inner_weight, inner_bias) in zip(linear[1:], found.hidden[1:], strict=True):
            layer.weight.copy_(inner_weight)
            layer.bias.copy_(inner_bias)
        head.weight.copy_(weight)
        head.bias.copy_(bias)
    return network.eval()


def _set_observation(network: PolicyNetwork, first: Layer, spaces: NativeSpaces) -> None:
    """Fill the first layer: the newest frame has the weights, earlier frames have none.

    Our networks limit a standardised entry to ±10, and Stable-Baselines3 limits nothing. So each entry is divided by a
    scale that keeps it within ±10, and the weights are multiplied by it: a power of two, which changes no digit.
    """
    # Eighths and not tenths of the largest value: the limit must not touch a value that rounding put beyond its bound.
    largest = [_UNBOUNDED_SCALE if not math.isfinite(each) else max(each / 8.0, 1.0) for each in spaces.largest]
    scale = torch.tensor([2.0 ** math.ceil(math.log2(each)) for each in largest])
    weight, bias = first
    layer = network.trunk[0]
    if not isinstance(layer, torch.nn.Linear):
        raise TypeError(f"The first layer is {type(layer).__name__}.")
    layer.weight.zero_()
    layer.weight[:, -spaces.frame_size :].copy_(weight * scale)
    layer.bias.copy_(bias)
    network.observation_scale[-spaces.frame_size :].copy_(scale)


def _scaled_head(head: Layer, bounds: tuple[torch.Tensor, torch.Tensor]) -> Layer:
    """Return the last layer in units of the action box [−1, 1]: PPO and A2C give the environment's own units."""
    middle, half = (bounds[0] + bounds[1]) / 2, (bounds[1] - bounds[0]) / 2
    return head[0] / half[:, None], (head[1] - middle) / half


def _set_spread(network: GaussianMlp, found: _Found, bounds: tuple[torch.Tensor, torch.Tensor]) -> None:
    """Make σ the constant of the file, limited to this program's bounds of σ."""
    half = (bounds[1] - bounds[0]) / 2
    one_each = found.log_std is not None and found.log_std.shape == half.shape  # gSDE has a matrix
    std = found.log_std.exp() / half if one_each and found.log_std is not None else torch.full_like(half, _DEFAULT_STD)
    low, high = math.log(STD_FLOOR), math.log(STD_CEILING)
    # not the bounds themselves, where the sigmoid's inverse is infinite
    share = ((std.log() - low) / (high - low)).clamp(1e-3, 1 - 1e-3)
    with torch.no_grad():
        network.spread_head.weight.zero_()
        network.spread_head.bias.copy_(torch.logit(share))
