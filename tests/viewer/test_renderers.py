import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from mile_desktop.viewer import context, stage
from mile_desktop.viewer.camera import View
from mile_desktop.viewer.context import try_context
from mile_desktop.viewer.opengl import OpenGLRenderer
from mile_desktop.viewer.renderer import Background, RendererUnavailableError
from mile_desktop.viewer.stage import Stage, resting_state
from mile_desktop.viewer.tiny import TinyRenderer


def opengl_is_there() -> bool:
    try:
        try_context()
    except RendererUnavailableError:
        return False
    return True


needs_opengl = pytest.mark.skipif(not opengl_is_there(), reason="no OpenGL on this computer")


@pytest.fixture(
    scope="module", params=[pytest.param(True, marks=needs_opengl, id="opengl"), pytest.param(False, id="tiny")]
)
def scene(request: pytest.FixtureRequest) -> Iterator[Stage]:
    loaded = Stage("peg-insertion", try_opengl=request.param)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def opengl_scene() -> Iterator[Stage]:
    if not opengl_is_there():
        pytest.skip("no OpenGL on this computer")
    loaded = Stage("peg-insertion")
    yield loaded
    loaded.close()


def main_view(scene: Stage) -> View:
    return scene.standpoint(scene.cameras[0])


def brightness(pixels: np.ndarray) -> np.ndarray:
    return pixels[:, :, :3].astype(float).mean(axis=2)


def test_the_robot_is_bright_and_in_the_picture(scene: Stage) -> None:
    pixels = scene.renderer.draw(main_view(scene), 320, 240)
    assert pixels.shape == (240, 320, 4)
    assert pixels.dtype == np.uint8
    bright = brightness(pixels) > 140
    assert 0.03 < bright.mean() < 0.35
    assert bright[:120].mean() > bright[120:].mean(), "the robot is in the upper half: the first row is the top one"


def test_what_is_drawn_is_where_the_projection_says(scene: Stage) -> None:
    """Moving one body changes pixels around its projection and nowhere far from it."""
    view = main_view(scene)
    state = resting_state(scene.description)
    before = scene.renderer.draw(view, 320, 240, smooth=False).astype(int)
    peg = slice(len(state) - 7, len(state) - 4)
    moved = state.copy()
    moved[peg] = (0.62, 0.0, 0.06)
    scene.pose(moved)
    after = scene.renderer.draw(view, 320, 240, smooth=False).astype(int)
    scene.pose(state)
    changed = np.abs(after - before)[:, :, :3].sum(axis=2) > 60
    clip = view.view_projection(320 / 240) @ np.array([*moved[peg], 1.0])
    column, row = (clip[0] / clip[3] + 1) * 160, (1 - clip[1] / clip[3]) * 120
    assert changed[int(row) - 3 : int(row) + 3, int(column) - 2 : int(column) + 2].any()
    assert changed[:60].mean() < 0.01


def test_turning_the_camera_changes_the_picture(scene: Stage) -> None:
    pictures = [scene.renderer.draw(View(yaw, -30, 1.2, (0.4, 0, 0.1)), 160, 120) for yaw in (0, 60, 0)]
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() > 5
    assert np.array_equal(pictures[0], pictures[2])


def test_background_is_what_was_asked_for(scene: Stage) -> None:
    scene.renderer.set_background(Background((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))
    pixels = scene.renderer.draw(View(0, 40, 1.0, (0, 0, 3.0)), 64, 48)
    scene.renderer.set_background(Background())
    assert pixels[0, 0, :3].astype(int) == pytest.approx([255, 0, 0], abs=8)
    assert pixels[-1, -1, :3].astype(int) == pytest.approx([0, 0, 255], abs=8)


@pytest.mark.parametrize("yaw", [0.0, 75.0, 200.0])
def test_both_renderers_draw_the_same_silhouette(opengl_scene: Stage, yaw: float) -> None:
    """Every link of the robot is at the same place in both pictures, before a background like nothing in the scene."""
    other = Stage("peg-insertion", try_opengl=False)
    green = Background((0.0, 1.0, 0.0), (0.0, 1.0, 0.0))
    empty = []
    for scene in (opengl_scene, other):
        scene.renderer.set_background(green)
        pixels = scene.renderer.draw(View(yaw, 15.0, 1.3, (0.3, 0.0, 0.6)), 320, 240, smooth=False)
        scene.renderer.set_background(Background())
        empty.append(np.all(np.abs(pixels[:, :, :3].astype(int) - [0, 255, 0]) < 8, axis=2))
    other.close()
    ours, theirs = ~empty[0], ~empty[1]
    assert 0.04 < ours.mean() < 0.5
    # the two place a pixel's centre half a pixel apart: one pixel around an edge may differ
    astray = (ours & ~binary_dilation(theirs, np.ones((3, 3)))) | (theirs & ~binary_dilation(ours, np.ones((3, 3))))
    assert astray.sum() / ours.sum() < 0.003


def test_the_gripper_casts_a_shadow_that_follows_it(opengl_scene: Stage) -> None:
    """Seen from above beside the robot: lifting the arm away makes the table under the gripper brighter."""
    view = View(-90, -60, 1.0, (0.5, 0.0, 0.0))
    state = resting_state(opengl_scene.description)
    pictures = []
    for shoulder in (state[1], state[1] - 1.2):
        moved = state.copy()
        moved[1] = shoulder
        opengl_scene.pose(moved)
        pictures.append(brightness(opengl_scene.renderer.draw(view, 320, 240)))
    opengl_scene.pose(state)
    shaded = pictures[1] - pictures[0]
    assert (shaded > 15).mean() > 0.01


def test_smooth_edges_differ_only_at_edges(opengl_scene: Stage) -> None:
    view = main_view(opengl_scene)
    plain = opengl_scene.renderer.draw(view, 320, 240, smooth=False).astype(int)
    smooth = opengl_scene.renderer.draw(view, 320, 240, smooth=True).astype(int)
    differing = np.abs(plain - smooth).sum(axis=2) > 12
    assert 0.0 < differing.mean() < 0.12


def test_many_sizes_are_drawn_one_after_the_other(opengl_scene: Stage) -> None:
    for width in range(100, 260, 10):
        assert opengl_scene.renderer.draw(main_view(opengl_scene), width, 80).shape == (80, width, 4)


def test_without_opengl_the_other_renderer_draws_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> str:
        raise RendererUnavailableError("No driver.")

    monkeypatch.setattr(stage, "try_context", refuse)
    loaded = Stage("peg-insertion")
    assert isinstance(loaded.renderer, TinyRenderer)
    assert loaded.problems == ("No driver. The scene is drawn by PyBullet's own renderer, a few pictures a second.",)
    loaded.close()


def test_a_trial_that_dies_is_a_reason_and_not_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    context.try_context.cache_clear()
    died = subprocess.run([sys.executable, "-c", "import os; os.abort()"], capture_output=True, text=True, check=False)
    monkeypatch.setattr(context.subprocess, "run", lambda *_, **__: died)
    with pytest.raises(RendererUnavailableError, match="ended the process that tested it"):
        context.try_context()


@needs_opengl
def test_opengl_is_used_where_it_is(opengl_scene: Stage) -> None:
    assert isinstance(opengl_scene.renderer, OpenGLRenderer)
    assert opengl_scene.renderer.name.startswith("OpenGL (")
    assert opengl_scene.problems == ()
