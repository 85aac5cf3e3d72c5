"""Franka Panda, hand pointing straight down, driven by small displacements of its end effector."""

from dataclasses import dataclass

import numpy as np
import pybullet

from mile_desktop.arrays import Float64Array
from mile_desktop.scenes.bullet import BulletWorld
from mile_desktop.scenes.description import SceneDescription
from mile_desktop.scenes.kinematics import Chain
from mile_desktop.scenes.pose import Pose

_DOWN = np.diag([1.0, -1.0, -1.0])
"""Rotation of the end effector: hand down, fingers closing along the world's y axis."""
_ARM_FORCES = (87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0)
"""N m, from the robot's data sheet."""
_ARM_GAINS = (0.3,) * 7
_DAMPING_GAINS = (1.0,) * 7
_FINGER_GAINS = (0.2, 0.2)
_LEASH = 0.016
"""Largest lead of the commanded position over the measured one, m: it limits the push against an obstacle."""
_SERVO_ERROR = 0.0015
"""Largest distance of measured and commanded position in free motion, m."""
_SQUEEZE = 0.004
"""Largest lead of each finger's target over the measured finger, m, so that opening starts at once."""


@dataclass(frozen=True, slots=True, eq=False)
class PandaCommand:
    """The commands of the robot: the part of its state that PyBullet does not store."""

    position: Float64Array
    """float64[3], m: commanded end-effector position."""
    joints: Float64Array
    """float64[7], rad: commanded arm joints."""
    velocity: Float64Array
    """float64[3], m/s: end-effector velocity commanded in the last control step."""
    finger: float
    """Commanded position of each finger, m."""


class Panda:
    """Turns actions into motor commands; owned by the environment."""

    def __init__(self, world: BulletWorld, description: SceneDescription, chain: Chain) -> None:
        self._world = world
        self._robot = description.robot
        self._control = description.control
        self._base = np.array(description.robot.position)
        self._low = np.array(description.workspace.low)
        self._high = np.array(description.workspace.high)
        self._home = np.array(description.robot.home_joints)
        self._chain = chain
        self.gains = 1.0
        """Factor on the speed that an action gives; a shift sets it between episodes."""
        self._gear()
        self.command = self._command_at_home()

    def _gear(self) -> None:
        """Tie the fingers together, as the real hand does, so that a grasped object is centred."""
        robot, client = self._world.robot, self._world.client
        left, right = robot.fingers
        gear = pybullet.createConstraint(
            robot.body, left, robot.body, right, pybullet.JOINT_GEAR, [1, 0, 0], [0, 0, 0], [0, 0, 0],
            physicsClientId=client,
        )  # fmt: skip
        pybullet.changeConstraint(gear, gearRatio=-1, erp=0.1, maxForce=60, physicsClientId=client)

    def _command_at_home(self) -> PandaCommand:
        pose, _ = self._chain.forward(self._home)
        return PandaCommand(self._base + pose[:3, 3], self._home, np.zeros(3), self._robot.finger_travel[1])

    def begin(self) -> None:
        """Command the home posture with open gripper."""
        self.command = self._command_at_home()

    def position(self) -> Float64Array:
        """Return the measured end-effector position, float64[3], m."""
        robot = self._world.robot
        state = pybullet.getLinkState(
            robot.body, robot.arm[-1], computeForwardKinematics=1, physicsClientId=self._world.client
        )
        # From the flange and the chain: the model for physics need not have a link for the end effector.
        flange = Pose(np.array(state[4]), state[5])
        return flange.position + flange.rotation @ self._chain.tip[:3, 3]

    def finger(self) -> float:
        """Return the measured mean finger position, m."""
        robot = self._world.robot
        states = pybullet.getJointStates(robot.body, robot.fingers, physicsClientId=self._world.client)
        return 0.5 * float(states[0][0] + states[1][0])

    def rebase(self) -> None:
        """Start further motion from the measured pose; the finger target, and so the grip, stays.

        Nothing changes while the robot is at its commanded pose. The motors give way a little under the weight of the
        arm, and taking over this deviation again and again would make a held pose creep.
        """
        measured = self.position()
        if np.abs(measured - self.command.position).max() < _SERVO_ERROR:
            return
        robot = self._world.robot
        states = pybullet.getJointStates(robot.body, robot.arm, physicsClientId=self._world.client)
        joints = np.array([state[0] for state in states])
        self.command = PandaCommand(measured, joints, self.command.velocity, self.command.finger)

    def drive(self, action: Float64Array) -> None:
        """Carry out one control step of ``action`` = (dx, dy, dz, gripper), each in units of full speed.

        The velocity changes halfway through the step, so that starting and stopping take two steps of half the jerk. A
        real arm, and this one, could not follow a sudden stop and would overshoot by millimetres.
        """
        before = self.command
        self.command = self._next_command(action)
        substeps, rate = self._control.substeps, self._control.rate_hz
        fractions = np.arange(1, substeps + 1)[:, None] / substeps
        change = self.command.joints - before.joints
        velocities = (change * rate).tolist()
        # Once for all substeps: the target of the fingers does not change within a step.
        self._command_fingers()
        # In small parts: a motor that gets the whole way at once would jerk in the first physics step.
        for targets in (before.joints + fractions * change).tolist():
            self._command_arm(targets, velocities)
            self._world.step()

    def _next_command(self, action: Float64Array) -> PandaCommand:
        command = self.command
        # Here and not at the motors: their own gains hardly matter, since they are given speeds as well as positions (a
        # fifth of them left the hand .1 mm behind).
        velocity = self.gains * self._control.max_speed * action[:3]
        position, joints = self._moved(0.5 * (command.velocity + velocity) / self._control.rate_hz)
        return PandaCommand(position, joints, velocity, self._squeezed(float(action[3])))

    def _moved(self, displacement: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Return commanded position and joints after ``displacement``, within the leash and the workspace."""
        command = self.command
        # Exactly the old command: solving again would move a robot that should hold by rounding errors.
        if not displacement.any():
            return command.position, command.joints
        measured = self.position()
        position = command.position + displacement
        position = np.minimum(np.maximum(position, measured - _LEASH), measured + _LEASH)
        position = np.minimum(np.maximum(position, self._low), self._high)
        return position, self._chain.solve(command.joints, self._home, position - self._base, _DOWN)

    def _squeezed(self, closing: float) -> float:
        """Return the finger target after a step of closing (+) or opening (−)."""
        if not closing:
            return self.command.finger
        measured, (closed, opened) = self.finger(), self._robot.finger_travel
        finger = self.command.finger - closing * self._control.gripper_speed / self._control.rate_hz
        # Never far ahead of the fingers: a target inside the object would have to be walked back before they open.
        return min(max(finger, measured - _SQUEEZE, closed), measured + _SQUEEZE, opened)

    def _command_arm(self, targets: list[float], velocities: list[float]) -> None:
        robot = self._world.robot
        pybullet.setJointMotorControlArray(
            robot.body, robot.arm, pybullet.POSITION_CONTROL, targets, velocities, _ARM_FORCES, _ARM_GAINS,
            _DAMPING_GAINS, physicsClientId=self._world.client,
        )  # fmt: skip

    def _command_fingers(self) -> None:
        robot = self._world.robot
        pybullet.setJointMotorControlArray(
            robot.body, robot.fingers, pybullet.POSITION_CONTROL, (self.command.finger,) * 2, (0.0, 0.0),
            (self._robot.gripper_force_n,) * 2, _FINGER_GAINS, (1.0, 1.0), physicsClientId=self._world.client,
        )  # fmt: skip
