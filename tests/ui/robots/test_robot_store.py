from pathlib import Path

import msgspec

from mile_desktop.ui.robots.robot_store import FILE_NAME, RememberedRobot, RobotStore

ROBOT = RememberedRobot(name="Toy arm", address="tcp://127.0.0.1:5870", task="toy")


def test_a_damaged_file_is_kept_aside(tmp_path: Path) -> None:
    store = RobotStore(tmp_path / FILE_NAME)
    store.remember(ROBOT)
    store.remember(msgspec.structs.replace(ROBOT, name="Renamed"))
    assert [robot.name for robot in RobotStore(tmp_path / FILE_NAME).robots] == ["Renamed"]
    (tmp_path / FILE_NAME).write_text("{")
    damaged = RobotStore(tmp_path / FILE_NAME)
    assert damaged.robots == ()
    assert "kept as robots.json.damaged" in damaged.problem
