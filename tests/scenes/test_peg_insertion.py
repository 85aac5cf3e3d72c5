import numpy as np
import pybullet
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from mile_desktop.scenes.environment import FloatArray, UnknownSnapshotError
from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.peg_insertion import SOCKET_FLOOR, SOCKET_RIM, TIP_DEPTH, PegInsertionEnv
from tests.scenes.wandering import random_actions

HOLD = np.zeros(4, np.float32)


def roll(env: PegInsertionEnv, seed: int, actions: FloatArray) -> FloatArray:
    first, _ = env.reset(seed=seed)
    return np.array([first, *(env.step(action)[0] for action in actions)])


def noisy_expert_actions(env: PegInsertionEnv, seed: int, steps: int) -> FloatArray:
    """Actions that lead through all the contacts there are."""
    expert, rng = load_expert("peg-insertion"), np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    actions = []
    for _ in range(steps):
        action = np.clip(expert(observation) + rng.normal(0, 0.3, 4), -1, 1).astype(np.float32)
        actions.append(action)
        observation, *_ = env.step(action)
    return np.array(actions)


def put_peg(env: PegInsertionEnv, position: ArrayLike, tilt: float = 0.0) -> None:
    pybullet.resetBasePositionAndOrientation(
        env._world._free["peg"],
        np.asarray(position).tolist(),
        pybullet.getQuaternionFromEuler((tilt, 0, 0)),
        physicsClientId=env._world.client,
    )


# ── the gymnasium contract ───────────────────────────────────────────────────────────────────────────────────────


def test_gymnasiums_checker_has_nothing_to_say(env: PegInsertionEnv) -> None:
    check_env(env, skip_render_check=True)


def test_labels_name_every_entry_of_the_observation(env: PegInsertionEnv) -> None:
    assert len(env.observation_labels) == env.observation_space.shape[0] == 4 * 13
    assert env.observation_labels[-1] == "hole - peg tip z (m) @ t"
    assert env.observation_labels[0].endswith("@ t-3")


def test_the_observation_stacks_the_last_four_frames_oldest_first(env: PegInsertionEnv) -> None:
    observations = roll(env, 0, random_actions(0, 6)).reshape(7, 4, 13)
    np.testing.assert_array_equal(observations[0], np.repeat(observations[0][:1], 4, axis=0))
    np.testing.assert_array_equal(observations[6], observations[3:7, 3])


def test_the_episode_is_truncated_after_the_catalogues_number_of_steps(env: PegInsertionEnv) -> None:
    env.reset(seed=0)
    for step in range(1, env.max_steps + 1):
        _, reward, terminated, truncated, info = env.step(HOLD)
        assert (reward, terminated, truncated, info["step"]) == (0.0, False, step == env.max_steps, step)


@pytest.mark.parametrize("action", [[0, 0, np.nan, 0], [np.inf, 0, 0, 0], [0, 0, 0], [[0, 0, 0, 0]]])
def test_an_impossible_action_is_refused_and_moves_nothing(env: PegInsertionEnv, action: list[float]) -> None:
    env.reset(seed=0)
    before = env.scene_state()
    with pytest.raises(ValueError, match="4 finite values"):
        env.step(np.array(action, np.float32))
    np.testing.assert_array_equal(env.scene_state(), before)


# ── reproducibility ──────────────────────────────────────────────────────────────────────────────────────────────


@given(seed=st.integers(0, 10_000), others=st.lists(st.integers(0, 10_000), max_size=2))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_seed_and_actions_give_the_same_trajectory_whatever_ran_before(
    env: PegInsertionEnv, seed: int, others: list[int]
) -> None:
    actions = random_actions(seed, 60)
    first = roll(env, seed, actions)
    for other in others:
        roll(env, other, random_actions(other, 25))
    np.testing.assert_array_equal(roll(env, seed, actions), first)


def test_another_instance_gives_the_same_trajectory(env: PegInsertionEnv) -> None:
    actions = noisy_expert_actions(env, 5, 110)
    first = roll(env, 5, actions)
    other = PegInsertionEnv()
    try:
        roll(other, 6, random_actions(6, 30))
        np.testing.assert_array_equal(roll(other, 5, actions), first)
    finally:
        other.close()


def test_seeds_place_peg_and_hole_at_random(env: PegInsertionEnv) -> None:
    placed = np.array([env.reset(seed=seed)[0][-8:] for seed in range(30)])
    assert np.ptp(placed[:, 5]) > 0.1
    assert np.ptp(placed[:, 6]) > 0.1
    np.testing.assert_array_equal(placed[3], env.reset(seed=3)[0][-8:])


# ── snapshots ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_after_restoring_the_same_actions_repeat_exactly(env: PegInsertionEnv, seed: int) -> None:
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
    for start in rng.integers(0, len(actions), 6):
        np.testing.assert_array_equal(env.restore(tokens[start]), expected[start])
        repeated = [env.step(action)[0] for action in actions[start:]]
        np.testing.assert_array_equal(repeated, expected[start + 1 :])


def test_a_snapshot_keeps_counters_and_pose(env: PegInsertionEnv) -> None:
    env.reset(seed=4)
    for action in random_actions(4, 10):
        env.step(action)
    token, place, state = env.snapshot(), env.end_effector(), env.scene_state()
    env.step(np.ones(4, np.float32))
    env.restore(token)
    np.testing.assert_array_equal(env.end_effector(), place)
    np.testing.assert_array_equal(env.scene_state(), state)
    assert env.step(HOLD)[4]["step"] == 11


