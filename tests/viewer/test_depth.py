from collections.abc import Iterator

import numpy as np
import pytest

from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.manipulation import ManipulationEnv
from mile_desktop.viewer.aids import Aids
from mile_desktop.viewer.renderer import Background
from mile_desktop.viewer.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    made = Stage("peg-insertion", try_opengl=False)
    yield made
    made.close()


@pytest.fixture(scope="module")
def flight() -> list[tuple[np.ndarray, np.ndarray]]:
    """State and observation of every step of the expert."""
    env, expert = ManipulationEnv("peg-insertion"), load_expert("peg-insertion")
    observation, _ = env.reset(seed=1)
    kept = []
    for _ in range(200):
        kept.append((env.scene_state(), observation))
        observation, _, done, _, _ = env.step(np.asarray(expert(observation), np.float32))
        if done:
            break
    env.close()
    return kept


def test_the_open_gripper_holds_nothing_and_aims_at_the_peg(stage: Stage, flight: list) -> None:
    state, observation = flight[0]
    stage.pose(state)
    aids = stage.aids()
    assert (aids.known, aids.holding) == (True, False)
    assert aids.opening_m == pytest.approx(0.08, abs=0.002)
    assert stage.targets[aids.target] == "peg"
    assert aids.offset == pytest.approx(observation[-8:-5].tolist(), abs=0.003)  # handle − end effector
    assert aids.ground_m == pytest.approx(0.0, abs=0.002)  # over the bare table


def test_the_held_peg_is_seen_and_its_tip_aims_at_the_hole(stage: Stage, flight: list) -> None:
    held = [index for index, (_, seen) in enumerate(flight) if 0.02 < seen[-10] < 0.032][8:]
    for index in held[::10]:
        state, observation = flight[index]
        stage.pose(state)
        aids = stage.aids()
        assert aids.holding
        assert stage.targets[aids.target] == "hole"
        assert aids.offset == pytest.approx(observation[-3:].tolist(), abs=0.008)  # hole − tip


def test_below_the_peg_in_the_hole_is_the_floor_of_the_hole(stage: Stage, flight: list) -> None:
    stage.pose(flight[-1][0])
    aids = stage.aids()
    assert aids.ground_m == pytest.approx(0.005, abs=0.002)
    assert aids.low[2] < 0.02


def test_aids_survive_the_way_through_shared_memory() -> None:
    aids = Aids(True, 0.03, True, (0.5, -0.125, 0.0625), 0.03125, 1, (0.25, 0.0, -0.5))
    back = Aids.decode(aids.encode())
    assert back.low == aids.low
    assert (back.holding, back.target, back.offset) == (True, 1, aids.offset)
    assert Aids.decode(np.zeros(11, np.float32)) == Aids()
    assert Aids.decode(np.full(11, np.nan, np.float32)) == Aids()


def test_the_top_view_shows_the_fingers_but_not_the_arm() -> None:
    stage = Stage("peg-insertion")
    if stage.renderer.name == "TinyRenderer":
        stage.close()
        pytest.skip("PyBullet's own renderer always draws the arm")
    stage.renderer.set_background(Background())
    top = next(camera for camera in stage.cameras if camera.name == "top")
    view = stage.standpoint(top)
    assert view.hides_arm
    without = stage.renderer.draw(view, 320, 240)
    everything = stage.renderer.draw(
        type(view)(view.yaw_deg, view.pitch_deg, view.distance_m, view.target, 45.0), 320, 240
    )
    arm = np.abs(without[:, :, :3].astype(int) - everything[:, :, :3]).sum(axis=2) > 60
    assert arm.mean() > 0.02
    stage.close()
