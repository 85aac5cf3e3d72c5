"""How much of the imitation each step gets."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.objectives import (
    OBJECTIVES,
    SampleWeights,
    UnknownMethodError,
    WeightingContext,
    calm_steps,
    objective,
    steps_before_intervention,
    steps_followed_through,
)

LONG = "." * 18 + "h"


def steps(human: str, *, episodes: tuple[int, ...] | None = None) -> SupervisedSteps:
    """``h`` human, ``.`` robot, ``d`` demonstration."""
    count = len(human)
    values = torch.zeros(count, 2)
    return SupervisedSteps(
        observation=values,
        action=values,
        human_action=values,
        policy_mean=values,
        policy_std=values + 1,
        intervention=torch.tensor([each == "h" for each in human], dtype=torch.bool),
        demonstration=torch.tensor([each == "d" for each in human], dtype=torch.bool),
        success=torch.zeros(count, dtype=torch.bool),
        episode=torch.tensor(episodes or (0,) * count),
        step=torch.arange(count),
        episode_ids=("a", "b", "c"),
    )


def mass(name: str, human: str, share: float = 0.5, silent_weight: float = 0.0) -> SampleWeights:
    return objective(name).sample_weights(steps(human), WeightingContext(human.count("d"), share, silent_weight))


@pytest.mark.parametrize("name", OBJECTIVES)
@settings(deadline=None)
@given(human=st.text("h.d", min_size=1, max_size=60), share=st.floats(0.01, 0.9))
def test_the_mass_is_one_or_nothing_and_never_negative(name: str, human: str, share: float) -> None:
    found = mass(name, human, share)
    assert (found.supervised >= 0).all()
    assert found.anchors >= 0
    assert not found.supervised[torch.tensor([each == "d" for each in human])].any()
    something = bool(found.supervised.any()) or "d" in human
    assert float(found.supervised.sum()) + found.anchors == pytest.approx(float(something), abs=1e-5)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_without_anchors_nothing_is_set_aside_for_them(name: str) -> None:
    found = mass(name, "..hh", 0.0)
    assert found.anchors == 0
    assert found.supervised.sum() == pytest.approx(1)


@pytest.mark.parametrize("name", ["mile", "hg-dagger"])
def test_corrections_only(name: str) -> None:
    found = mass(name, ".h.hd")
    torch.testing.assert_close(found.supervised, torch.tensor([0, 0.25, 0, 0.25, 0]))
    assert found.anchors == 0.5


def test_anchors_that_are_more_weigh_more() -> None:
    """A single correction is worth no more than a single demonstrated step, however few there are."""
    found = mass("hg-dagger", "h" + "d" * 99)
    assert found.anchors == pytest.approx(0.99)
    assert found.supervised[0] == pytest.approx(0.01)


def test_silence_is_imitated_by_its_weight() -> None:
    found = mass("mile", "..h", 0.0, silent_weight=0.25).supervised
    torch.testing.assert_close(found, torch.tensor([1.0, 1.0, 4.0]) / 6)


def test_what_follows_a_tap_is_imitated_like_the_tap() -> None:
    found = (
        objective("mile")
        .sample_weights(steps("..h....h"), WeightingContext(0, 0.0, silent_weight=0.25, follow_through=3))
        .supervised
    )
    torch.testing.assert_close(found, torch.tensor([0.25, 0.25, 1, 1, 1, 0.25, 0.25, 1]) / 5)


@settings(deadline=None)
@given(human=st.text("h.d", min_size=1, max_size=40), length=st.integers(1, 12))
def test_takeovers_as_long_as_the_follow_through_are_what_hg_dagger_imitates(human: str, length: int) -> None:
    held = human.replace("h", "h" * length + ".")
    ours = objective("mile").sample_weights(steps(held), WeightingContext(held.count("d"), 0.5, follow_through=length))
    theirs = objective("hg-dagger").sample_weights(steps(held), WeightingContext(held.count("d"), 0.5))
    assert torch.equal(ours.supervised, theirs.supervised)
    assert ours.anchors == theirs.anchors


@pytest.mark.parametrize("horizon", [0, 1])
def test_without_a_horizon_nothing_is_followed_through(horizon: int) -> None:
    assert not steps_followed_through(steps(".h..h"), horizon).any()


def test_a_takeover_is_followed_through_within_its_episode_alone() -> None:
    found = steps_followed_through(steps(".h.hh....h" + "..." + "ddd", episodes=(0,) * 10 + (1,) * 3 + (2,) * 3), 4)
    assert found.nonzero().squeeze(-1).tolist() == [2, 5, 6]


def test_behaviour_cloning_takes_every_step_alike() -> None:
    torch.testing.assert_close(mass("bc", ".h..d", 0.2).supervised[:4], torch.full((4,), 0.2))


def test_iwr_gives_interventions_and_the_rest_half_the_mass_each() -> None:
    found = mass("iwr", "h....", 0.0).supervised
    torch.testing.assert_close(found, torch.tensor([0.5, 0.125, 0.125, 0.125, 0.125]))


def test_sirius_weighs_four_classes() -> None:
    human = "d" * 20 + "." * 60 + "." * 15 + "h" * 5
    found = mass("sirius", human)
    assert found.anchors == pytest.approx(0.2)
    assert found.supervised[95:].sum() == pytest.approx(0.5, abs=1e-4)
    assert found.supervised[80:95].sum() == pytest.approx(0.002, abs=1e-5)
    assert found.supervised[20:80].sum() == pytest.approx(0.298, abs=1e-4)


def test_sirius_never_weighs_robot_steps_below_nothing() -> None:
    found = mass("sirius", "d" * 80 + "." * 30 + "h" * 5)
    assert (found.supervised >= 0).all()
    assert found.anchors + found.supervised.sum() == pytest.approx(1)


def test_steps_before_a_takeover_stay_within_their_episode() -> None:
    found = steps_before_intervention(steps("..." + "..h.h" + "...", episodes=(0,) * 3 + (1,) * 5 + (2,) * 3), 2)
    assert found.tolist() == [False] * 3 + [True, True, False, True, False] + [False] * 3


def test_only_mile_learns_from_silence() -> None:
    assert {name for name, method in OBJECTIVES.items() if method.info.learns_from_decisions} == {"mile", "mile-iwr"}


def test_an_unknown_method_names_the_known_ones() -> None:
    with pytest.raises(UnknownMethodError, match="'dagger'; the methods with one are mile, bc, hg-dagger"):
        objective("dagger")


def successful(human: str, *, episodes: tuple[int, ...] | None = None) -> SupervisedSteps:
    found = steps(human, episodes=episodes)
    return replace(found, success=torch.ones(len(found), dtype=torch.bool))


def test_calm_are_the_robots_steps_of_successes_far_from_the_next_takeover() -> None:
    line = "." * 20 + "hh" + "." * 5
    assert calm_steps(successful(line)).tolist() == [True] * 5 + [False] * 17 + [True] * 5
    assert not calm_steps(steps(line)).any(), "no success"
    apart = successful("....h", episodes=(0, 0, 0, 0, 1))
    assert calm_steps(apart).tolist() == [True] * 4 + [False], "the takeover belongs to another episode"


def test_without_takeovers_only_calm_steps_and_demonstrations_are_imitated() -> None:
    human = f"dd{'.' * 20}hhh....{'.' * 20}h"
    context = WeightingContext(2, 0.5, follow_through=10, calm_weight=1.0, takeover_weight=0.0)
    weights = objective("mile").sample_weights(successful(human), context)
    calm = calm_steps(successful(human))
    assert calm.any()
    assert (weights.supervised > 0).tolist() == calm.tolist(), "neither takeovers nor what follows them"
    assert weights.anchors == 0.5


@pytest.mark.parametrize(
    ("human", "share", "counts"),
    [("...h", 0.0, False), (LONG, 0.5, True), (f"d{LONG}", 0.5, True), (f"d{LONG}", 0.0, True)],
)
def test_calm_steps_count_like_corrections_with_and_without_demonstrations(
    human: str, share: float, counts: bool
) -> None:
    context = WeightingContext(human.count("d"), share, calm_weight=1.0)
    weights = objective("mile").sample_weights(successful(human), context).supervised
    robot = torch.tensor([each == "." for each in human])
    assert bool(weights[robot].any()) == counts
    assert weights[robot].max() == (weights[~robot].max() if counts else 0)
