"""Retraining against per-sample collation and a sampled p: rows 2 and 3 of the benchmark table.

Usage: ``python benchmarks/training_step.py [--json FILE] [--repeats N] [--episodes N] [--epochs N]``. The published
form is trained on both sides (one Adam over policy and mental model, λ = ½), on the same made-up episodes, networks and
epochs. The other side reads sample by sample through a data loader and estimates p from 1000 + 1000 draws a state.
Training steps are taken in turns on one thread; of a whole retraining, both sides one after the other, several times.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch.distributions import Independent, Normal
from torch.utils.data import DataLoader, Dataset

from mile_desktop.intervention.cost_fit import Threshold
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.batches import build_training_data
from mile_desktop.learning.criterion import Criterion, Networks
from mile_desktop.learning.method_info import published_settings
from mile_desktop.learning.objectives import objective
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.trainer.initial_networks import new_network
from mile_desktop.learning.trainer.trainer import Trainer
from mile_desktop.policies.checkpoint import PolicyNetwork

OBSERVATIONS, ACTIONS, LENGTH, BATCH, DRAWS = 100, 4, 150, 1024, 1000
COST, SCALE = 2.0, 2.0
Pair = tuple[torch.Tensor, torch.Tensor]
Sample = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def some_steps(episodes: int) -> SupervisedSteps:
    """Return made-up steps, a quarter of them corrections."""
    random = torch.Generator().manual_seed(0)
    count = episodes * LENGTH

    def noise(size: int) -> torch.Tensor:
        return torch.rand(count, size, generator=random) * 2 - 1

    human = torch.rand(count, generator=random) < 0.25
    action = noise(ACTIONS)
    return SupervisedSteps(
        observation=noise(OBSERVATIONS),
        action=action,
        human_action=torch.where(human[:, None], action, torch.nan),
        policy_mean=noise(ACTIONS),
        policy_std=torch.full((count, ACTIONS), 0.2),
        intervention=human,
        demonstration=torch.zeros(count, dtype=torch.bool),
        success=torch.zeros(count, dtype=torch.bool),
        episode=torch.arange(count) // LENGTH,
        step=torch.arange(count) % LENGTH,
        episode_ids=tuple(f"episode-{index}" for index in range(episodes)),
    )


class SampleBySample(Dataset[Sample]):
    """One step a sample, collated by the data loader."""

    def __init__(self, steps: SupervisedSteps) -> None:
        self._samples = [
            {"observation": seen, "action": action, "intervention": human}
            for seen, action, human in zip(
                steps.observation.numpy(), steps.action.numpy(), steps.intervention.numpy(), strict=True
            )
        ]

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Sample:
        each = self._samples[index]
        return (
            torch.as_tensor(each["observation"]),
            torch.as_tensor(each["action"]),
            torch.as_tensor(float(each["intervention"])),
        )


def sampled_probability(human: Pair, mental: Pair) -> torch.Tensor:
    policy = Independent(Normal(*human), 1)
    expected = policy.log_prob(Independent(Normal(*mental), 1).rsample((DRAWS,))).mean(0)
    gain = policy.log_prob(policy.rsample((DRAWS,))) - expected - COST
    return torch.special.ndtr(gain / SCALE).mean(0)


def sampled_step(
    networks: tuple[PolicyNetwork, PolicyNetwork],
    optimiser: torch.optim.Optimizer,
    observation: torch.Tensor,
    action: torch.Tensor,
    intervention: torch.Tensor,
) -> None:
    human, mental = (network(observation) for network in networks)
    p = sampled_probability(human, mental).clamp(1e-6, 1 - 1e-6)
    stepped_in = torch.nn.functional.binary_cross_entropy(p, intervention)
    likelihood = Independent(Normal(*human), 1).log_prob(action)
    imitation = -(likelihood * intervention).sum() / intervention.sum().clamp_min(1)
    loss = 0.5 * stepped_in + 0.5 * imitation
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def retrain_sampled(steps: SupervisedSteps, settings: TrainingSettings, start: PolicyNetwork) -> None:
    networks = (start, new_network(steps, settings))
    optimiser = torch.optim.Adam([each for network in networks for each in network.parameters()], lr=5e-4)
    loader = DataLoader(SampleBySample(steps), batch_size=BATCH, shuffle=True)
    for _ in range(settings.epochs):
        for observation, action, intervention in loader:
            sampled_step(networks, optimiser, observation, action, intervention.float())


def retrain(steps: SupervisedSteps, settings: TrainingSettings, start: PolicyNetwork) -> None:
    Trainer(steps, settings, start=start).run()


def step_jobs(steps: SupervisedSteps, settings: TrainingSettings) -> dict[str, Callable[[], None]]:
    """Return one training step of each side on the same batch."""
    method = objective("mile")
    data = build_training_data(steps, method.sample_weights, anchor_share=0.0, device=torch.device("cpu"))
    rows = torch.arange(BATCH)
    batch = data.batch(rows, rows[:0])

    def exact() -> Callable[[], None]:
        networks = Networks(new_network(steps, settings), new_network(steps, settings))
        criterion = Criterion(method, settings, networks.policy)
        optimiser = torch.optim.Adam([*networks.policy.parameters(), *_mental(networks).parameters()], fused=True)

        def step() -> None:
            losses = criterion.losses(networks, batch, Threshold(COST, SCALE))
            optimiser.zero_grad(set_to_none=True)
            losses.total.backward()
            optimiser.step()

        return step

    def sampled() -> Callable[[], None]:
        networks = (new_network(steps, settings), new_network(steps, settings))
        optimiser = torch.optim.Adam([each for network in networks for each in network.parameters()])

        def step() -> None:
            sampled_step(networks, optimiser, batch.observation, batch.target, batch.intervention)

        return step

    return {"exact": exact(), "sampled": sampled()}


def _mental(networks: Networks) -> PolicyNetwork:
    if networks.mental is None:
        raise ValueError("The published form has a mental model of its own.")
    return networks.mental


def in_turns(jobs: dict[str, Callable[[], None]], repeats: int) -> dict[str, list[float]]:
    """Return ``repeats`` durations in seconds of each job, taken in turns after one that is not counted."""
    for job in jobs.values():
        job()
    samples: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            begin = time.perf_counter()
            job()
            samples[name].append(time.perf_counter() - begin)
    return samples


def summary(samples: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    return {
        name: {"median_s": statistics.median(values), "least_s": min(values), "most_s": max(values)}
        for name, values in samples.items()
    }


def measure(repeats: int, episodes: int, epochs: int) -> dict[str, object]:
    steps = some_steps(episodes)
    settings = replace(published_settings(), epochs=epochs, cost=COST, cdf_scale=SCALE, held_out=0.0, device="cpu")
    start = new_network(steps, settings)
    step = summary(in_turns(step_jobs(steps, settings), repeats))
    whole = summary(
        in_turns(
            {
                "exact": lambda: retrain(steps, settings, start),
                "sampled": lambda: retrain_sampled(steps, settings, new_network(steps, settings)),
            },
            max(3, repeats // 5),
        )
    )
    return {
        "benchmark": "training_step",
        "training_step": step,
        "retraining": whole,
        "ratios": {
            "training_step": step["sampled"]["median_s"] / step["exact"]["median_s"],
            "retraining": whole["sampled"]["median_s"] / whole["exact"]["median_s"],
        },
        "sizes": {
            "observation": OBSERVATIONS,
            "action": ACTIONS,
            "hidden": [256, 256],
            "batch": BATCH,
            "draws": 2 * DRAWS,
            "steps": len(steps),
            "epochs": epochs,
        },
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "seed": 0,
    }


def show(result: dict[str, object]) -> None:
    for key, title in (("training_step", f"Training step, batch {BATCH}"), ("retraining", "Whole retraining")):
        print(title)
        for name, row in result[key].items():
            least, most = row["least_s"] * 1e3, row["most_s"] * 1e3
            print(f"  {name:10s} {row['median_s'] * 1e3:10.1f} ms   [{least:.1f} – {most:.1f}]")
        print(f"  sampled / exact {result['ratios'][key]:6.1f}   to beat 10")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the result here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    result = measure(options.repeats, options.episodes, options.epochs)
    show(result)
    text = json.dumps(result)
    print(text)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
