"""Symmetries applied to the rows of a batch: a random movement for each row, the same for all its values."""

import math
from typing import NamedTuple

import torch

from mile_desktop.policies.symmetry import TURNED_SHARE, Pair, Symmetry


class RowMovements(NamedTuple):
    """One movement for each row; ``shape`` is that of the rows."""

    cosine: torch.Tensor | None
    """float32[shape, 1]; None: nothing is turned."""
    sine: torch.Tensor
    shift: torch.Tensor | None
    """float32[shape, 2]; None: nothing is moved."""
    mirrored: torch.Tensor | None
    """bool[shape, 1]; None: nothing is mirrored."""

    def first(self, count: int) -> "RowMovements":
        """Return the movements of the first ``count`` rows of the last dimension of rows."""
        return RowMovements(*(None if each is None else each[..., :count, :] for each in self))  # type: ignore[arg-type]


class SymmetricRows:
    """Draws movements and applies them to tensors whose last dimension is the observation or the action.

    Parameters
    ----------
    symmetry : Symmetry
        With indices that fit ``observation_size`` and ``action_size``.
    device : torch.device
        Where the rows are; random numbers are drawn on the processor, so that a generator's state can be saved.
    """

    def __init__(
        self, symmetry: Symmetry, observation_size: int, action_size: int, device: torch.device | None = None
    ) -> None:
        self._symmetry = symmetry
        self._device = device or torch.device("cpu")
        self._observation = _Indices(symmetry.vectors, observation_size, self._device)
        action_pairs = () if symmetry.action_vector is None else (symmetry.action_vector,)
        self._action = _Indices(action_pairs, action_size, self._device)
        self._positions = torch.tensor(symmetry.positions, dtype=torch.long, device=self._device)
        reflection = symmetry.reflection
        if reflection is not None:
            self._observation.reflect(reflection.negated, reflection.swapped)
            self._action.reflect(reflection.action_negated, reflection.action_swapped)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> RowMovements:
        """Draw a movement for each of the rows of ``shape``."""
        symmetry, cosine, shift, mirrored = self._symmetry, None, None, None
        sine = torch.zeros((*shape, 1), device=self._device)
        if symmetry.rotation_deg:
            limit = math.radians(symmetry.rotation_deg)
            angle = (torch.rand((*shape, 1), generator=generator) * 2 - 1) * limit
            # Multiplied by 0 or 1: the rest of the rows stay exactly as recorded.
            angle *= torch.rand((*shape, 1), generator=generator) < TURNED_SHARE
            angle = angle.to(self._device)
            cosine, sine = angle.cos(), angle.sin()
        if symmetry.translation:
            shift = (torch.rand((*shape, 2), generator=generator) * 2 - 1) * symmetry.translation
            shift = shift.to(self._device)
        if symmetry.reflection is not None:
            mirrored = (torch.rand((*shape, 1), generator=generator) < TURNED_SHARE).to(self._device)
        return RowMovements(cosine, sine, shift, mirrored)

    def observation(self, values: torch.Tensor, rows: RowMovements) -> torch.Tensor:
        """Return float32[shape, n] moved."""
        moved = self._observation.turned(values, rows)
        if rows.shift is not None:
            # ``turned`` returns its argument if nothing is turned. The recorded rows must not be changed.
            moved = moved.clone() if moved is values else moved
            for axis in (0, 1):
                moved[..., self._positions[:, axis]] += rows.shift[..., axis : axis + 1]
        return self._observation.mirrored(moved, rows)

    def action(self, values: torch.Tensor, rows: RowMovements) -> torch.Tensor:
        """Return float32[shape, a] moved; of one-hot actions and probabilities the entries change places."""
        return self._action.mirrored(self._action.turned(values, rows), rows)

    def spread(self, std: torch.Tensor, rows: RowMovements) -> torch.Tensor:
        """Return standard deviations float32[shape, a] along the axes after the movement.

        A turned diagonal Gaussian is not diagonal. K and the log-likelihood need its variances along the axes alone.
        """
        turned = self._action.turned(std.square(), rows, squared=True).sqrt()
        # A standard deviation has no sign; its entries only change places.
        return self._action.mirrored(turned, rows, signs=False)


class _Indices:
    """What one kind of array does under a movement."""

    def __init__(self, pairs: tuple[Pair, ...], size: int, device: torch.device) -> None:
        table = torch.tensor(pairs, dtype=torch.long, device=device).reshape(-1, 2)
        self._x, self._y = table[:, 0], table[:, 1]
        self._order = torch.arange(size, device=device)
        self._sign = torch.ones(size, device=device)

    def reflect(self, negated: tuple[int, ...], swapped: tuple[Pair, ...]) -> None:
        """Remember a reflection."""
        self._sign[list(negated)] = -1.0
        for one, other in swapped:
            # Both sides are read before either is written.
            self._order[[one, other]] = self._order[[other, one]]

    def turned(self, values: torch.Tensor, rows: RowMovements, *, squared: bool = False) -> torch.Tensor:
        """Return ``values`` with every pair turned; ``squared``: with the squares of the matrix, for variances."""
        if rows.cosine is None or not len(self._x):
            return values
        cosine, sine, minus = rows.cosine, rows.sine, -rows.sine
        if squared:
            cosine, sine, minus = cosine.square(), sine.square(), sine.square()
        x, y = values[..., self._x], values[..., self._y]
        turned = values.clone()
        turned[..., self._x] = cosine * x + minus * y
        turned[..., self._y] = sine * x + cosine * y
        return turned

    def mirrored(self, values: torch.Tensor, rows: RowMovements, *, signs: bool = True) -> torch.Tensor:
        """Return ``values`` with the mirrored rows reflected."""
        if rows.mirrored is None:
            return values
        image = values[..., self._order]
        return torch.where(rows.mirrored, image * self._sign if signs else image, values)
