"""The target of a session: a scene of the program, or a robot behind a network."""

import getpass
import platform
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mile_desktop.operators.no_operator import NO_SUPERVISOR
from mile_desktop.operators.words.operator import DrivenBody
from mile_desktop.policies.config import read_policy_config
from mile_desktop.registry.bundled import has_bundled
from mile_desktop.registry.compatibility import check_policy_fits
from mile_desktop.registry.names import EXPERT, INITIAL
from mile_desktop.registry.policies import policy_folder
from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.description import RobotDescription
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.network import ZmqWire
from mile_desktop.rollout.live_robot import LiveRobot, NoRobot
from mile_desktop.rollout.messages import LoadSession
from mile_desktop.rollout.robot_scene import RobotScene
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.catalogue import SceneInfo, scene_info
from mile_desktop.scenes.description import Choice, load_description
from mile_desktop.scenes.gymnasium.description import ActionEntry
from mile_desktop.scenes.shift import Shift, read_shift
from mile_desktop.scenes.version import scene_version
from mile_desktop.storage.records import SCENE_VERSION, SHIFT, SHIFT_RANGES
from mile_desktop.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Target:
    """What a session drives. Only ``robot`` shows whether it is a scene or a robot."""

    name: str
    """Scene or task: episodes and policies are kept under it."""
    env: GymScene | RobotScene
    live: LiveRobot
    action_labels: tuple[str, ...]
    rate_hz: float
    max_steps: int
    rewind_steps: int
    robot: RobotScene | None = None
    choices: tuple[Choice, ...] = ()
    """Discrete actions; none where they are continuous."""
    entries: tuple[ActionEntry, ...] = ()
    """What drives each entry of a continuous action; none: x, y, z, gripper."""
    drawn: bool = True
    """Whether there is a scene in which it can be drawn."""
    words_drive: DrivenBody | None = None
    """What commands in words drive; None where they cannot."""
    problems: tuple[str, ...] = ()
    """What it cannot do, as sentences for people."""
    identity: dict[str, Any] = field(default_factory=dict)
    """Which robot, or which version of the scene: recorded with every episode."""
    description: dict[str, Any] = field(default_factory=dict)
    """Names and units of the scene's entries, for readers of its episodes; empty for a robot."""

    @property
    def observation_labels(self) -> tuple[str, ...]:
        """Names of the observation's entries, where an end effector is among them; else none."""
        return () if self.words_drive is None else self.words_drive.labels


def with_rate(plan: LoadSession) -> LoadSession:
    """Return ``plan`` with the rate of its scene where it asks for none; raises ``UnknownSceneError``."""
    if plan.robot or plan.rate_hz:
        return plan
    return msgspec.structs.replace(plan, rate_hz=scene_info(plan.scene).rate_hz)


def open_target(plan: LoadSession) -> Target:
    """Make the scene, or connect to the robot, that ``plan`` names.

    Raises
    ------
    UnknownSceneError, SceneDescriptionError
        There is no such scene, or it is broken.
    RobotError
        The robot cannot be reached, or does not fit the plan.
    """
    return _robot(plan) if plan.robot else _scene(plan)


def who_drives() -> str:
    """Return the name of this window, which people at other windows see."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "unknown user"  # the account has no name
    return f"{user} at {platform.node() or 'this computer'}"


def _scene(plan: LoadSession) -> Target:
    info = scene_info(plan.scene)
    shift = read_shift(plan.shift) if plan.shift else None
    env = GymScene.make(plan.scene, shift)
    return Target(
        name=plan.scene,
        env=env,
        identity={SCENE_VERSION: scene_version(plan.scene, env.observation_labels), **_recorded(shift)},
        live=NoRobot(),
        action_labels=info.action_labels,
        rate_hz=plan.rate_hz * plan.speed,
        max_steps=info.max_steps,
        rewind_steps=plan.rewind_steps if env.can_rewind else 0,
        choices=info.choices,
        entries=info.entries,
        drawn=info.kind != "gymnasium" or bool(info.cameras),
        words_drive=_arm(info, env),
        problems=env.problems,
        description={
            "scene": plan.scene,
            "env_id": info.env_id,
            "task": info.summary,
            "rate_hz": info.rate_hz,
            "observation": env.observation_labels,
            "action": info.action_labels,
            "cameras": [camera.name for camera in info.cameras],
        },
    )


def _recorded(shift: Shift | None) -> dict[str, Any]:
    return {} if shift is None else {SHIFT: shift.label, SHIFT_RANGES: dict(shift.ranges)}


def _arm(info: SceneInfo, env: GymScene) -> DrivenBody | None:
    """Return what words drive: an arm whose speed the description says, or choices that pushes select."""
    if info.choices:
        return DrivenBody(info.rate_hz, 0.0, env.observation_labels, [choice.push for choice in info.choices])
    if info.kind != "panda":
        return None
    control = load_description(info.folder).control
    return DrivenBody(control.rate_hz, control.max_speed, env.observation_labels)


def _robot_arm(description: RobotDescription) -> DrivenBody | None:
    """Return what words drive of a robot: only one that moves its hand along x, y and z."""
    if description.action_labels[:3] != ("dx", "dy", "dz"):
        return None
    ages = [f" @ t-{age}" if age else " @ t" for age in reversed(range(description.frames))]
    labels = [f"{each.label}{age}" for age in ages for each in description.measures]
    return DrivenBody(description.rate_hz, description.actions[0].full, labels)


def _robot(plan: LoadSession) -> Target:
    # An empty key means clear text, which the wire allows only on this machine.
    wire, client = ZmqWire(plan.robot, plan.robot_key), bytes.fromhex(plan.robot_client)
    robot = NetworkRobot(wire, time.monotonic, name=who_drives(), client=client)
    try:
        robot.connect()
        description = robot.describe()
        if plan.simulated_operator != NO_SUPERVISOR and plan.scene != description.task:
            raise RobotError(
                f"The simulated supervisor knows {plan.scene}, but {description.name} does {description.task}; "
                "choose that scene, or no simulated supervisor."
            )
    # No one else has the robot yet, so its socket and thread must be closed here.
    except RobotError:
        robot.close()
        raise
    scene = RobotScene(robot, self_resetting=plan.self_resetting)
    return Target(
        name=description.task,
        env=scene,
        live=scene,
        action_labels=description.action_labels,
        rate_hz=description.rate_hz,
        max_steps=description.max_steps,
        # The physical world cannot be put back.
        rewind_steps=0,
        robot=scene,
        identity={**scene.identity},
        choices=_choices(description),
        words_drive=_robot_arm(description),
        drawn=bool(description.scene and description.scene_state_size),
    )


def _choices(description: RobotDescription) -> tuple[Choice, ...]:
    if not description.discrete:
        return ()
    return tuple(Choice(label=axis.label, title=axis.title, push=axis.push or "rest") for axis in description.actions)


def check_fits_robot(workspace: Workspace, scene: str, policy: str, robot: RobotDescription) -> None:
    """Compare the sizes of a policy with those of a robot; raises ``PolicyFileError`` where they differ."""
    # Expert and zero policy have no file whose sizes could be compared.
    if policy != EXPERT and (policy != INITIAL or has_bundled(scene)):
        check_policy_fits(read_policy_config(policy_folder(workspace, scene, policy)), robot)
