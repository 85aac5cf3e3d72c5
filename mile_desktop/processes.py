"""Entry points of the processes the window starts.

They are named here so that the window can name them without importing what they import: spawned processes find their
target by name, and torch, pybullet and OpenGL are loaded there only.
"""

from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mile_desktop.cameras.settings import CameraSettings
    from mile_desktop.viewer.cameras_plan import CamerasPlan


def rollout_worker(connection: Connection, state_slot_name: str) -> None:
    """Run ``rollout.worker.run_worker``."""
    from mile_desktop.rollout.worker import run_worker  # noqa: PLC0415

    run_worker(connection, state_slot_name)


def robot_cameras(connection: Connection, plan: "CamerasPlan") -> None:
    """Run ``viewer.robot_cameras.run_robot_cameras``."""
    from mile_desktop.viewer.robot_cameras import run_robot_cameras  # noqa: PLC0415

    run_robot_cameras(connection, plan)


def viewer(
    connection: Connection,
    frames_name: str,
    state_slot_name: str,
    thumbnail_names: tuple[str, ...] = (),
    try_opengl: bool = True,
) -> None:
    """Run ``viewer.process.run_viewer``."""
    from mile_desktop.viewer.process import run_viewer  # noqa: PLC0415

    run_viewer(connection, frames_name, state_slot_name, thumbnail_names, try_opengl)


def camera(connection: Connection, ring_name: str, settings: "CameraSettings") -> None:
    """Run ``cameras.process.run_camera``."""
    from mile_desktop.cameras.process import run_camera  # noqa: PLC0415

    run_camera(connection, ring_name, settings)


def inspection(connection: Connection) -> None:
    """Run ``inspection.worker.run_inspection``."""
    from mile_desktop.inspection.worker import run_inspection  # noqa: PLC0415

    run_inspection(connection)


def evaluation_worker(connection: Connection, state_slot_name: str, niceness: int) -> None:
    """Run ``evaluation.worker.run_evaluation_worker``."""
    from mile_desktop.evaluation.worker import run_evaluation_worker  # noqa: PLC0415

    run_evaluation_worker(connection, state_slot_name, niceness)


def video_replay(connection: Connection, ring_names: tuple[str, ...]) -> None:
    """Run ``cameras.replay_process.run_replay``."""
    from mile_desktop.cameras.replay_process import run_replay  # noqa: PLC0415

    run_replay(connection, ring_names)
