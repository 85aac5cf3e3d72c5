"""p(ν∣s) against the sampled estimator: rows 1 and 2 of the benchmark table.

Usage: ``python benchmarks/intervention_probability.py [--json FILE] [--repeats N]``. Everything is timed side by side
on one thread, in turns, so that the ratios hold on a busy machine; medians with their quartiles.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.distributions import Independent, Normal

from mile_desktop.intervention import gaussian_intervention_log_probability, gaussian_intervention_probability
from mile_desktop.intervention.probability_numpy import gaussian_probability_of_one
from mile_desktop.policies.networks import GaussianMlp
from mile_desktop.policies.networks_numpy import OneStateGaussian

OBSERVATIONS, ACTIONS, BATCH, DRAWS = 100, 4, 1024, 1000
COST, SCALE = 2.0, 2.0

Pair = tuple[torch.Tensor, torch.Tensor]
Estimator = Callable[[Pair, Pair], torch.Tensor]


def sampled(human: Pair, mental: Pair) -> torch.Tensor:
    """Monte Carlo over both expectations, as in the publication: 1000 + 1000 draws a state, reparametrised."""
    policy = Independent(Normal(*human), 1)
    believed = Independent(Normal(*mental), 1)
    expected = policy.log_prob(believed.rsample((DRAWS,))).mean(0)
    gain = policy.log_prob(policy.rsample((DRAWS,))) - expected - COST
    return torch.special.ndtr(gain / SCALE).mean(0)


def exact(human: Pair, mental: Pair) -> torch.Tensor:
    return gaussian_intervention_probability(*human, *mental, cost=COST, cdf_scale=SCALE)


def sampled_loss(human: Pair, mental: Pair, intervention: torch.Tensor) -> torch.Tensor:
    p = sampled(human, mental).clamp(1e-6, 1 - 1e-6)
    return torch.nn.functional.binary_cross_entropy(p, intervention)


def exact_loss(human: Pair, mental: Pair, intervention: torch.Tensor) -> torch.Tensor:
    log_p, log_not_p = gaussian_intervention_log_probability(*human, *mental, cost=COST, cdf_scale=SCALE)
    return -(intervention * log_p + (1 - intervention) * log_not_p).mean()


def in_turns(jobs: dict[str, Callable[[], object]], repeats: int, inner: int) -> dict[str, list[float]]:
    """Return seconds a call of each job, ``repeats`` samples over ``inner`` calls, taken in turns."""
    for job in jobs.values():
        job()
    samples: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            begin = time.perf_counter()
            for _ in range(inner):
                job()
            samples[name].append((time.perf_counter() - begin) / inner)
    return samples


def one_state(repeats: int) -> dict[str, list[float]]:
    human, mental = GaussianMlp(OBSERVATIONS, ACTIONS), GaussianMlp(OBSERVATIONS, ACTIONS)
    observation = torch.randn(1, OBSERVATIONS)
    one_human, one_mental, entries = OneStateGaussian(human), OneStateGaussian(mental), observation[0].numpy()
    with torch.inference_mode():
        pairs = human(observation), mental(observation)
        return in_turns(
            {
                "two forward passes": lambda: (human(observation), mental(observation)),
                "exact p alone": lambda: exact(*pairs),
                "sampled p alone": lambda: sampled(*pairs),
                "exact, with both networks": lambda: exact(human(observation), mental(observation)),
                "two forward passes, one state": lambda: (one_human(entries), one_mental(entries)),
                "exact, with both, one state": lambda: gaussian_probability_of_one(
                    one_human(entries), one_mental(entries), cost=COST, cdf_scale=SCALE
                ),
                "sampled, with both networks": lambda: sampled(human(observation), mental(observation)),
            },
            repeats,
            inner=20,
        )


def training_step(repeats: int) -> dict[str, list[float]]:
    observation = torch.randn(BATCH, OBSERVATIONS)
    action = torch.rand(BATCH, ACTIONS) * 2 - 1
    intervention = (torch.rand(BATCH) < 0.3).float()
    jobs: dict[str, Callable[[], object]] = {}
    for name, loss in (("networks and likelihood only", None), ("exact", exact_loss), ("sampled", sampled_loss)):
        human, mental = GaussianMlp(OBSERVATIONS, ACTIONS), GaussianMlp(OBSERVATIONS, ACTIONS)
        optimiser = torch.optim.Adam([*human.parameters(), *mental.parameters()], lr=1e-5)

        def step(
            human: GaussianMlp = human,
            mental: GaussianMlp = mental,
            optimiser: torch.optim.Optimizer = optimiser,
            loss: Callable[[Pair, Pair, torch.Tensor], torch.Tensor] | None = loss,
        ) -> None:
            optimiser.zero_grad()
            mine, believed = human(observation), mental(observation)
            likelihood = Independent(Normal(*mine), 1).log_prob(action)
            total = -(likelihood * intervention).mean() + 0 * believed[0].sum()
            if loss is not None:
                total = total + loss(mine, believed, intervention)
            total.backward()
            optimiser.step()

        jobs[name] = step
    return in_turns(jobs, repeats, inner=1)


def summary(samples: dict[str, list[float]], unit: float) -> dict[str, dict[str, float]]:
    rows = {}
    for name, values in samples.items():
        low, median, high = statistics.quantiles(values, n=4)
        rows[name] = {"median": median * unit, "quartiles": [low * unit, high * unit]}
    return rows


def table(title: str, rows: dict[str, dict[str, float]], unit: str) -> None:
    print(title)
    for name, row in rows.items():
        low, high = row["quartiles"]
        print(f"  {name:32s} {row['median']:10.1f} {unit}   [{low:.1f} – {high:.1f}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--json", type=Path, help="also write the result here")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    state = summary(one_state(arguments.repeats), 1e6)
    step = summary(training_step(max(7, arguments.repeats // 8)), 1e3)
    ratios = {
        "one state, p alone: sampled / exact": state["sampled p alone"]["median"] / state["exact p alone"]["median"],
        "one state with networks: sampled / exact": state["sampled, with both networks"]["median"]
        / state["exact, with both, one state"]["median"],
        "one state with networks, all tensors: sampled / exact": state["sampled, with both networks"]["median"]
        / state["exact, with both networks"]["median"],
        "one state: exact / two forward passes": state["exact, with both, one state"]["median"]
        / state["two forward passes, one state"]["median"],
        "one state, all tensors: exact / two forward passes": state["exact, with both networks"]["median"]
        / state["two forward passes"]["median"],
        "training step: sampled / exact": step["sampled"]["median"] / step["exact"]["median"],
    }
    table("One state, both networks", state, "µs")
    table(f"Training step, batch {BATCH}", step, "ms")
    for name, value in ratios.items():
        print(f"  {name:54s} {value:8.2f}")
    result = {
        "benchmark": "intervention_probability",
        "one_state_us": state,
        "training_step_ms": step,
        "ratios": ratios,
        "sizes": {"observation": OBSERVATIONS, "action": ACTIONS, "hidden": [256, 256], "draws": 2 * DRAWS},
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "threads": 1,
    }
    text = json.dumps(result)
    print(text)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
