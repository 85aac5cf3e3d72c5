from dataclasses import replace

import numpy as np
import pybullet
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.manipulation import FRAMES, ManipulationEnv
from mile_desktop.scenes.snapshots import UnknownSnapshotError
from tests.scenes.wandering import HOLD, random_actions


def roll(env: ManipulationEnv, seed: int, actions: Float32Array) -> Float32Array:
    first, _ = env.reset(seed=seed)
    return np.array([first, *(env.step(action)[0] for action in actions)])


def noisy_expert_actions(env: ManipulationEnv, seed: int, steps: int) -> Float32Array:
    """Actions that lead through all the contacts there are."""
    expert, rng = load_expert(env.scene), np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    actions = []
    for _ in range(steps):
        action = np.clip(expert(observation) + rng.normal(0, 0.3, 4), -1, 1).astype(np.float32)
        actions.append(action)
        observation, *_ = env.step(action)
    return np.array(actions)


# ── the gymnasium contract ───────────────────────────────────────────────────────────────────────────────────────


def test_gymnasiums_checker_has_nothing_to_say(env: ManipulationEnv) -> None:
    check_env(env, skip_render_check=True)


def test_labels_name_every_entry_of_the_observation(env: ManipulationEnv) -> None:
    size = len(env.measurements)
    assert len(env.observation_labels) == env.observation_space.shape[0] == FRAMES * size
    assert env.observation_labels[-1] == f"{env.measurements[-1].label} @ t"
    assert env.observation_labels[0].endswith("@ t-3")


def test_the_observation_stacks_the_last_four_frames_oldest_first(env: ManipulationEnv) -> None:
    observations = roll(env, 0, random_actions(0, 6)).reshape(7, FRAMES, -1)
    np.testing.assert_array_equal(observations[0], np.repeat(observations[0][:1], 4, axis=0))
    np.testing.assert_array_equal(observations[6], observations[3:7, 3])


def test_doing_nothing_ends_after_the_catalogues_number_of_steps(
    env: ManipulationEnv,
) -> None:
    env.reset(seed=0)
    for step in range(1, env.max_steps + 1):
        _, reward, terminated, truncated, info = env.step(HOLD)
        assert (reward, terminated, truncated, info["step"]) == (0.0, False, step == env.max_steps, step)


@pytest.mark.parametrize("action", [[0, 0, np.nan, 0], [np.inf, 0, 0, 0], [0, 0, 0], [[0, 0, 0, 0]]])
def test_an_impossible_action_is_refused_and_moves_nothing(peg_env: ManipulationEnv, action: list[float]) -> None:
    peg_env.reset(seed=0)
    before = peg_env.scene_state()
    with pytest.raises(ValueError, match="4 finite values"):
        peg_env.step(np.array(action, np.float32))
    np.testing.assert_array_equal(peg_env.scene_state(), before)


# ── reproducibility ──────────────────────────────────────────────────────────────────────────────────────────────


@given(seed=st.integers(0, 10_000), others=st.lists(st.integers(0, 10_000), min_size=1, max_size=2))
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_seed_and_actions_give_the_same_trajectory_whatever_ran_before(
    env: ManipulationEnv, seed: int, others: list[int]
) -> None:
    actions = np.concatenate((noisy_expert_actions(env, seed, 40), random_actions(seed, 30)))
    first = roll(env, seed, actions)
    for other in others:
        roll(env, other, random_actions(other, 25))
    np.testing.assert_array_equal(roll(env, seed, actions), first)


def test_another_instance_gives_the_same_trajectory(env: ManipulationEnv) -> None:
    actions = noisy_expert_actions(env, 5, 110)
    first = roll(env, 5, actions)
    other = ManipulationEnv(env.scene)
    try:
        roll(other, 6, random_actions(6, 30))
        np.testing.assert_array_equal(roll(other, 5, actions), first)
    finally:
        other.close()


