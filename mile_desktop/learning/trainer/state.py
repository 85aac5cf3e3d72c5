"""The state of a training on disk, without a pickle: enough to continue bit for bit after an interruption."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch

from mile_desktop.errors import UserError
from mile_desktop.policies.model_folder import ModelFileError, check_unchanged, read_description, write_folder
from mile_desktop.policies.tensor_file import encode_tensors, read_tensors

STATE_FILE = "state.json"
TENSOR_FILE = "state.safetensors"
STATE_SCHEMA = 1


class CheckpointError(UserError, ValueError):
    """A training cannot continue from its checkpoint; the message says why and what to do."""


class TrainerState(msgspec.Struct, kw_only=True):
    """What the trainer knows besides tensors."""

    schema: int = STATE_SCHEMA
    fingerprint: str
    """Of data, settings and parent: a checkpoint is for one training only."""
    epoch: int = 0
    """Epochs that are done."""
    cost: float | None = None
    cdf_scale: float | None = None
    calibrated: bool = False
    """Cost and scale were fitted to the data."""
    best_error: float | None = None
    """Least error on held-out episodes so far."""
    best_epoch: int | None = None
    """Epoch it belongs to; 0 is the network the training began with."""
    loss: float = 0.0
    """Mean training loss of the latest epoch."""


def prefixed(name: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return ``tensors`` with ``name.`` before every key."""
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def unprefixed(name: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the entries under ``name.`` without it."""
    start = f"{name}."
    return {key.removeprefix(start): tensor for key, tensor in tensors.items() if key.startswith(start)}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Return the moments of Adam and its step counts by parameter index."""
    state = optimiser.state_dict()["state"]
    # By index, because Adam's state knows no names of parameters.
    return {f"{index}.{name}": tensor for index, entry in state.items() for name, tensor in entry.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]) -> None:
    """Give ``optimiser`` the moments that ``optimiser_tensors`` took."""
    state: dict[int, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = tensor
    # The groups stay as they are; the learning rate is set again in each update.
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})


def write_state(folder: Path, state: TrainerState, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write a checkpoint in place of the one before, whole or not at all."""
    files = {STATE_FILE: msgspec.json.encode(state), TENSOR_FILE: encode_tensors(tensors)}
    write_folder(folder, files, replace=True)


def read_state(folder: Path, fingerprint: str) -> tuple[TrainerState, dict[str, torch.Tensor]]:
    """Read a checkpoint of the training that ``fingerprint`` stands for.

    Raises
    ------
    CheckpointError
        When it is incomplete, damaged, from a newer version, or another training's.
    """
    path = folder / STATE_FILE
    try:
        # The small file first: it says whether the large one can be read at all.
        state = read_description(
            path, TrainerState, schema=STATE_SCHEMA, noun="state of a training", remedy="it is damaged"
        )
        tensors = read_tensors(folder / TENSOR_FILE)
        check_unchanged(folder)
    except ModelFileError as error:
        raise CheckpointError(f"The training cannot continue ({error}); start it again.") from error
    # Otherwise a training with other data would silently continue with weights that do not belong to it.
    if state.fingerprint != fingerprint:
        raise CheckpointError(
            f"The checkpoint in {folder} is of other episodes, settings or parent; start the training again."
        )
    return state, tensors
