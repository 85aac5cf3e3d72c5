from collections.abc import Iterator

import numpy as np
import pybullet
import pytest

from mile_desktop.scenes.manipulation import ManipulationEnv
from tests.scenes.conftest import open_env
from tests.scenes.wandering import HOLD


@pytest.fixture
def drawer() -> Iterator[ManipulationEnv]:
    env = open_env("drawer-open")
    env.reset(seed=1)
    yield env
    env.close()


@pytest.fixture
def button() -> Iterator[ManipulationEnv]:
    env = open_env("button-press")
    env.reset(seed=1)
    yield env
    env.close()


def push(env: ManipulationEnv, body: str, joint: str, force: float, steps: int) -> float:
    """Push along a joint for so many physics steps and return where it is then."""
    articulated = env._world._articulated[body]
    for _ in range(steps):
        pybullet.setJointMotorControl2(
            articulated.number,
            articulated._joints[joint],
            pybullet.TORQUE_CONTROL,
            force=force,
            physicsClientId=env._world.client,
        )
        env._world.step()
    return env._world.joint(body, joint).position


def test_a_drawer_moves_when_friction_is_overcome_and_stays_where_it_is_left(drawer: ManipulationEnv) -> None:
    assert push(drawer, "cabinet", "slide", 2.5, 100) == pytest.approx(0.0, abs=1e-4)
    out = push(drawer, "cabinet", "slide", 5.0, 100)
    assert 0.03 < out < 0.14
    left = push(drawer, "cabinet", "slide", 0.0, 100)
    assert push(drawer, "cabinet", "slide", 0.0, 200) == pytest.approx(left, abs=1e-4)
    assert push(drawer, "cabinet", "slide", 20.0, 300) == pytest.approx(0.15, abs=2e-3)


def test_damping_limits_the_speed(drawer: ManipulationEnv) -> None:
    push(drawer, "cabinet", "slide", 4.0, 150)
    # 4 N against 3 N of friction and 10 N s/m of damping
    assert drawer._world.joint("cabinet", "slide").velocity == pytest.approx(0.1, rel=0.1)


def test_a_button_comes_up_again(button: ManipulationEnv) -> None:
    assert push(button, "button", "plunger", 3.0, 100) == pytest.approx(0.0, abs=1e-3)
    assert push(button, "button", "plunger", 9.0, 100) == pytest.approx(0.012, abs=1e-3)
    assert push(button, "button", "plunger", 150.0, 50) == pytest.approx(0.012, abs=1e-3)
    # the spring pushes with 6.6 N at 10 mm, friction adds 0.3 N
    assert 0.001 < push(button, "button", "plunger", 5.4, 200) < 0.010
    assert push(button, "button", "plunger", 0.0, 200) == pytest.approx(0.0, abs=1e-3)


def test_ten_steps_held_down_switch_the_button_and_nine_do_not(button: ManipulationEnv) -> None:
    def hold_down() -> bool:
        articulated = button._world._articulated["button"]
        pybullet.resetJointState(
            articulated.number, articulated._joints["plunger"], 0.012, physicsClientId=button._world.client
        )
        return bool(button._task.is_done(button._look()))

    assert hold_down()
    assert not button.step(HOLD)[4]["success"]
    assert np.isclose(button._world.joint("button", "plunger").position, 0.0, atol=2e-3)
