"""Policies for programs without this package: as an ONNX graph or a TorchScript module, checked before they are kept.

Both map ``observation``, float32[N, n], to ``action``, ``mean`` and ``std``, float32[N, a] each, as ``PolicyOutput``
says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.interchange.export_file import export_file
from mile_desktop.interchange.onnx_policy import compute_onnx, is_onnx_policy, write_onnx
from mile_desktop.interchange.scene_entries import SceneEntries
from mile_desktop.interchange.torchscript_policy import compute_torchscript, is_torchscript_policy, write_torchscript
from mile_desktop.policies.checkpoint import PolicyConfig, PolicyNetwork, load_network, load_policy
from mile_desktop.policies.torch_policy import NetworkPolicy

Outputs = tuple[Float32Array, Float32Array, Float32Array]
"""Actions, means and standard deviations, float32[N, a] each."""

_OBSERVATIONS = 64
_LARGEST_DIFFERENCE = 1e-4
"""Measured: 2e-6 for the shipped policies, whose sums run in another order in each library."""


@dataclass(frozen=True, slots=True)
class PolicyFormat:
    """How a policy is written for another program, recognised, and computed there."""

    suffixes: tuple[str, ...]
    write: Callable[[PolicyNetwork, Mapping[str, str], Path], None]
    """Network, what the file says about itself, and where to write."""
    is_export: Callable[[Path], bool]
    """Whether this program wrote the file."""
    compute: Callable[[Path, Float32Array], Outputs]
    """Read the file as another program does and compute observations, float32[N, n]."""


FORMATS = {
    "onnx": PolicyFormat((".onnx",), write_onnx, is_onnx_policy, compute_onnx),
    "torchscript": PolicyFormat((".pt", ".ts"), write_torchscript, is_torchscript_policy, compute_torchscript),
}


def format_of(target: Path) -> str | None:
    """Return the format whose file names end like ``target``; None for the program's own."""
    suffix = target.suffix.lower()
    return next((name for name, each in FORMATS.items() if suffix in each.suffixes), None)


def export_policy(folder: Path, target: Path, format_name: str, entries: SceneEntries, *, force: bool = False) -> Path:
    """Write the policy in ``folder`` to the file ``target`` and compare its numbers with ours before it is kept.

    Parameters
    ----------
    format_name
        A key of ``FORMATS``.
    entries
        Names and units of the scene, written into the file.
    force
        Replace a file that an earlier export wrote.

    Raises
    ------
    PolicyFileError
        The policy cannot be loaded.
    InterchangeError
        The target is taken, the format's package is missing, or the written file computes other numbers.
    """
    chosen = FORMATS[format_name]
    network, config = load_network(folder)
    policy = load_policy(folder)
    # Before anything is written: a policy of another scene would carry this scene's names into the file.
    policy.expect(len(entries.state), len(entries.action))
    with export_file(target, force=force, is_export=chosen.is_export) as part:
        chosen.write(network, explained(config, entries), part)
        _expect_same_numbers(network, policy, lambda observations: chosen.compute(part, observations))
    return target


def explained(config: PolicyConfig, entries: SceneEntries) -> dict[str, str]:
    """Return what an exported file says about itself: texts, lists as JSON."""
    facts = {
        "policy_id": config.policy_id,
        "name": config.name,
        "method": config.method,
        "scene": entries.scene,
        "env_id": entries.env_id,
        "task": entries.task,
        "rate_hz": f"{entries.rate_hz:g}",
        "network": config.network,
    }
    lists = {
        "observation": [each.label for each in entries.state],
        "action": [each.label for each in entries.action],
    }
    return facts | {name: msgspec.json.encode(names).decode() for name, names in lists.items()}


def _expect_same_numbers(
    network: PolicyNetwork, policy: NetworkPolicy, compute: Callable[[Float32Array], Outputs]
) -> None:
    # Spread as the data were, and wider, so that both the linear parts and the limits are compared.
    noise = np.random.default_rng(0).normal(0.0, 3.0, (_OBSERVATIONS, network.observation_size))
    scale, offset = (each.detach().numpy() for each in (network.observation_scale, network.observation_offset))
    observations = (noise * scale + offset).astype(np.float32)
    ours = [policy.act(each) for each in observations]
    expected = tuple(np.stack([getattr(each, name) for each in ours]) for name in ("action", "mean", "std"))
    found = compute(observations)
    difference = max(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True))
    if not difference <= _LARGEST_DIFFERENCE:  # not: NaN is refused, too
        raise InterchangeError(
            f"The exported policy computes other numbers than the policy itself (difference {difference:.2g}), so it "
            "was not kept; update the package of this format, or export another format."
        )
