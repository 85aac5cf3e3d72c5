"""Intervention model of a supervisor that is known exactly: the scripted expert instead of human-action networks."""

import numpy as np
import torch

from mile_desktop.intervention.action_distributions import Distribution
from mile_desktop.intervention.ensemble import CategoricalEnsemble, GaussianEnsemble
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.model_config import ModelConfig
from mile_desktop.operators.operator import Expert
from mile_desktop.policies.limits import STD_CEILING


class OracleHuman(GaussianEnsemble):
    """Ensemble of one member: the expert's action with a constant spread.

    Parameters
    ----------
    expert
        Observation float32[n] → action float32[a].
    std
        σ_h, per dimension.
    """

    def __init__(self, expert: Expert, std: float, observation_size: int, action_size: int) -> None:
        # The smallest layers there can be: they are never evaluated. The floor lies below the spread that is given.
        super().__init__(1, observation_size, action_size, (1,), std_floor=std / 2, std_ceiling=max(STD_CEILING, std))
        self._expert = expert
        self._std = std

    def gaussians(self, observation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """See ``GaussianEnsemble``; ``observation`` float32[b, n]."""
        mean = torch.from_numpy(np.stack([self._expert(row) for row in observation.numpy()]))[None]
        return mean, torch.full_like(mean, self._std)


class OracleChooser(CategoricalEnsemble):
    """Ensemble of one member: the expert's choice, with a small probability of any other.

    Parameters
    ----------
    expert
        Observation float32[n] → one-hot action float32[A].
    slip
        Probability that an action drawn at random replaces the expert's.
    """

    def __init__(self, expert: Expert, slip: float, observation_size: int, action_size: int) -> None:
        super().__init__(1, observation_size, action_size, (1,))
        self._expert = expert
        self._slip = slip

    def distribution(self, observation: torch.Tensor) -> Distribution:
        """See ``HumanEnsemble``; ``observation`` float32[b, n]."""
        chosen = torch.from_numpy(np.stack([self._expert(row) for row in observation.numpy()]))[None].double()
        return (((1 - self._slip) * chosen + self._slip / self.action_size).log(),)


def oracle_chooser(expert: Expert, slip: float, observation_size: int, action_size: int) -> InterventionModel:
    """Return the intervention model of an ``expert`` of discrete actions, see ``oracle_model``."""
    config = ModelConfig(
        members=1,
        observation_size=observation_size,
        action_size=action_size,
        hidden=(1,),
        actions="categorical",
        cost=2.0,
        cdf_scale=2.0,
    )
    return InterventionModel(config, OracleChooser(expert, slip, observation_size, action_size))


def oracle_model(
    expert: Expert, std: float, observation_size: int, action_size: int, *, cost: float = 2.0, cdf_scale: float = 2.0
) -> InterventionModel:
    """Return the intervention model of ``expert``; it was fitted to no episode, so every episode is held out."""
    human = OracleHuman(expert, std, observation_size, action_size)
    config = ModelConfig(
        members=1,
        observation_size=observation_size,
        action_size=action_size,
        hidden=(1,),
        std_floor=human.std_floor,
        std_ceiling=human.std_ceiling,
        cost=cost,
        cdf_scale=cdf_scale,
    )
    return InterventionModel(config, human)
