"""The cameras of a stand-in under a shift: place and light of the pictures really change."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mile_desktop.channels.shared import StateSlot
from mile_desktop.robots.frames import FrameSender
from mile_desktop.scenes.shift import DrawnShift, read_shift
from mile_desktop.viewer.cameras_plan import CamerasPlan
from mile_desktop.viewer.renderer import Pixels
from mile_desktop.viewer.robot_cameras import SimulatedCameras
from mile_desktop.viewer.stages import AnyStage, open_stage

SCENE, SIZE = "button-press", (160, 120)


class Kept(FrameSender):
    """Keeps the compressed pictures in place of sending them."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, camera: str, jpeg: bytes, taken_at: float | None = None) -> None:
        """Keep one picture."""
        del camera, taken_at
        self.sent.append(jpeg)


@pytest.fixture(scope="module")
def stage() -> Iterator[AnyStage]:
    stage = open_stage(SCENE)
    yield stage
    stage.close()


def picture(stage: AnyStage, turned: DrawnShift) -> Pixels:
    """Return the picture of the first camera, uint8[h, w, 3], without the line with the time."""
    kept = Kept()
    with StateSlot.create() as slot:
        plan = CamerasPlan(
            scene=SCENE,
            cameras=(stage.cameras[0].name,),
            size=SIZE,
            rate_hz=10.0,
            state_slot=slot.name,
            bind="127.0.0.1",
            port=0,
            keys=None,
            turned=turned,
        )
        SimulatedCameras(stage, slot, kept, plan).turn()
    decoded = cv2.imdecode(np.frombuffer(kept.sent[0], np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded[:-24], np.uint8)


def test_light_changes_every_picture_by_its_factor(stage: AnyStage) -> None:
    plain, dim = picture(stage, DrawnShift()), picture(stage, DrawnShift(light=0.5))
    assert dim.mean() == pytest.approx(0.5 * plain.mean(), rel=0.03)


@pytest.mark.parametrize(
    "turned",
    [DrawnShift(camera_yaw_deg=20.0), DrawnShift(camera_pitch_deg=-8.0), DrawnShift(camera_distance=1.3)],
)
def test_every_change_of_the_camera_s_place_is_seen(stage: AnyStage, turned: DrawnShift) -> None:
    plain = picture(stage, DrawnShift()).astype(np.float64)
    again = picture(stage, DrawnShift()).astype(np.float64)
    moved = picture(stage, turned).astype(np.float64)
    assert np.abs(plain - again).mean() < 0.5
    assert np.abs(plain - moved).mean() > 3.0


def test_a_range_gives_each_stand_in_a_camera_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("[pictures]\nlight = [0.5, 0.7]\ncamera_yaw_deg = [-20, 20]\n", encoding="utf-8")
    shift = read_shift(str(tmp_path / "s.toml"))
    drawn = [shift.draw(seed) for seed in range(5)]
    assert len({each.camera_yaw_deg for each in drawn}) == 5
    assert all(0.5 <= each.light <= 0.7 for each in drawn)
    assert shift.draw(3) == drawn[3]
