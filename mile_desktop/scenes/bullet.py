"""The simulated world of a scene: loading, placing, stepping, saving, and its state as one array."""

import numpy as np
import pybullet

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.articulated import Articulated
from mile_desktop.scenes.body_dynamics import BodyDynamics
from mile_desktop.scenes.body_loader import load_model, load_robot
from mile_desktop.scenes.description import BodyDescription, SceneDescription, SceneDescriptionError, model_path
from mile_desktop.scenes.pose import Pose
from mile_desktop.scenes.task import JointState
from mile_desktop.scenes.urdf import Box, read_boxes

Contacts = tuple[tuple[int, int, int, int], ...]

_GRAVITY = -9.81
_SOLVER_ITERATIONS = 12
"""Enough for a firm grip. With the default of fifty, a step takes half as long again."""
_UPRIGHT = (0.0, 0.0, 0.0, 1.0)


class _Fixture:
    """A body that does not move while physics runs: one static body for each box.

    Saved states restore contacts exactly only if each of the two collision objects touches with one shape. So a block
    with a hole cannot be one body of many shapes. Plain rigid bodies also make a step a tenth faster.
    """

    def __init__(self, client: int, boxes: tuple[Box, ...], friction: float | None) -> None:
        self._client = client
        self._parts = tuple((box, self._create(box)) for box in boxes)
        if friction is not None:
            for _, part in self._parts:
                pybullet.changeDynamics(part, -1, lateralFriction=friction, physicsClientId=client)

    def _create(self, box: Box) -> int:
        shape = pybullet.createCollisionShape(
            pybullet.GEOM_BOX, halfExtents=box.half_extents, physicsClientId=self._client
        )
        return int(
            pybullet.createMultiBody(
                baseMass=0.0, baseCollisionShapeIndex=shape, useMaximalCoordinates=True, physicsClientId=self._client
            )
        )

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(number for _, number in self._parts)

    def place(self, pose: Pose) -> None:
        for box, part in self._parts:
            position, quaternion = pybullet.multiplyTransforms(
                pose.position.tolist(), pose.quaternion, box.position, pybullet.getQuaternionFromEuler(box.rpy)
            )
            pybullet.resetBasePositionAndOrientation(part, position, quaternion, physicsClientId=self._client)