def test_seeds_place_things_at_random(env: ManipulationEnv) -> None:
    placed = np.array([env.reset(seed=seed)[0] for seed in range(20)])
    assert (np.ptp(placed, axis=0) > 0.1).any()
    np.testing.assert_array_equal(placed[3], env.reset(seed=3)[0])


# ── snapshots ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", [0, 1])
def test_after_restoring_the_same_actions_repeat_exactly(env: ManipulationEnv, seed: int) -> None:
    actions = noisy_expert_actions(env, seed, 110)
    expected = roll(env, seed, actions)
    rng = np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    tokens = []
    for step, action in enumerate(actions):
        tokens.append(env.snapshot())
        if rng.random() < 0.3:
            for astray in random_actions(step, int(rng.integers(1, 6))):
                env.step(astray)
            np.testing.assert_array_equal(env.restore(tokens[-1]), observation)
        observation, *_ = env.step(action)
        np.testing.assert_array_equal(observation, expected[step + 1])
    for start in rng.integers(0, len(actions), 3):
        np.testing.assert_array_equal(env.restore(tokens[start]), expected[start])
        repeated = [env.step(action)[0] for action in actions[start:]]
        np.testing.assert_array_equal(repeated, expected[start + 1 :])


@pytest.mark.parametrize("usable", [(), (3, 11)], ids=["none", "some"])
def test_where_contacts_do_not_come_back_the_way_is_gone_again(env: ManipulationEnv, usable: tuple[int, ...]) -> None:
    actions = noisy_expert_actions(env, 4, 40)
    observation, _ = env.reset(seed=4)
    tokens = []
    for step, action in enumerate(actions):
        if step % 7 == 5:
            env.rebase()
        tokens.append(env.snapshot())
        observation, *_ = env.step(action)
        if step not in usable:
            env._snapshots[tokens[-1]] = replace(env._snapshots[tokens[-1]], contacts=((-1, -1, -1, -1),))
    for start in (20, 8, 0):
        env.restore(tokens[start])
        for step, action in enumerate(actions[start:], start):
            if step > start and step % 7 == 5:
                env.rebase()
            last, *_ = env.step(action)
        np.testing.assert_array_equal(last, observation)


def test_a_snapshot_keeps_counters_and_pose(peg_env: ManipulationEnv) -> None:
    peg_env.reset(seed=4)
    for action in random_actions(4, 10):
        peg_env.step(action)
    token, place, state = peg_env.snapshot(), peg_env.end_effector(), peg_env.scene_state()
    peg_env.step(np.ones(4, np.float32))
    peg_env.restore(token)
    np.testing.assert_array_equal(peg_env.end_effector(), place)
    np.testing.assert_array_equal(peg_env.scene_state(), state)
    assert peg_env.step(HOLD)[4]["step"] == 11


def test_released_and_outdated_snapshots_are_refused(peg_env: ManipulationEnv) -> None:
    peg_env.reset(seed=0)
    token = peg_env.snapshot()
    peg_env.release(token)
    for use in (peg_env.restore, peg_env.release):
        with pytest.raises(UnknownSnapshotError, match=str(token)):
            use(token)
    token = peg_env.snapshot()
    peg_env.reset(seed=0)
    with pytest.raises(UnknownSnapshotError):
        peg_env.restore(token)


# ── success ──────────────────────────────────────────────────────────────────────────────────────────────────────


