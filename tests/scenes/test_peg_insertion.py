import numpy as np
import pybullet
import pytest
from numpy.typing import ArrayLike

from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.manipulation import ManipulationEnv
from sim_scenes.peg_insertion.scene import SOCKET_FLOOR, SOCKET_RIM, TIP_DEPTH
from tests.scenes.wandering import HOLD


def put_peg(peg_env: ManipulationEnv, position: ArrayLike, tilt: float = 0.0) -> None:
    pybullet.resetBasePositionAndOrientation(
        peg_env._world._free["peg"],
        np.asarray(position).tolist(),
        pybullet.getQuaternionFromEuler((tilt, 0, 0)),
        physicsClientId=peg_env._world.client,
    )


def test_success_takes_five_consecutive_steps_and_ends_the_episode(peg_env: ManipulationEnv) -> None:
    peg_env.reset(seed=0)
    socket = peg_env._world.pose("socket").position
    put_peg(peg_env, np.add(socket, [0, 0, SOCKET_FLOOR + TIP_DEPTH + 0.001]))
    results = [peg_env.step(HOLD)[1:] for _ in range(5)]
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
    peg_env: ManipulationEnv, offset: tuple[float, float, float], tilt: float
) -> None:
    peg_env.reset(seed=0)
    put_peg(peg_env, peg_env._world.pose("socket").position + offset, tilt)
    for _ in range(25):
        assert not peg_env.step(HOLD)[4]["success"]


def test_the_peg_is_held_by_friction_alone(peg_env: ManipulationEnv) -> None:
    """Opening the gripper drops it."""
    expert = load_expert("peg-insertion")
    observation, _ = peg_env.reset(seed=2)
    while not -0.06 < observation[-1] < -0.015:
        observation, *_ = peg_env.step(expert(observation))
    for _ in range(12):
        observation, *_ = peg_env.step(np.array([0, 0, 0, -1], np.float32))
    assert observation[-1] > 0.0