class BulletWorld:
    """A scene in a simulator of its own, without a display; owned by one thread.

    Restoring a saved state does not remove contact points that appeared after it was saved. So the world first goes
    to an *empty* state in which nothing touches. Then no trace of another episode or of a rewound stretch can
    influence the following steps.

    Raises
    ------
    SceneDescriptionError
        A model cannot be loaded, or a fixed body is not made of boxes.
    """

    def __init__(self, description: SceneDescription) -> None:
        self._description = description
        # A world of its own for each environment: several run in one process, in tests for example.
        self.client: int = pybullet.connect(pybullet.DIRECT)
        try:
            self.robot = load_robot(
                self.client, description, model_path(description, description.robot.physics_urdf), visuals=False
            )
            self._free = {body.name: self._load_free(body) for body in description.bodies if body.kind == "free"}
            self._articulated = {
                body.name: Articulated(self.client, body, model_path(description, body.urdf))
                for body in description.bodies
                if body.kind == "articulated"
            }
            self._fixtures = {
                body.name: self._load_fixture(body) for body in description.bodies if body.kind in {"scenery", "placed"}
            }
        # The client would stay until the process ends.
        except SceneDescriptionError:
            self.close()
            raise
        numbers = self._free | {name: body.number for name, body in self._articulated.items()}
        for body in description.bodies:
            if body.name in numbers:
                self._set_friction(body, numbers[body.name])
        for articulated in self._articulated.values():
            self._solve_together(articulated)
        self._sprung = tuple(
            self._articulated[body.name] for body in description.bodies if any(joint.spring for joint in body.joints)
        )
        parts = (number for fixture in self._fixtures.values() for number in fixture.numbers)
        # After the description's own friction was set: a shift multiplies that.
        self._dynamics = tuple(BodyDynamics(self.client, number) for number in (*numbers.values(), *parts))
        self._placed: dict[str, Pose] = {}
        self._configure()
        # After the configuration: a saved state must have the same parameters as the steps that follow it.
        self._empty = self._park()

    def _load_free(self, body: BodyDescription) -> int:
        path = model_path(self._description, body.urdf)
        return load_model(self.client, path, body.position_range[0], fixed=False, visuals=False)

    def _set_friction(self, body: BodyDescription, number: int) -> None:
        if body.friction is not None:
            # PyBullet counts the base as link −1.
            for link in range(-1, pybullet.getNumJoints(number, physicsClientId=self.client)):
                pybullet.changeDynamics(number, link, lateralFriction=body.friction, physicsClientId=self.client)

    def inexact_bodies(self) -> tuple[str, ...]:
        """Return the names of moving bodies with a round link, or with a link of several shapes.

        PyBullet does not restore their contacts to the last bit, so to go back to a saved state is not exact with them.
        A cylinder is loaded as a hull with flat faces and is exact.
        """
        numbers = self._free | {name: body.number for name, body in self._articulated.items()}
        return tuple(name for name, number in numbers.items() if not self._is_flat(number))

    def _is_flat(self, number: int) -> bool:
        # PyBullet counts the base as link −1.
        links = range(-1, pybullet.getNumJoints(number, physicsClientId=self.client))
        shapes = [pybullet.getCollisionShapeData(number, link, physicsClientId=self.client) for link in links]
        flat = {pybullet.GEOM_BOX, pybullet.GEOM_MESH}
        return all(len(each) <= 1 and all(shape[2] in flat for shape in each) for each in shapes)

    def _load_fixture(self, body: BodyDescription) -> _Fixture:
        return _Fixture(self.client, read_boxes(model_path(self._description, body.urdf)), body.friction)

    def _solve_together(self, body: Articulated) -> None:
        """Make the engine solve robot and ``body`` together, by a constraint between them that has no force.

        The engine sorts constraints by groups of bodies that may touch. Two bodies with joints are one group or two,
        which depends on earlier motion that the broad phase still remembers. Then the same sums are computed in another
        order, and trajectories differ in the last bits (``docs/decisions/0018-exact-rewind-with-joints.md``).
        """
        tie = pybullet.createConstraint(
            self.robot.body, self.robot.fingers[0], body.number, body.first_joint, pybullet.JOINT_GEAR, [1, 0, 0],
            [0, 0, 0], [0, 0, 0], physicsClientId=self.client,
        )  # fmt: skip
        pybullet.changeConstraint(tie, maxForce=0.0, physicsClientId=self.client)

    def _configure(self) -> None:
        pybullet.setGravity(0.0, 0.0, _GRAVITY, physicsClientId=self.client)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=1.0 / self._description.control.physics_hz,
            numSolverIterations=_SOLVER_ITERATIONS,
            # The order in which pairs are solved would otherwise depend on earlier motion.
            deterministicOverlappingPairs=1,
            # Never stop the iterations early: the size of the residual depends on which bodies are solved together, and
            # this depends on earlier motion that the broad phase still remembers.
            solverResidualThreshold=0.0,
            physicsClientId=self.client,
        )

    def _park(self) -> int:
        """Save a state in which the arm points up and the other bodies hang in the air, far from everything else."""
        for index, number in enumerate(self._free.values()):
            pybullet.resetBasePositionAndOrientation(
                number, (5.0, float(index), 5.0), _UPRIGHT, physicsClientId=self.client
            )
        for index, body in enumerate(self._articulated.values()):
            body.place(Pose(np.array([5.0, -2.0 - index, 5.0]), _UPRIGHT))
        return self.save()

    def _forget_contacts(self) -> None:
        pybullet.restoreState(stateId=self._empty, physicsClientId=self.client)
        # The contact points of before go only when the engine looks for new ones.
        pybullet.performCollisionDetection(physicsClientId=self.client)

    def scale(self, *, friction: float, mass: float) -> None:
        """Set friction and mass of all bodies but the robot to these multiples of the description's.

        Only before ``begin``: a saved state does not hold them.
        """
        for body in self._dynamics:
            body.scale(friction=friction, mass=mass)
        for articulated in self._articulated.values():
            articulated.scale_friction(friction)

    def begin(self, rng: np.random.Generator) -> None:
        """Start an episode: robot at home, bodies at random poses drawn from ``rng``."""
        self._forget_contacts()
        robot = self._description.robot
        # The gripper begins open, at the end of its travel.
        home = (*robot.home_joints, robot.finger_travel[1], robot.finger_travel[1])
        for joint, value in zip(self.robot.joints, home, strict=True):
            pybullet.resetJointState(self.robot.body, joint, value, physicsClientId=self.client)
        self._placed = {}
        # In the order of the file, because a body may be placed relative to an earlier one.
        for body in self._description.bodies:
            pose = self._draw(body, rng)
            self._placed[body.name] = pose
            self._place(body.name, pose)
        for articulated in self._articulated.values():
            articulated.set_joints(rng)

    def _draw(self, body: BodyDescription, rng: np.random.Generator) -> Pose:
        # Drawn for bodies with a fixed place, too: a change of one body's range does not move the others.
        position = rng.uniform(*body.position_range)
        if body.relative_to is not None:
            position = position + self._placed[body.relative_to].position
        yaw = float(np.radians(rng.uniform(*body.yaw_range_deg)))
        return Pose(position, (0.0, 0.0, float(np.sin(yaw / 2)), float(np.cos(yaw / 2))))

    def _place(self, name: str, pose: Pose) -> None:
        if name in self._fixtures:
            self._fixtures[name].place(pose)
            return
        if name in self._articulated:
            self._articulated[name].place(pose)
            return
        pybullet.resetBasePositionAndOrientation(
            self._free[name], pose.position.tolist(), pose.quaternion, physicsClientId=self.client
        )

    def step(self) -> None:
        """Advance physics by one physics step."""
        # Before each physics step: the engine forgets a torque after the step.
        for body in self._sprung:
            body.push()
        pybullet.stepSimulation(physicsClientId=self.client)

    def pose(self, body: str) -> Pose:
        """Return the pose of a body, or of the base of an articulated one; raises ``KeyError`` if there is none."""
        # Only physics moves free bodies; all others stay where they were placed, so the engine need not be asked.
        if body not in self._free:
            return self._placed[body]
        position, quaternion = pybullet.getBasePositionAndOrientation(self._free[body], physicsClientId=self.client)
        return Pose(np.array(position), quaternion)

    def joint(self, body: str, joint: str) -> JointState:
        """Return the state of a joint of an articulated body; raises ``KeyError`` if there is none."""
        return self._articulated[body].joint(joint)

    def state(self) -> Float32Array:
        """Return the scene state, float32[k]: arm joints (rad), fingers (m), then each body that moves.

        A body has a position (m), a quaternion, and a value for each of its joints (m or rad).
        """
        # One call for all joints: this runs in each control step.
        joints = pybullet.getJointStates(self.robot.body, self.robot.joints, physicsClientId=self.client)
        values = [joint[0] for joint in joints]
        for body in self._description.moving_bodies:
            pose = self.pose(body.name)
            values += (*pose.position, *pose.quaternion)
            if body.joints:
                values += self._articulated[body.name].positions()
        return np.array(values, dtype=np.float32)

    def save(self) -> int:
        """Save the physical state in memory and return its number."""
        return int(pybullet.saveState(physicsClientId=self.client))

    def restore(self, state: int) -> None:
        """Go back to a saved state of this episode."""
        self._forget_contacts()
        pybullet.restoreState(stateId=state, physicsClientId=self.client)

    def contacts(self) -> Contacts:
        """Return all contact points, sorted: body, link, body, link for each."""
        points = pybullet.getContactPoints(physicsClientId=self.client)
        # Sorted, because the engine's order depends on the past and says nothing.
        return tuple(sorted((point[1], point[3], point[2], point[4]) for point in points))

    def forget(self, state: int) -> None:
        """Free a saved state."""
        pybullet.removeState(state, physicsClientId=self.client)

    def close(self) -> None:
        """Free the simulator; may be called twice."""
        if self.client >= 0:
            pybullet.disconnect(physicsClientId=self.client)
            self.client = -1