def rammed(rng: np.random.Generator, steps: int) -> Float32Array:
    """Actions of a person who drives at full speed from side to side and into the table."""
    corners = rng.choice([-1.0, 0.0, 1.0], (steps // 20 + 1, 4))
    corners[1::3, 2] = -1.0
    return np.repeat(corners, 20, axis=0)[:steps].astype(np.float32)


def test_success_is_not_to_be_had_by_accident(env: ManipulationEnv) -> None:
    """Neither by wandering about nor by ramming whatever is there; doing nothing is tested above."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        for actions in (random_actions(seed, env.max_steps), rammed(rng, env.max_steps)):
            env.reset(seed=seed)
            assert not any(env.step(action)[4]["success"] for action in actions)


def test_the_fingers_are_all_that_is_tied_together(env: ManipulationEnv) -> None:
    client = env._world.client
    forces = []
    for index in range(pybullet.getNumConstraints(physicsClientId=client)):
        number = pybullet.getConstraintUniqueId(index, physicsClientId=client)
        forces.append(pybullet.getConstraintInfo(number, physicsClientId=client)[10])
    assert [force for force in forces if force > 0.0] == [60.0]


# ── control ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_zeros_hold_the_pose(peg_env: ManipulationEnv) -> None:
    peg_env.reset(seed=2)
    for action in random_actions(2, 20):
        peg_env.step(action * [1, 1, 1, 0])
    peg_env.step(HOLD)
    peg_env.step(HOLD)
    before = peg_env.end_effector()
    for _ in range(100):
        peg_env.step(HOLD)
    assert np.abs(peg_env.end_effector() - before).max() < 1e-3


def test_zeros_keep_the_grip(peg_env: ManipulationEnv) -> None:
    expert = load_expert("peg-insertion")
    observation, _ = peg_env.reset(seed=2)
    while not -0.04 < observation[-1] < -0.01:
        observation, *_ = peg_env.step(expert(observation))
    for _ in range(60):
        peg_env.rebase()
        observation, *_ = peg_env.step(HOLD)
    assert observation[-1] < -0.01
    assert np.abs(observation[-8:-5]).max() < 0.01


def test_full_speed_is_what_the_description_says(peg_env: ManipulationEnv) -> None:
    peg_env.reset(seed=0)
    peg_env.step(np.array([0, 1, 0, 0], np.float32))
    before = peg_env.end_effector()
    for _ in range(10):
        peg_env.step(np.array([0, 1, 0, 0], np.float32))
    moved = peg_env.end_effector() - before
    assert moved[1] == pytest.approx(0.5 * peg_env.description.control.max_speed, rel=0.03)
    assert np.abs(moved[[0, 2]]).max() < 0.002


@given(corner=st.tuples(*[st.sampled_from([-1.0, 0.0, 1.0])] * 3))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_end_effector_stays_in_the_workspace_hand_down(
    peg_env: ManipulationEnv, corner: tuple[float, float, float]
) -> None:
    peg_env.reset(seed=1)
    low, high = np.array(peg_env.description.workspace.low), np.array(peg_env.description.workspace.high)
    for _ in range(45):
        peg_env.step(np.array([*corner, 0], np.float32))
        assert (peg_env.end_effector() > low - 0.004).all()
        assert (peg_env.end_effector() < high + 0.004).all()


def test_rebasing_makes_nothing_jump(peg_env: ManipulationEnv) -> None:
    peg_env.reset(seed=3)
    for _ in range(8):
        peg_env.step(np.array([0.3, 1, 0, 0], np.float32))
    peg_env.step(HOLD)
    peg_env.step(HOLD)
    before = peg_env.end_effector()
    for _ in range(40):
        peg_env.rebase()
        peg_env.step(HOLD)
    assert np.abs(peg_env.end_effector() - before).max() < 1e-3


def test_after_pushing_against_the_table_rebasing_lets_go_at_once(peg_env: ManipulationEnv) -> None:
    peg_env.reset(seed=3)
    for _ in range(10):
        peg_env.step(np.array([1, 0, 0, 1], np.float32))
    # the stand is in the way of a closed gripper that comes down on it
    stand = peg_env._world.pose("stand").position
    for _ in range(120):
        error = np.append(stand[:2], 0.0) - peg_env.end_effector()
        peg_env.step(np.append(np.clip(10 * error, -1, 1), 1.0).astype(np.float32))
    peg_env.rebase()
    lead = peg_env._panda.command.position - peg_env.end_effector()
    assert np.abs(lead).max() < 0.0016
