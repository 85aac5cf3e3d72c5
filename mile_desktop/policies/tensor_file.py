"""Tensors of a model folder: safetensors, never pickles, so that a file from another person cannot run its code."""

from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError

from mile_desktop.policies.model_folder import ModelFileError, read_bytes

_LENGTH_BYTES = 8  # a safetensors file begins with the length of its JSON header

_MISMATCH = "the two files do not belong together"


def encode_tensors(tensors: Mapping[str, torch.Tensor]) -> bytes:
    """Return ``tensors`` as the bytes of a safetensors file."""
    # On the processor and contiguous: the file must not depend on the device of the training.
    return safetensors.torch.save({name: each.detach().cpu().contiguous() for name, each in tensors.items()})


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file.

    Raises
    ------
    ModelFileError
        When the file is missing, truncated or no safetensors file.
    """
    data = read_bytes(path)
    try:
        return safetensors.torch.load(data)
    except (SafetensorError, KeyError, RuntimeError, ValueError) as error:  # KeyError: a type that torch does not have
        raise ModelFileError(_describe_damage(path, data)) from error


def _describe_damage(path: Path, data: bytes) -> str:
    # A safetensors file has a brace right behind the length of its header. This separates a damaged file
    # from one of another kind.
    header_starts = data[_LENGTH_BYTES : _LENGTH_BYTES + 1]
    if header_starts in {b"", b"{"}:
        return f"{path} is truncated or damaged ({len(data)} bytes); copy it again from where it came from."
    return f"{path} is not a safetensors file; only safetensors are read, because other formats can carry code."


def check_tensors(path: Path, found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> None:
    """Raise ``ModelFileError`` unless ``found`` in ``path`` are finite and of the names, shapes and types expected."""
    if found.keys() != expected.keys():
        missing = ", ".join(sorted(expected.keys() - found.keys())) or "none"
        surplus = ", ".join(sorted(found.keys() - expected.keys())) or "none"
        raise ModelFileError(
            f"{path} holds other tensors than its description (missing: {missing}; unknown: {surplus}); "
            f"{_MISMATCH} ({path.name} and config.json)."
        )
    for name, tensor in expected.items():
        if found[name].shape != tensor.shape or found[name].dtype != tensor.dtype:
            raise ModelFileError(
                f"{path}: tensor {name} is {found[name].dtype}{list(found[name].shape)}, its description says "
                f"{tensor.dtype}{list(tensor.shape)}; {_MISMATCH} ({path.name} and config.json)."
            )
    check_finite(path, found)


def check_finite(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Raise ``ModelFileError`` where a tensor in ``path``, or to be written there, holds NaN or infinity."""
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise ModelFileError(f"{path}: tensor {name} holds NaN or infinity; use another one, or train again.")
