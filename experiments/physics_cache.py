"""Results of simulations that this process has already run, so that none is run twice.

Physics is two thirds of a cell, and nearly all of that is one call of PyBullet: 0.7 to 1.2 ms a control step, against
0.08 of the policy's network. So cells get cheaper by leaving simulations out, not by asking the policy for several
episodes at once: eight episodes in lock-step took 0.90 instead of 0.84 ms a step on button-press, 1.18 as before on the
peg, and 0.073 instead of 0.090 on the lander. Cells share:

- the initial policy's evaluation, the same for all cells of a scene;
- evaluations of a policy whose weights a training left as they were;
- the first round of one supervisor and seed, the same for every method.

Nothing gets out of date: all of it is a function of weights, seeds and settings. It is not written to files, because a
program that has changed must simulate again.
"""

import hashlib

import msgspec

from experiments.fixtures import Fixtures
from experiments.supervisor_setup import SimulatedSupervisor
from mile_desktop.evaluation.evaluate import EpisodeResult, evaluate, evaluation_seeds
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.torch_policy import as_policy
from mile_desktop.storage.records import Episode

_FIRST_ROUNDS = 4
"""Number of first rounds that are kept: a grid runs the methods of one seed and scene one after the other."""

RoundKey = tuple[str, str, str, int, int]
"""Scene, weights, supervisor, first seed, episodes."""


class PhysicsCache:
    """Results by weights; used by one thread."""

    def __init__(self) -> None:
        self._outcomes: dict[tuple[str, str], str] = {}
        self._rounds: dict[RoundKey, tuple[Episode, ...]] = {}

    def outcomes(self, fixtures: Fixtures, network: PolicyNetwork, episodes: int) -> str:
        """Return one sign for each of the first ``episodes`` evaluation starts: success, failure or crash."""
        key = fixtures.info.name, weights_digest(network)
        known = self._outcomes.get(key, "")
        if len(known) < episodes:
            policy = as_policy(network, "evaluated")
            # All evaluations begin at the same first start, so a longer one continues a shorter one.
            results = evaluate(fixtures.driven, policy, evaluation_seeds(episodes)[len(known) :])
            known += "".join(map(_sign, results))
            self._outcomes[key] = known
        return known[:episodes]

    def first_round(self, key: RoundKey) -> tuple[Episode, ...] | None:
        """Return the episodes of an earlier cell's first round; None when it was not collected yet."""
        return self._rounds.get(key)

    def keep_first_round(self, key: RoundKey, episodes: tuple[Episode, ...]) -> None:
        """Keep a first round for the next cells; the oldest is dropped."""
        self._rounds[key] = episodes
        while len(self._rounds) > _FIRST_ROUNDS:
            # A dictionary keeps its order: the first key is the oldest.
            del self._rounds[next(iter(self._rounds))]


def round_key(
    fixtures: Fixtures, network: PolicyNetwork, supervision: SimulatedSupervisor, first_seed: int, episodes: int
) -> RoundKey:
    """Return all that a first round depends on."""
    supervisor = msgspec.json.encode(supervision, order="deterministic").decode()
    return fixtures.info.name, weights_digest(network), supervisor, first_seed, episodes


def weights_digest(network: PolicyNetwork) -> str:
    """Return a digest of all weights and buffers; policies with equal ones act alike."""
    digest = hashlib.blake2b(digest_size=16)
    # Sorted: the order in which a network names its tensors does not change how it acts.
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _sign(result: EpisodeResult) -> str:
    return "x" if result.crash else str(int(result.success))
