"""The gate: only held-out takeovers count, and a human that is no better than the policy is refused."""

import torch

from mile_desktop.generation.gate import LEAST_TAKEOVERS, check_gate
from mile_desktop.intervention.data import SupervisedSteps
from tests.generation.conftest import MakeModel

STEPS = 6
"""Of each episode; the person drives in two of them."""


def recorded(episodes: int, *, person: float, robot: float) -> SupervisedSteps:
    """Return episodes with one takeover each, in which person and robot always do the same."""
    count = episodes * STEPS
    step = torch.arange(count) % STEPS
    intervention = (step == 2) | (step == 3)
    human = torch.where(intervention[:, None], torch.full((count, 2), person), torch.tensor(float("nan")))
    return SupervisedSteps(
        observation=torch.zeros(count, 3),
        action=torch.zeros(count, 2),
        human_action=human,
        policy_mean=torch.full((count, 2), robot),
        policy_std=torch.full((count, 2), 0.1),
        intervention=intervention,
        demonstration=torch.zeros(count, dtype=torch.bool),
        success=torch.ones(count, dtype=torch.bool),
        episode=torch.arange(count) // STEPS,
        step=step,
        episode_ids=tuple(f"ep-{number}" for number in range(episodes)),
    )


def test_a_human_nearer_to_the_person_than_the_policy_may_supervise(resting_human: MakeModel) -> None:
    found = check_gate(resting_human(), recorded(6, person=0.1, robot=0.8))
    assert found.takeovers == 6
    assert abs(found.human_error - 0.1) < 1e-6
    assert abs(found.policy_error - 0.7) < 1e-6
    assert found.refused == ""
    assert found.text == "In 6 held-out takeovers the learned human is 0.10 from what you did, the policy 0.70."


def test_a_human_no_nearer_than_the_policy_is_refused(resting_human: MakeModel) -> None:
    found = check_gate(resting_human(), recorded(6, person=0.8, robot=0.7))
    assert found.refused == (
        "Nothing is generated: in 6 held-out takeovers the learned human is 0.80 from what you did and the policy "
        "0.10, so it has nothing to teach. Take over more often, then retrain."
    )


def test_few_takeovers_are_refused(resting_human: MakeModel) -> None:
    found = check_gate(resting_human(), recorded(LEAST_TAKEOVERS - 1, person=0.1, robot=0.8))
    assert "4 takeovers can be used to check the learned human, at least 5 are needed" in found.refused


def test_takeovers_that_every_member_has_seen_do_not_count(resting_human: MakeModel) -> None:
    steps = recorded(8, person=0.1, robot=0.8)
    seen = steps.episode_ids
    model = resting_human(episode_ids=seen, left_out=((seen[0],), (seen[1],), ()))
    assert check_gate(model, steps).takeovers == 2
    assert check_gate(resting_human(episode_ids=seen, left_out=((), (), ())), steps).takeovers == 0