def test_released_and_outdated_snapshots_are_refused(env: PegInsertionEnv) -> None:
    env.reset(seed=0)
    token = env.snapshot()
    env.release(token)
    for use in (env.restore, env.release):
        with pytest.raises(UnknownSnapshotError, match=str(token)):
            use(token)
    token = env.snapshot()
    env.reset(seed=0)
    with pytest.raises(UnknownSnapshotError):
        env.restore(token)


# ── control ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_zeros_hold_the_pose(env: PegInsertionEnv) -> None:
    env.reset(seed=2)
    for action in random_actions(2, 20):
        env.step(action * [1, 1, 1, 0])
    env.step(HOLD)
    env.step(HOLD)
    before = env.end_effector()
    for _ in range(100):
        env.step(HOLD)
    assert np.abs(env.end_effector() - before).max() < 1e-3


def test_zeros_keep_the_grip(env: PegInsertionEnv) -> None:
    expert = load_expert("peg-insertion")
    observation, _ = env.reset(seed=2)
    while not -0.04 < observation[-1] < -0.01:
        observation, *_ = env.step(expert(observation))
    for _ in range(60):
        env.rebase()
        observation, *_ = env.step(HOLD)
    assert observation[-1] < -0.01
    assert np.abs(observation[-8:-5]).max() < 0.01


def test_full_speed_is_what_the_description_says(env: PegInsertionEnv) -> None:
    env.reset(seed=0)
    env.step(np.array([0, 1, 0, 0], np.float32))
    before = env.end_effector()
    for _ in range(10):
        env.step(np.array([0, 1, 0, 0], np.float32))
    moved = env.end_effector() - before
    assert moved[1] == pytest.approx(0.5 * env.description.control.max_speed, rel=0.03)
    assert np.abs(moved[[0, 2]]).max() < 0.002


@given(corner=st.tuples(*[st.sampled_from([-1.0, 0.0, 1.0])] * 3))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_end_effector_stays_in_the_workspace_hand_down(
    env: PegInsertionEnv, corner: tuple[float, float, float]
) -> None:
    env.reset(seed=1)
    low, high = np.array(env.description.workspace.low), np.array(env.description.workspace.high)
    for _ in range(45):
        env.step(np.array([*corner, 0], np.float32))
        assert (env.end_effector() > low - 0.004).all()
        assert (env.end_effector() < high + 0.004).all()


def test_rebasing_makes_nothing_jump(env: PegInsertionEnv) -> None:
    env.reset(seed=3)
    for _ in range(8):
        env.step(np.array([0.3, 1, 0, 0], np.float32))
    env.step(HOLD)
    env.step(HOLD)
    before = env.end_effector()
    for _ in range(40):
        env.rebase()
        env.step(HOLD)
    assert np.abs(env.end_effector() - before).max() < 1e-3


def test_after_pushing_against_the_table_rebasing_lets_go_at_once(env: PegInsertionEnv) -> None:
    env.reset(seed=3)
    for _ in range(10):
        env.step(np.array([1, 0, 0, 1], np.float32))
    # the stand is in the way of a closed gripper that comes down on it
    stand = env._world.pose("stand").position
    for _ in range(120):
        error = np.append(stand[:2], 0.0) - env.end_effector()
        env.step(np.append(np.clip(10 * error, -1, 1), 1.0).astype(np.float32))
    env.rebase()
    lead = env._panda.command.position - env.end_effector()
    assert np.abs(lead).max() < 0.0016


# ── success ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_success_takes_five_consecutive_steps_and_ends_the_episode(env: PegInsertionEnv) -> None:
    env.reset(seed=0)
    socket = env._world.pose("socket").position
    put_peg(env, np.add(socket, [0, 0, SOCKET_FLOOR + TIP_DEPTH + 0.001]))
    results = [env.step(HOLD)[1:] for _ in range(5)]
    assert [terminated for _, terminated, _, _ in results] == [False] * 4 + [True]
    assert [info["success"] for *_, info in results] == [False] * 4 + [True]
    assert [reward for reward, *_ in results] == [0.0] * 4 + [1.0]


@pytest.mark.parametrize(
    ("offset", "tilt"),
    [
        ((0.07, 0.0, TIP_DEPTH + 0.002), 0.0),  # on the table beside the socket
        ((0.028, 0.0, SOCKET_RIM + TIP_DEPTH), 0.0),  # on the rim
        ((0.0, 0.0, SOCKET_RIM + 0.014), 1.5708),  # lying across the hole
        ((0.0, 0.0, SOCKET_RIM + 0.03), np.pi),  # handle first
        ((0.0, 0.12, 0.02), 1.5708),  # lying on the table
    ],
)
def test_there_is_no_success_but_through_the_hole(
    env: PegInsertionEnv, offset: tuple[float, float, float], tilt: float
) -> None:
    env.reset(seed=0)
    put_peg(env, env._world.pose("socket").position + offset, tilt)
    for _ in range(25):
        assert not env.step(HOLD)[4]["success"]


def test_wandering_does_not_succeed(env: PegInsertionEnv) -> None:
    for seed in range(3):
        env.reset(seed=seed)
        assert not any(env.step(action)[4]["success"] for action in random_actions(seed, 150))


def test_the_peg_is_held_by_friction_alone(env: PegInsertionEnv) -> None:
    """Opening the gripper drops it, and nothing but the finger gear is constrained."""
    expert = load_expert("peg-insertion")
    observation, _ = env.reset(seed=2)
    while not -0.06 < observation[-1] < -0.015:
        observation, *_ = env.step(expert(observation))
    assert pybullet.getNumConstraints(physicsClientId=env._world.client) == 1
    for _ in range(12):
        observation, *_ = env.step(np.array([0, 0, 0, -1], np.float32))
    assert observation[-1] > 0.0
