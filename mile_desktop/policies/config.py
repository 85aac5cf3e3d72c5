"""The description of a policy on disk, ``config.json`` of its folder; no torch, so that the window can read it."""

from pathlib import Path
from typing import Any, Literal

import msgspec

from mile_desktop.policies.limits import STD_CEILING, STD_FLOOR, Activation
from mile_desktop.policies.model_folder import raised_as, read_description
from mile_desktop.policies.policy import PolicyFileError

POLICY_SCHEMA = 2
"""Newest schema that is read. 2 has ``activation`` and ``squashed``; it is written only where a policy needs them, so
that earlier builds read every policy whose numbers they compute rightly."""
CONFIG_FILE = "config.json"
MODEL_FILE = "model.safetensors"
MENTAL_FILE = "mental.safetensors"
"""Learned mental model π̂ of the training that made the policy, same architecture; only with ``joint`` training."""

ZERO_METHOD = "still"
"""Method of a policy that was taught nothing; a training that starts from it begins with fresh weights. The value is
what older versions wrote."""


class PolicyConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What ``config.json`` of a policy says."""

    schema: int = 1
    policy_id: str
    scene: str
    name: str
    """Short name for people: ``v0``, ``v1`` …"""
    method: str
    network: Literal["gaussian", "categorical"]
    observation_size: int
    action_size: int
    hidden: tuple[int, ...]
    std_floor: float = STD_FLOOR
    std_ceiling: float = STD_CEILING
    activation: Activation = "relu"
    squashed: bool = False
    """The mean is the tanh of its head: ``gaussian`` policies that were imported from SAC or TD3."""
    parent_id: str | None = None
    created_at: str = ""
    """UTC, ISO 8601."""
    settings: dict[str, Any] = {}


def read_policy_config(folder: Path) -> PolicyConfig:
    """Read and check ``config.json``; ``PolicyFileError`` where it is missing, damaged or newer than this program."""
    with raised_as(PolicyFileError):
        return read_description(
            folder / CONFIG_FILE,
            PolicyConfig,
            schema=POLICY_SCHEMA,
            noun="policy description",
            remedy="copy the policy again",
        )
