from pathlib import Path

import numpy as np
import pytest

from mile_desktop.paths import scene_folder
from mile_desktop.scenes.urdf import ModelError, read_boxes, read_model, rotation

FOLDER = scene_folder("peg-insertion")


def test_the_hole_of_the_socket_is_open_and_wider_than_the_peg() -> None:
    boxes = read_boxes(FOLDER / "socket.urdf")
    for box in boxes[1:]:
        turn = np.abs(rotation(np.array(box.rpy))) @ box.half_extents
        clear = np.abs(np.array(box.position))[:2] - turn[:2]
        assert clear.max() > 0.0145


def test_a_body_that_is_not_made_of_boxes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ball.urdf").write_text(
        '<robot name="ball"><link name="ball"><collision><geometry><sphere radius="1"/></geometry></collision></link>'
        "</robot>"
    )
    with pytest.raises(ModelError, match=r"ball\.urdf.*is not a box"):
        read_boxes(tmp_path / "ball.urdf")


def test_a_body_of_several_links_is_refused() -> None:
    with pytest.raises(ModelError, match="2 links"):
        read_boxes(FOLDER / "peg.urdf")


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "half.urdf").write_text("<robot><link")
    with pytest.raises(ModelError, match=r"half\.urdf"):
        read_model(tmp_path / "half.urdf")
