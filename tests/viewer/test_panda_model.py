"""The light Panda moves, weighs and collides exactly like the one that ships with PyBullet."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pybullet
import pybullet_data
import pytest

from mile_desktop.paths import SIM_SCENES
from mile_desktop.viewer.shapes import read_shapes

LIGHT = SIM_SCENES / "panda" / "panda.urdf"
ORIGINAL = Path(pybullet_data.getDataPath()) / "franka_panda" / "panda.urdf"


@pytest.fixture
def client() -> Iterator[int]:
    number = pybullet.connect(pybullet.DIRECT)
    yield number
    pybullet.disconnect(physicsClientId=number)


def load(client: int, path: Path) -> int:
    return pybullet.loadURDF(str(path), useFixedBase=True, physicsClientId=client)


def test_same_joints_masses_and_collision_shapes(client: int) -> None:
    light, original = load(client, LIGHT), load(client, ORIGINAL)
    count = pybullet.getNumJoints(original, physicsClientId=client)
    assert pybullet.getNumJoints(light, physicsClientId=client) == count
    for link in range(count):
        assert pybullet.getJointInfo(light, link, physicsClientId=client) == pybullet.getJointInfo(
            original, link, physicsClientId=client
        )
    for link in range(-1, count):
        # the last number but one is the body's own
        assert pybullet.getDynamicsInfo(light, link, physicsClientId=client) == pybullet.getDynamicsInfo(
            original, link, physicsClientId=client
        )
        ours = pybullet.getCollisionShapeData(light, link, physicsClientId=client)
        theirs = pybullet.getCollisionShapeData(original, link, physicsClientId=client)
        assert [shape[2:4] + shape[5:] for shape in ours] == [shape[2:4] + shape[5:] for shape in theirs]
        assert [Path(shape[4].decode()).read_bytes() for shape in ours] == [
            Path(shape[4].decode()).read_bytes() for shape in theirs
        ]


def test_it_is_light_and_fills_the_same_space(client: int) -> None:
    load(client, LIGHT)
    ours, problems = read_shapes(client)
    assert problems == []
    assert 4_000 < sum(len(shape.triangles) for shape in ours) < 10_000
    original = load(client, ORIGINAL)
    theirs = [shape for shape in read_shapes(client)[0] if shape.body == original]
    for link in {shape.link for shape in theirs}:
        low, high = bounds([shape.triangles for shape in ours if shape.link == link])
        expected_low, expected_high = bounds([shape.triangles for shape in theirs if shape.link == link])
        assert low == pytest.approx(expected_low, abs=0.002)
        assert high == pytest.approx(expected_high, abs=0.002)


def bounds(meshes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    corners = np.concatenate([mesh[:, :, :3].reshape(-1, 3) for mesh in meshes])
    return corners.min(axis=0), corners.max(axis=0)
