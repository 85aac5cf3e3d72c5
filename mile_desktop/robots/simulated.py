"""A simulated scene served as a robot, in place of a real one."""

import time
from typing import Any, Literal

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.robots.description import ActionAxis, Measured, RobotCamera, RobotDescription
from mile_desktop.robots.driver import NOTHING, Measurement, RobotError
from mile_desktop.scenes.catalogue import SceneInfo, scene_info
from mile_desktop.scenes.description import Choice, load_description
from mile_desktop.scenes.environment import SceneEnv, make_scene, supervised
from mile_desktop.scenes.shift import Shift

CHECKLIST = ("No person is within reach of the arm.", "The objects of the task are in place.")


class SimulatedRobot:
    """Steps a scene by one control step for each action; without actions it stands still.

    Parameters
    ----------
    scene
        Name in the catalogue.
    cameras
        Cameras that another process draws and sends.
    seed
        Seed of the first episode.
    watchdog_s
        Silence after which the robot holds without a command.
    shift
        How this robot differs from the scene.

    Raises
    ------
    UnknownSceneError
        There is no such scene.
    """

    def __init__(
        self,
        scene: str,
        *,
        cameras: tuple[RobotCamera, ...] = (),
        seed: int = 0,
        watchdog_s: float = 0.25,
        shift: Shift | None = None,
    ) -> None:
        self._info = scene_info(scene)
        self._cameras = cameras
        self._seed = seed
        self._watchdog_s = watchdog_s
        self._shift = shift
        self._env: SceneEnv | None = None
        self._observation = NOTHING
        self._at = 0.0
        self._success = self._over = False
        self._description: RobotDescription | None = None

    def describe(self) -> RobotDescription:
        """Describe the scene as a robot."""
        if self._description is None:
            self._description = self._describe()
        return self._description

    def _describe(self) -> RobotDescription:
        # The sizes are known only from the scene itself, so describing opens it.
        info, scene = self._info, supervised(self._open())
        return RobotDescription(
            name=f"Simulated {info.title.lower()}{f', {self._shift.title.lower()} shift' if self._shift else ''}",
            task=info.name,
            summary=info.summary,
            maker="MILE Desktop, simulation",
            rate_hz=info.rate_hz,
            max_steps=info.max_steps,
            measures=tuple(Measured(label=label) for label in scene.observation_labels),
            actions=_axes(info),
            cameras=self._cameras,
            scene=info.name,
            scene_state_size=len(scene.scene_state()),
            tells_success=True,
            resets_itself=True,
            checklist=CHECKLIST,
            watchdog_s=self._watchdog_s,
            shift=self._shift.label if self._shift else "",
        )

    def connect(self) -> None:
        """Make the scene."""
        self._open()

    def _open(self) -> SceneEnv:
        if self._env is None:
            self.reset(self._seed)
        return self._opened()

    def read_state(self) -> Measurement:
        """Return the present observation of the scene."""
        # Not measured again: a question must not change what a step has seen, and may come many times a step.
        scene = supervised(self._opened())
        return Measurement(self._observation, self._at, self._success, scene.scene_state())

    def act(self, action: Float32Array) -> None:
        """Take one control step, unless the task is done."""
        # A scene that has ended raises an error when it is stepped; a real robot would simply stand at its goal.
        if self._over:
            return
        taken: Any = int(action.argmax()) if self.describe().discrete else action
        # Without the time limit: the window counts the steps of an episode.
        observation, _, self._over, _, info = self._opened().step(taken)
        self._success = bool(info.get("success", False))
        self._take(observation)

    def hold(self) -> None:
        """Start further motion from the measured pose: without actions the scene stands still."""
        supervised(self._opened()).rebase()

    def stop(self) -> None:
        """Stand still."""
        self.hold()

    def reset(self, seed: int) -> None:
        """Begin the episode of ``seed``."""
        if self._env is None:
            self._env = make_scene(self._info.name, self._shift)
        observation, _ = self._env.reset(seed=seed)
        self._success = self._over = False
        self._take(observation)

    def close(self) -> None:
        """Free the simulator."""
        if self._env is not None:
            self._env.close()
            self._env = None

    def _take(self, observation: Float32Array) -> None:
        self._observation = np.asarray(observation, np.float32)
        # The time of the step, not of the question. Between two steps a simulated scene does not change.
        self._at = time.monotonic()

    def _opened(self) -> SceneEnv:
        if self._env is None:
            raise RobotError("The simulated robot is not connected.")
        return self._env


def _push(choice: Choice) -> Literal["", "rest", "left", "right", "up", "down"]:
    return "" if choice.push == "none" else choice.push


def _axes(info: SceneInfo) -> tuple[ActionAxis, ...]:
    """Return what the action's entries mean: of the arm's scenes in m/s, of others as they are."""
    if info.choices:
        pairs = zip(info.action_labels, info.choices, strict=True)
        return tuple(ActionAxis(label=label, title=choice.title, push=_push(choice)) for label, choice in pairs)
    # Only the arm's description says what a full push is in m/s.
    if info.kind != "panda":
        return tuple(ActionAxis(label=label, unit="of full effort") for label in info.action_labels)
    control = load_description(info.folder).control
    *directions, gripper = info.action_labels
    return (
        *(ActionAxis(label=label, unit="m/s", full=control.max_speed) for label in directions),
        ActionAxis(label=gripper, unit="m/s for each finger, closing", full=control.gripper_speed),
    )
