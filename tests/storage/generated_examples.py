"""Sets of generated episodes for tests: written as ``generate`` writes them, from made-up steps."""

from mile_desktop.storage.generated_sets import GENERATED, GeneratedSet, write_set
from mile_desktop.storage.records import SHIFT_RANGES, Episode
from mile_desktop.storage.steps import stack, summarise
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, some_steps

RANGES = {"friction": [0.5, 1.5], "delay_steps": [0, 3], "bias": [0.0, 0.01]}


def write_example(
    workspace: Workspace,
    set_id: str = "run-1",
    *,
    created_at: str = "2026-01-05T10:00:00+00:00",
    seed: int = 5_000_000,
    policy_id: str = "p1",
) -> tuple[Episode, ...]:
    """Write a set of two episodes, the second without a takeover, and return them."""
    episodes = []
    for number, human in enumerate(([False, True, True, False], [False, False, False])):
        steps = some_steps(human)
        start = a_start(
            f"p1-{seed + number}", seed=seed + number, policy_id=policy_id, operator="learned human", started_at="",
            extra={GENERATED: set_id, SHIFT_RANGES: RANGES},
        )  # fmt: skip
        episodes.append(stack(summarise(start, steps, "success"), steps))
    described = GeneratedSet(
        set_id=set_id, scene="peg-insertion", policy_id=policy_id, model_id="im-7", randomisation="usual 00",
        created_at=created_at, first_seed=seed, tried=3, episodes=2, steps=7, takeovers=1, corrected_steps=2,
    )  # fmt: skip
    write_set(workspace, described, tuple(episodes))
    return tuple(episodes)
