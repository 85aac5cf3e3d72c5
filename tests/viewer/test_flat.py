from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.scenes.environment import make_scene, supervised
from mile_desktop.scenes.scene_code import SceneModuleError
from mile_desktop.ui.viewport.projection import project
from mile_desktop.viewer.camera import View
from mile_desktop.viewer.flat_stage import FlatStage
from mile_desktop.viewer.renderer import Background
from mile_desktop.viewer.stage import Stage
from mile_desktop.viewer.stages import open_stage

MAIN, WITH_IT, PAD = range(3)
BRIGHT = Background((1.0, 1.0, 1.0), (0.96, 0.97, 0.98))


@pytest.fixture
def stage() -> Iterator[FlatStage]:
    made = open_stage("lunar-lander")
    assert isinstance(made, FlatStage)
    yield made
    made.close()


@pytest.fixture(scope="module")
def states() -> dict[int, np.ndarray]:
    """Scene state right after each engine fired."""
    env = make_scene("lunar-lander")
    env.reset(seed=3)
    found = {}
    for _ in range(40):
        env.step(0)  # type: ignore[arg-type]
    for engine in range(4):
        env.step(engine)  # type: ignore[arg-type]
        found[engine] = supervised(env).scene_state()
    env.close()
    return found


@pytest.mark.parametrize(("width", "height"), [(640, 320), (320, 560)])
def test_the_lander_is_drawn_where_overlays_think_it_is(
    stage: FlatStage, states: dict[int, np.ndarray], width: int, height: int
) -> None:
    stage.pose(states[0])
    view = stage.standpoint(stage.cameras[MAIN])
    pixels = stage.renderer.draw(view, width, height)
    assert (pixels.shape, pixels.dtype) == ((height, width, 4), np.uint8)
    x, y = project(view.view_projection(width / height), stage.end_effector()[None])[0] * (width, height)
    around = pixels[round(y) - 12 : round(y) + 12, round(x) - 12 : round(x) + 12, :3]
    assert around.mean() > pixels[:, :, :3].mean() + 40


def test_an_engine_that_fires_is_seen(stage: FlatStage, states: dict[int, np.ndarray]) -> None:
    def fire(engine: int) -> np.ndarray:
        stage.pose(states[engine])
        pixels = stage.renderer.draw(stage.standpoint(stage.cameras[WITH_IT]), 320, 240).astype(int)
        return np.argwhere((pixels[:, :, 0] > 200) & (pixels[:, :, 2] < 170) & (pixels[:, :, 1] > 100))

    assert not len(fire(0))
    below, left, right = fire(2), fire(1), fire(3)
    assert below[:, 0].max() > 150
    # it fires to the right to go to the left
    assert left[:, 1].mean() > 170
    assert right[:, 1].mean() < 150


def test_a_plane_is_seen_straight_on_from_wherever_one_looks(stage: FlatStage, states: dict[int, np.ndarray]) -> None:
    stage.pose(states[0])
    aside = stage.standpoint(View(70.0, -50.0, 0.5, (0.1, 0.0, 0.3)))
    assert (aside.yaw_deg, aside.pitch_deg) == (0.0, 0.0)
    np.testing.assert_array_equal(
        stage.renderer.draw(aside, 64, 48), stage.renderer.draw(View(0.0, 0.0, 0.5, (0.1, 0.0, 0.3)), 64, 48)
    )
    followed = stage.standpoint(stage.cameras[WITH_IT])
    assert followed.target[0] == pytest.approx(float(stage.end_effector()[0]))


def test_colours_follow_the_background(stage: FlatStage, states: dict[int, np.ndarray]) -> None:
    stage.pose(states[0])
    view = stage.standpoint(stage.cameras[PAD])
    dark = stage.renderer.draw(view, 64, 48)[:, :, :3].mean()
    stage.renderer.set_background(BRIGHT)
    assert stage.renderer.draw(view, 64, 48)[:, :, :3].mean() > dark + 80


@pytest.mark.parametrize("state", [np.zeros(22, np.float32), np.full(23, np.nan, np.float32)])
def test_states_that_do_not_fit_are_refused(stage: FlatStage, state: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected 23 finite values"):
        stage.pose(state)


def test_scenes_with_bodies_have_the_other_stage() -> None:
    made = open_stage("peg-insertion", try_opengl=False)
    assert isinstance(made, Stage)
    made.close()


def test_a_module_that_cannot_draw_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "scenes" / "blank"
    folder.mkdir(parents=True)
    (folder / "scene.toml").write_text(
        'kind = "own"\ntitle = "Blank"\nsummary = "Nothing."\nenv_id = "own/Blank-v0"\nmax_steps = 5\nrate_hz = 20.0\n'
        'action_labels = ["x"]\n'
    )
    module = folder / "scene.py"
    module.write_text("def make_env():\n    raise NotImplementedError\n")
    monkeypatch.setattr("mile_desktop.paths.own_scenes", lambda: tmp_path / "scenes")
    with pytest.raises(SceneModuleError, match="no PICTURE"):
        open_stage("blank")
