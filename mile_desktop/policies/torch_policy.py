"""Networks as policies: numpy in, numpy out, and the one place where actions are clipped to the action box."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mile_desktop.arrays import Float32Array
from mile_desktop.policies.limits import ACTION_LIMIT
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp, ObservationMlp
from mile_desktop.policies.networks_numpy import OneStateCategorical, OneStateGaussian
from mile_desktop.policies.policy import PolicyFileError, PolicyOutput

_LOWEST, _HIGHEST = np.float32(-ACTION_LIMIT), np.float32(ACTION_LIMIT)


def clip_action(action: NDArray[np.floating[Any]]) -> Float32Array:
    """Clip float[..., a] to the action box; NaN stays NaN for the rollout loop to refuse."""
    clipped: NDArray[np.floating[Any]] = np.minimum(np.maximum(action, _LOWEST), _HIGHEST)
    return clipped.astype(np.float32, copy=False)


class NetworkPolicy(ABC):
    """A network that acts; owned by one thread.

    Parameters
    ----------
    network : ObservationMlp
        Trained network; used as it is, not copied.
    policy_id : str
        Identity recorded with every episode.
    sample : bool
        Draw actions (seeded by ``reset``) instead of the most likely one.
    """

    def __init__(self, network: ObservationMlp, policy_id: str, *, sample: bool = False) -> None:
        self._network = network.eval()
        self._policy_id = policy_id
        self._sample = sample
        # Replaced by ``reset``; a policy that is asked before that is still repeatable.
        self._random = np.random.default_rng(0)

    @property
    def policy_id(self) -> str:
        """Identity recorded with every episode."""
        return self._policy_id

    def expect(self, observation_size: int, action_size: int) -> None:
        """Raise ``PolicyFileError`` unless the policy is for observations and actions of these sizes."""
        found = (self._network.observation_size, self._network.action_size)
        if found != (observation_size, action_size):
            raise PolicyFileError(
                f"Policy {self._policy_id} is for {found[0]} observation and {found[1]} action entries, the scene has "
                f"{observation_size} and {action_size}; choose a policy that was trained in this scene."
            )

    def reset(self, seed: int) -> None:
        """Forget the previous episode; sampling of the next one comes from ``seed``."""
        self._random = np.random.default_rng(seed)

    @abstractmethod
    def act(self, observation: Float32Array) -> PolicyOutput:
        """Propose an action for ``observation`` (float32[n])."""


class TorchPolicy(NetworkPolicy):
    """A Gaussian network: proposes its mean, or a sample, clipped to the action box."""

    def __init__(self, network: GaussianMlp, policy_id: str, *, sample: bool = False) -> None:
        super().__init__(network, policy_id, sample=sample)
        self._gaussian = OneStateGaussian(network)

    def act(self, observation: Float32Array) -> PolicyOutput:
        """Propose an action for ``observation`` (float32[n])."""
        raw, std = self._gaussian(observation)
        mean = clip_action(raw)
        if not self._sample:
            return PolicyOutput(action=mean, mean=mean, std=std)
        # Sampled from the mean before clipping. After it, the samples would pile up away from the border.
        return PolicyOutput(action=clip_action(self._random.normal(raw, std)), mean=mean, std=std)


class CategoricalPolicy(NetworkPolicy):
    """A categorical network; an action is one-hot, its mean the probabilities, its std that of each entry.

    So discrete actions live in the same box and the same columns as continuous ones, and π̂ is recorded exactly.
    """

    def __init__(self, network: CategoricalMlp, policy_id: str, *, sample: bool = False) -> None:
        super().__init__(network, policy_id, sample=sample)
        self._categorical = OneStateCategorical(network)

    def act(self, observation: Float32Array) -> PolicyOutput:
        """Propose a one-hot action for ``observation`` (float32[n])."""
        probabilities = self._categorical(observation)
        choice = self._choose(probabilities)
        action = np.zeros_like(probabilities)
        action[choice] = 1.0
        # Never 0, since p divides by the standard deviation.
        variance = np.maximum(probabilities * (1 - probabilities), np.finfo(np.float32).eps)
        return PolicyOutput(action=action, mean=probabilities, std=np.sqrt(variance))

    def _choose(self, probabilities: Float32Array) -> int:
        if not self._sample:
            return int(probabilities.argmax())
        # Normalised again in double precision, because numpy checks that the sum is 1.
        exact = probabilities.astype(np.float64)
        return int(self._random.choice(len(exact), p=exact / exact.sum()))


def as_policy(network: GaussianMlp | CategoricalMlp, policy_id: str) -> NetworkPolicy:
    """Return ``network`` as a policy that acts; it is used as it is, not copied."""
    if isinstance(network, CategoricalMlp):
        return CategoricalPolicy(network, policy_id)
    return TorchPolicy(network, policy_id)
