"""A scene under a shift: the physics, the actions and the sensors really change, and rewinding stays exact."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.arrays import Float32Array
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.shift import read_shift
from mile_desktop.scenes.shifted import ShiftedEnv

Opened = Callable[[str, str], GymScene]

FORWARD = np.array([1.0, 0.0, 0.0, 0.0], np.float32)
REST = np.zeros(4, np.float32)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Open scenes under the shift of a text; all of them are closed at the end."""
    scenes: list[GymScene] = []

    def make(scene: str, text: str) -> GymScene:
        path = tmp_path / f"shift{len(scenes)}.toml"
        path.write_text(text)
        scenes.append(GymScene.make(scene, read_shift(str(path))))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.close()


def positions(scene: GymScene, actions: int, action: Float32Array = FORWARD) -> list[float]:
    """Return x of the hand after each of ``actions`` equal actions from the start of seed 3."""
    scene.reset(seed=3)
    found = []
    for _ in range(actions):
        scene.step(action)
        found.append(float(scene.end_effector()[0]))
    return found


def test_a_delay_lets_the_hand_rest_for_as_many_steps(opened: Opened) -> None:
    late = opened("button-press", "[actions]\ndelay_steps = 3\n")
    late.reset(seed=3)
    start = float(late.end_effector()[0])
    moved = np.array(positions(late, 6)) - start
    assert np.abs(moved[:3]).max() < 1e-3
    assert moved[5] > 5e-3


def test_a_dead_band_holds_small_actions_back(opened: Opened) -> None:
    scene = opened("button-press", "[actions]\ndead_band = 0.3\n")
    scene.reset(seed=3)
    start = float(scene.end_effector()[0])
    assert abs(positions(scene, 5, 0.25 * FORWARD)[-1] - start) < 1e-3
    assert positions(scene, 5, 0.6 * FORWARD)[-1] - start > 3e-3


def test_half_the_gain_moves_the_hand_half_as_far(opened: Opened) -> None:
    moved = []
    for gains in (1.0, 0.5):
        way = positions(opened("button-press", f"[physics]\ngains = {gains}\n"), 8)
        moved.append(way[-1] - way[0])
    assert moved[1] == pytest.approx(0.5 * moved[0], rel=0.1)


def test_friction_and_mass_of_the_bodies_are_really_changed(opened: Opened) -> None:
    import pybullet  # noqa: PLC0415 - loads the engine

    env = make_scene("drawer-open", read_shift("strong"))
    try:
        env.reset(seed=1)
        inner = env.inner.unwrapped  # type: ignore[attr-defined]
        world, drawn = inner._world, env._drawn  # type: ignore[attr-defined]
        number = next(iter(world._articulated.values())).number
        shifted = pybullet.getDynamicsInfo(number, 0, physicsClientId=world.client)[:2]
        world.scale(friction=1.0, mass=1.0)
        usual = pybullet.getDynamicsInfo(number, 0, physicsClientId=world.client)[:2]
    finally:
        env.close()
    assert shifted[0] == pytest.approx(usual[0] * drawn.mass)
    assert shifted[1] == pytest.approx(usual[1] * drawn.friction)


def test_a_drawer_with_more_dry_friction_moves_less(opened: Opened) -> None:
    """The same push against the drawer's joint, once as described and once with twenty times the friction."""
    import pybullet  # noqa: PLC0415 - loads the engine

    moved = []
    for friction in (1.0, 20.0):
        scene = opened("drawer-open", f"[physics]\nfriction = {friction}\n")
        scene.reset(seed=1)
        world = scene._inner.inner.unwrapped._world  # type: ignore[attr-defined]
        drawer = next(iter(world._articulated.values()))
        before = drawer.positions()[0]
        for _ in range(40):
            pybullet.setJointMotorControl2(
                drawer.number, drawer.first_joint, pybullet.TORQUE_CONTROL, force=20.0, physicsClientId=world.client
            )
            world.step()
        moved.append(abs(drawer.positions()[0] - before))
    assert moved[1] < 0.2 * moved[0]


def test_sensors_are_wrong_while_the_state_that_is_drawn_stays_true(opened: Opened) -> None:
    scene, true = opened("button-press", "[sensors]\nnoise = 0.01\nbias = 0.02\n"), GymScene.make("button-press")
    try:
        wrong = scene.reset(seed=5)[0] - true.reset(seed=5)[0]
        later = scene.step(REST)[0] - true.step(REST)[0]
        assert np.array_equal(scene.scene_state(), true.scene_state())
    finally:
        true.close()
    size = len(wrong) // 4
    frames = wrong.reshape(4, size)
    assert np.allclose(frames[0], frames[3], atol=1e-6), "the first observation repeats one measurement"
    assert 1e-3 < np.abs(frames[3]).max() < 0.1
    aged = later.reshape(4, size)
    # A measurement keeps its error while it grows older; the newest one has another.
    assert np.allclose(aged[:3], frames[1:], atol=1e-6)
    assert not np.allclose(aged[3], frames[3], atol=1e-4)


@pytest.mark.parametrize("scene_name", ["button-press", "lunar-lander"])
def test_going_back_repeats_waiting_actions_and_errors_exactly(opened: Opened, scene_name: str) -> None:
    scene = opened(scene_name, "[actions]\ndelay_steps = 2\n[sensors]\nnoise = 0.003\n")
    rng = np.random.default_rng(0)
    scene.reset(seed=2)

    def action() -> Float32Array:
        if scene.discrete:
            return np.eye(scene.action_size, dtype=np.float32)[rng.integers(scene.action_size)]
        return rng.uniform(-1, 1, scene.action_size).astype(np.float32)

    for _ in range(6):
        here = scene.step(action())[0]
    token = scene.snapshot()
    actions = [action() for _ in range(6)]
    first = [scene.step(each)[0] for each in actions]
    assert np.array_equal(scene.restore(token), here)
    assert all(np.array_equal(scene.step(each)[0], seen) for each, seen in zip(actions, first, strict=True))
    scene.release(token)


def test_without_a_seed_every_episode_has_a_start_of_its_own(opened: Opened) -> None:
    env = make_scene("button-press", read_shift("mild"))
    try:
        first, second = env.reset()[0], env.reset()[0]
    finally:
        env.close()
    assert not np.array_equal(first, second)


def test_one_start_can_be_run_by_several_robots() -> None:
    env = make_scene("button-press", read_shift("strong"))
    assert isinstance(env, ShiftedEnv)
    try:
        drawn = []
        for env.shift_seed in (1, 2):
            env.reset(seed=4)
            drawn.append((env._drawn.friction, env.scene_state().round(2).tolist()))
    finally:
        env.close()
    assert drawn[0][0] != drawn[1][0]
    assert drawn[0][1] == drawn[1][1]


def test_what_is_nominal_is_not_touched_by_a_shift_before(opened: Opened) -> None:
    """An environment of its own for each scene: no shift stays in the process."""
    before = GymScene.make("button-press")
    after = None
    try:
        usual = positions(before, 4)
        positions(opened("button-press", "[physics]\ngains = 0.2\n"), 4)
        after = GymScene.make("button-press")
        assert positions(after, 4) == usual
    finally:
        before.close()
        if after is not None:
            after.close()
