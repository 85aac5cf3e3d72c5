"""Episodes as tensors, and splits that never tear an episode."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.learning.dataset import (
    DatasetError,
    human_targets,
    select_steps,
    split_episodes,
    steps_of,
    supervised_steps,
    usable_episodes,
)
from mile_desktop.learning.trainer import initial_networks
from mile_desktop.learning.trainer.initial_networks import device_problem, training_device
from mile_desktop.storage.errors import EpisodeFileError
from mile_desktop.storage.records import Episode
from tests.learning.toy import ACTIONS, OBSERVATIONS, a_step, as_episode, demonstrations


def episode(name: str, human: list[bool], *, operator: str = "gamepad", observation: int = OBSERVATIONS) -> Episode:
    steps = [
        a_step(
            np.full(observation, index, np.float32),
            np.full(ACTIONS, 0.1 * index, np.float32),
            human=each,
            mean=np.zeros(ACTIONS, np.float32),
            std=np.ones(ACTIONS, np.float32),
        )
        for index, each in enumerate(human)
    ]
    return as_episode(name, steps, operator=operator)


def test_every_step_of_every_episode_is_there_in_order() -> None:
    steps = supervised_steps([episode("a", [False, True]), episode("b", [False] * 3)])
    assert len(steps) == 5
    assert steps.episode.tolist() == [0, 0, 1, 1, 1]
    assert steps.step.tolist() == [0, 1, 0, 1, 2]
    assert steps.intervention.tolist() == [False, True, False, False, False]
    assert steps.human_action.isnan().any(1).tolist() == [True, False, True, True, True]
    assert steps.episode_ids == ("a", "b")
    tensors = (steps.observation, steps.action, steps.human_action, steps.policy_mean, steps.policy_std)
    assert all(each.is_contiguous() and each.dtype == torch.float32 for each in tensors)


@pytest.mark.parametrize("operator", ["demonstration", "expert"])
def test_the_operator_makes_a_demonstration(operator: str) -> None:
    steps = supervised_steps([episode("a", [False, False], operator=operator), episode("b", [True])])
    assert steps.demonstration.tolist() == [True, True, False]
    assert steps.policy_mean[:2].isnan().all()
    assert not steps.policy_mean[2].isnan().any()


def test_demonstrations_are_some_whatever_their_operator_says_and_silence_says_nothing_there() -> None:
    steps = supervised_steps([], [episode("a", [True, False])])
    assert steps.demonstration.all()
    assert not steps.intervention.any()


def test_the_target_is_the_human_command_where_there_is_one() -> None:
    steps = supervised_steps([episode("a", [False, True])])
    steps.human_action[1] = 0.9  # a safety limit executed something else
    targets = human_targets(steps)
    torch.testing.assert_close(targets[0], steps.action[0])
    torch.testing.assert_close(targets[1], torch.full((ACTIONS,), 0.9))


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(DatasetError, match="no recorded step"):
        supervised_steps([])


def test_episodes_of_different_scenes_do_not_mix() -> None:
    with pytest.raises(DatasetError, match="Episode b has 7 observation and 2 action entries, episode a has 3 and 2"):
        supervised_steps([episode("a", [False]), episode("b", [False], observation=7)])


def test_values_that_are_not_finite_name_their_episode() -> None:
    broken = episode("bad", [False, True])
    broken.human_action[1, 0] = np.nan
    with pytest.raises(DatasetError, match="Episode bad holds values that are not finite"):
        supervised_steps([broken])


@given(count=st.integers(0, 40), demos=st.integers(0, 10), share=st.floats(0, 0.5), seed=st.integers(0, 99))
def test_no_episode_is_ever_torn(count: int, demos: int, share: float, seed: int) -> None:
    episodes = [episode(f"e{index}", [False, True, False]) for index in range(count)]
    if not count and not demos:
        return
    steps = supervised_steps(episodes, [episode(f"d{index}", [False] * 2) for index in range(demos)])
    split = split_episodes(steps, share=share, seed=seed)
    assert set(split.train.episode.tolist()).isdisjoint(split.held_out.episode.tolist())
    assert len(split.train) + len(split.held_out) == len(steps)
    assert len(set(split.train.episode.tolist())) >= (count + demos) / 2
    if count < 5:
        assert split.held_out.demonstration.all()


def test_what_was_held_out_names_once_is_held_out_names_in_later_rounds() -> None:
    held_out_ids: set[str] = set()
    for count in range(5, 40):
        steps = supervised_steps([episode(f"e{index}", [False]) for index in range(count)])
        now = split_episodes(steps, share=0.2, seed=3)
        trained = {steps.episode_ids[index] for index in now.train.episode.unique().tolist()}
        smallest_may_return = trained & held_out_ids
        assert len(smallest_may_return) <= 1, "only the stand-in of a small data set returns to training"
        held_out_ids = {steps.episode_ids[index] for index in now.held_out.episode.unique().tolist()}
    assert 3 <= len(held_out_ids) <= 14


def test_demonstrations_are_held_out_names_too() -> None:
    split = split_episodes(supervised_steps([], demonstrations(8)), share=0.1, seed=0)
    assert split.held_out.demonstration.all()
    assert len(split.held_out)


@given(seed=st.integers(0, 50))
def test_episodes_without_a_selected_step_are_not_held_out(seed: int) -> None:
    recorded = [episode(f"e{index}", [False, True]) for index in range(5)]
    steps = supervised_steps(recorded, [episode(f"d{index}", [False]) for index in range(20)])
    split = split_episodes(select_steps(steps, ~steps.demonstration), share=0.3, seed=seed)
    assert len(split.held_out)
    assert len(split.train) >= len(split.held_out)


def test_steps_are_found_by_episode() -> None:
    steps = supervised_steps([episode("a", [False]), episode("b", [False, True])])
    assert steps_of(steps, ["b", "unknown"]).tolist() == [False, True, True]


def test_one_bad_episode_is_left_out_and_said() -> None:
    broken = episode("bad", [False, True])
    broken.human_action[1, 0] = np.nan

    def unreadable() -> Episode:
        raise EpisodeFileError("gone.parquet cannot be read.")

    usable = usable_episodes([("good", lambda: episode("good", [True])), ("bad", lambda: broken), ("gone", unreadable)])
    assert [each.record.episode_id for each in usable.episodes] == ["good"]
    assert usable.left_out == ("bad", "gone")
    assert usable.text == (
        "2 episodes are left out: Episode bad holds values that are not finite; delete it in Inspect."
    )
    assert usable_episodes([("good", lambda: episode("good", [True]))]).text == ""


def test_a_graphics_card_that_only_says_that_it_is_there_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    initial_networks._cuda_failure.cache_clear()
    try:
        assert training_device("auto") == torch.device("cpu")
        assert device_problem("auto").startswith("The graphics card cannot be used (")
        assert device_problem("auto").endswith("; the training runs on the processor.")
        assert device_problem("cpu") == ""
    finally:
        initial_networks._cuda_failure.cache_clear()
