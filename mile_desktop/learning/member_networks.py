"""Networks that are trained side by side and act as one, by the mean of what they say.

Trainings on the same data from other first weights differed by up to 31 successes in 50 starts on the peg, more than
any two methods. The mean of a few of them is better than most (decision 40). They learn independently: the
gradient of one does not depend on the others.
"""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.networks import CategoricalMlp


class MemberNetworks(nn.Module):
    """Several networks of one kind and size, evaluated as one batched pass.

    Parameters
    ----------
    members : sequence of PolicyNetwork
        At least one; all with the same sizes and the same normalisation of the observation.
    """

    def __init__(self, members: Sequence[PolicyNetwork]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def first(self) -> PolicyNetwork:
        """One of them, for everything that they have in common."""
        found = self.members[0]
        assert isinstance(found, PolicyNetwork)  # a ModuleList forgets the type
        return found

    def forward(self, observation: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Map float32[b, n] to what each says, as its own ``forward`` does: float32[members, b, a] each."""
        first = self.first
        features = first.standardised(observation).expand(len(self.members), -1, -1)
        # One kernel a layer for all of them: an update of four networks of 128 units costs 1.5 times one of 256.
        for place, layer in enumerate(first.trunk):
            features = self._linear(f"trunk.{place}", features) if isinstance(layer, nn.Linear) else layer(features)
        return first.outputs(*(self._linear(name, features) for name in first.head_names))

    def _linear(self, name: str, features: torch.Tensor) -> torch.Tensor:
        weight = torch.stack([each.get_parameter(f"{name}.weight") for each in self.members])
        bias = torch.stack([each.get_parameter(f"{name}.bias") for each in self.members])
        return torch.baddbmm(bias.unsqueeze(1), features, weight.transpose(1, 2))

    @torch.no_grad()
    def merged(self) -> PolicyNetwork:
        """Return one ordinary network that says the mean of what all say, before bounds and probabilities.

        Its hidden layers hold those of the members side by side, with zeros where one would lead to another. So a
        policy file, an export and the control tick know nothing of members.
        """
        if len(self.members) == 1:
            return copy.deepcopy(self.first)
        # A new network draws weights; that must not move the random numbers of the rest of the program.
        with torch.random.fork_rng(devices=[]):
            merged = self.first.resized([width * len(self.members) for width in self.first.hidden])
        states = [each.state_dict() for each in self.members]
        parts = {name: [state[name] for state in states] for name in states[0]}
        linear = [place for place, layer in enumerate(self.first.trunk) if isinstance(layer, nn.Linear)]
        joined = {name: tensors[0] for name, tensors in parts.items()}  # the normalisation is the same in all
        for depth, place in enumerate(linear):
            weights = parts[f"trunk.{place}.weight"]
            # The first layer sees the observation, which all share; the others only their own member's units.
            joined[f"trunk.{place}.weight"] = _diagonal(weights) if depth else torch.cat(weights)
            joined[f"trunk.{place}.bias"] = torch.cat(parts[f"trunk.{place}.bias"])
        for name in self.first.head_names:
            joined[f"{name}.weight"] = torch.cat(parts[f"{name}.weight"], dim=1) / len(self.members)
            joined[f"{name}.bias"] = torch.stack(parts[f"{name}.bias"]).mean(0)
        merged.load_state_dict(joined)
        return merged


def _diagonal(blocks: Sequence[torch.Tensor]) -> torch.Tensor:
    found: torch.Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
    return found


TrainedNetwork = PolicyNetwork | MemberNetworks
"""What an optimiser works on."""


def acting(network: TrainedNetwork) -> PolicyNetwork:
    """Return the network that acts: ``network`` itself, or its members merged."""
    return network.merged() if isinstance(network, MemberNetworks) else network


def one_of(network: TrainedNetwork) -> PolicyNetwork:
    """Return ``network`` itself or its first member, for sizes and kind."""
    return network.first if isinstance(network, MemberNetworks) else network


def is_discrete(network: TrainedNetwork) -> bool:
    """Return whether ``network`` chooses among actions."""
    return isinstance(one_of(network), CategoricalMlp)
