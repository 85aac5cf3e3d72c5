"""Every driving key moves the gripper in the picture as its name says, in every camera of every scene with an arm."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pybullet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from mile_desktop.operators.stick_response import turn_to_view
from mile_desktop.paths import SIM_SCENES
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.description import CameraDescription, load_description
from mile_desktop.scenes.manipulation import ManipulationEnv
from mile_desktop.scenes.mirror import SceneMirror
from mile_desktop.ui.supervise.model import Key, KeyState, world_from_view
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.viewport.hand_frame import hand_arrows, hand_directions
from mile_desktop.viewer.camera import View
from mile_desktop.viewer.messages import Preset

SCENES = ("peg-insertion", "drawer-open", "button-press", "pick-place")
SIZE = (320, 240)
IN_PICTURE = {
    Key.LEFT: (-1, 0),
    Key.RIGHT: (1, 0),
    Key.AWAY: (0, -1),
    Key.NEAR: (0, 1),
    Key.UP: (0, -1),
    Key.DOWN: (0, 1),
}
STEEP_DEG = -85.0
"""A camera that looks down as steeply as this shows a motion up or down as hardly any motion."""


class Studio:
    """A scene, and photographs of its fingers taken with the scene's cameras."""

    def __init__(self, scene: str, client: int) -> None:
        self.env = ManipulationEnv(scene)
        self.description = load_description(scene_info(scene).folder)
        self._client = client
        self._mirror = SceneMirror(client, self.description, SIM_SCENES / "panda" / "panda.urdf")
        self.env.reset(seed=3)

    def standpoint(self, camera: CameraDescription) -> View:
        """Return where ``camera`` is now; it then stays there, so that the gripper moves in its picture."""
        self._mirror.apply(self.env.scene_state())
        target = np.array(camera.target) + (self._mirror.end_effector() if camera.follows_end_effector else 0.0)
        x, y, z = target.tolist()
        return View(camera.yaw_deg, camera.pitch_deg, camera.distance, (x, y, z), camera.fov_deg)

    def fingers(self, view: View) -> tuple[float, float]:
        """Return the middle of the fingers' pixels, right and down."""
        self._mirror.apply(self.env.scene_state())
        robot = self._mirror._robot
        mask = np.array(
            pybullet.getCameraImage(
                *SIZE,
                view.view_matrix().T.ravel().tolist(),
                view.projection_matrix(SIZE[0] / SIZE[1]).T.ravel().tolist(),
                renderer=pybullet.ER_TINY_RENDERER,
                flags=pybullet.ER_SEGMENTATION_MASK_OBJECT_AND_LINKINDEX,
                physicsClientId=self._client,
            )[4]
        ).reshape(SIZE[1], SIZE[0])
        # Where the arm hides the fingers, the flange above them moves in the same way.
        for links in (robot.fingers, robot.arm[-2:]):
            rows, columns = np.nonzero(np.isin(mask, [robot.body + (link + 1 << 24) for link in links]))
            if len(rows) > 10:
                break
        assert len(rows) > 10, "the gripper is not in the picture"
        return float(columns.mean()), float(rows.mean())


@contextmanager
def studio(scene: str) -> Iterator[Studio]:
    client = pybullet.connect(pybullet.DIRECT)
    made = Studio(scene, client)
    yield made
    made.env.close()
    pybullet.disconnect(physicsClientId=client)


def presets_of(cameras: tuple[CameraDescription, ...]) -> tuple[Preset, ...]:
    return tuple(
        Preset(
            each.name, each.title, each.yaw_deg, each.pitch_deg, each.distance, each.target, each.follows_end_effector
        )
        for each in cameras
    )


def test_the_directions_are_those_of_the_present_camera_whichever_was_chosen_before(qtbot: QtBot) -> None:
    page = SupervisePage()
    qtbot.addWidget(page)
    cameras = load_description(scene_info("peg-insertion").folder).cameras
    page.view.set_presets(presets_of(cameras))
    for before in range(len(cameras)):
        for number, camera in enumerate(cameras):
            page.view.choose_camera(before)
            page.view.choose_camera(number)
            assert page.view.orbit.yaw_deg == camera.yaw_deg


@pytest.mark.parametrize("scene", SCENES)
def test_every_key_moves_the_gripper_in_the_picture_as_its_name_says(qtbot: QtBot, scene: str) -> None:
    page = SupervisePage()
    qtbot.addWidget(page)
    with studio(scene) as place:
        cameras = place.description.cameras
        page.view.set_presets(presets_of(cameras))
        for number, camera in enumerate(cameras):
            page.view.choose_camera(number)
            for key, wanted in IN_PICTURE.items():
                if key in {Key.UP, Key.DOWN} and camera.pitch_deg < STEEP_DEG:
                    continue
                place.env.reset(seed=3)
                view = place.standpoint(camera)
                start = place.fingers(view)
                action = KeyState(down={Key.TAKEOVER, key}).as_input(page.view.orbit).action
                for _ in range(4):
                    place.env.step(np.array(action, np.float32))
                moved = np.subtract(place.fingers(view), start)
                along, across = float(moved @ wanted), float(abs(moved @ (wanted[1], wanted[0])))
                assert along > 2.0, (camera.name, key, moved)
                assert across < 0.45 * along, (camera.name, key, moved)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-360, 360))
def test_pad_and_keys_drive_in_the_same_directions(right: float, away: float, yaw: float) -> None:
    """The worker counts the heading of the line of sight from +x, the view from +y."""
    assert turn_to_view(away, -right, yaw + 90.0) == pytest.approx(world_from_view(right, away, yaw), abs=1e-9)


@given(st.floats(-360, 360))
def test_the_arrows_in_the_view_are_the_directions_of_the_keys(yaw: float) -> None:
    for name, (x, y, _) in hand_directions(yaw).items():
        push = {"right": (1, 0), "left": (-1, 0), "away": (0, 1), "near": (0, -1), "up": (0, 0), "down": (0, 0)}[name]
        assert (x, y) == pytest.approx(world_from_view(*push, yaw), abs=1e-9)


def test_the_arrows_point_as_their_names_say_in_the_picture() -> None:
    view = View(yaw_deg=66.0, pitch_deg=-28.0, distance_m=1.0, target=(0.5, 0.0, 0.1))
    arrows = {each.direction: each for each in hand_arrows(view.view_projection(4 / 3), (0.5, 0.0, 0.1), 66.0)}
    assert arrows["right"].end[0] > arrows["right"].start[0] + 0.02
    assert arrows["left"].end[0] < arrows["left"].start[0] - 0.02
    assert arrows["away"].end[1] < arrows["away"].start[1]
    assert arrows["up"].end[1] < arrows["up"].start[1] - 0.02


def test_no_arrow_is_drawn_of_a_gripper_behind_the_camera() -> None:
    view = View(yaw_deg=0.0, pitch_deg=0.0, distance_m=1.0, target=(0.0, 0.0, 0.0))
    assert hand_arrows(view.view_projection(1.0), (0.0, -5.0, 0.0), 0.0) == ()
