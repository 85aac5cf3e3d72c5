"""A robot behind a network as the rollout loop drives it: a ``DrivenScene`` and a ``LiveRobot`` in one."""

from collections import deque
from typing import Any

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.robots.address import CameraEndpoint
from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.protocol import Role
from mile_desktop.rollout.messages import RobotStatus
from mile_desktop.rollout.scene import StepResult
from mile_desktop.storage.records import SHIFT


class RobotScene:
    """A step is a command; observations arrive at the robot's own times; this program never puts anything back.

    Used by the loop's thread. A robot cannot be rewound: the loop is to keep no history of it.

    Parameters
    ----------
    robot
        Connected; closed by ``close``.
    self_resetting
        Begin episodes without asking a person, where the robot resets itself: only for unattended runs.
    """

    def __init__(self, robot: NetworkRobot, *, self_resetting: bool = False) -> None:
        self.robot = robot
        self.description = robot.describe()
        self.action_size = self.description.action_size
        self.discrete = self.description.discrete
        self.observation_size = self.description.observation_size
        asks = not (self_resetting and self.description.resets_itself)
        # A robot without a list still asks one question. Nothing in this program can see whether the world is ready.
        self.checklist = (self.description.checklist or ("Everything is where an episode begins.",)) if asks else ()
        self._frames: deque[Float32Array] = deque(maxlen=self.description.frames)
        self._steps = 0
        # An observation is needed before the first episode, for the idle operators and for the size of it.
        self._watch_from()

    # ── DrivenScene ──────────────────────────────────────────────────────────────────────────────────────────────

    def reset(self, *, seed: int) -> tuple[Float32Array, dict[str, Any]]:  # noqa: ARG002 - ``prepare`` went there
        """Start the observation history again; nothing moves."""
        self._watch_from()
        return self._observation(), {}

    def step(self, action: Float32Array) -> StepResult:
        """Command one step.

        Raises
        ------
        RobotError
            When the robot does not move at present; nothing was commanded then.
        """
        # Asked again right before the command: since the start of the tick the link may have reported a stop.
        if problem := self.hazard():
            raise RobotError(problem)
        self.robot.act(action)
        self._steps += 1
        # The robot's side may be slower than asked (ramp, limits). What it really did is what learning needs.
        executed = self.robot.executed
        success = self.description.tells_success and self.robot.read_state().success
        # Without an answer in time, the command is the best that is known of this step.
        info = {"success": success, "executed": executed if executed is not None else self.robot.commanded}
        return self._observation(), float(success), success, self._steps >= self.description.max_steps, info

    def scene_state(self) -> Float32Array:
        """Return float32[k] where the robot sends what it takes to draw it, else its newest measurement."""
        measured = self.robot.read_state()
        return measured.scene_state if measured.scene_state.size else measured.values

    def view_state(self) -> Float32Array:
        """Return what a viewer draws from."""
        return self.scene_state()

    def rebase(self) -> None:
        """Do nothing: actions are rates and start from the measured pose."""

    rewinds_exactly = True
    """It never goes back at all."""

    def snapshot(self) -> int:
        """Raise ``NotImplementedError``: the world cannot be put back."""
        raise NotImplementedError("A robot cannot be rewound.")

    def restore(self, token: int) -> Float32Array:
        """Raise ``NotImplementedError``: the world cannot be put back."""
        raise NotImplementedError(f"A robot cannot be rewound to {token}.")

    def release(self, token: int) -> None:
        """Raise ``NotImplementedError``: the world cannot be put back."""
        raise NotImplementedError(f"A robot cannot be rewound to {token}.")

    def close(self) -> None:
        """Hold, disarm and leave the robot."""
        self.robot.close()

    # ── LiveRobot ────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def must_resume(self) -> bool:
        """It held by itself."""
        return bool(self.robot.held_by_itself)

    def attend(self) -> None:
        """Send and receive what the link needs."""
        self.robot.attend()

    def hazard(self) -> str:
        """Return why it must hold."""
        # Link and arming before the robot's own reason: without a link, that reason is out of date.
        if problem := self.robot.obstacle:
            return problem
        return self.robot.held_by_itself

    def obstacle(self) -> str:
        """Return why no episode can begin."""
        return self.robot.obstacle

    def newest(self, known: Float32Array) -> Float32Array:  # noqa: ARG002 - what a step returned is older
        """Take one more measurement into the observation and return it: one a control step."""
        # Here and not in ``step``: one measurement in each tick keeps the frames one control step apart, also while the
        # robot holds.
        self._frames.append(self.robot.read_state().values)
        return self._observation()

    def view(self) -> Float32Array | None:
        """Return what it looks like now, so that it is seen to move when another window drives it."""
        return self.scene_state()

    def prepare(self, seed: int) -> str:
        """Have a robot that resets itself go to its start; elsewhere a person has seen to it."""
        if problem := self.robot.obstacle:
            return problem
        if self.description.resets_itself:
            self.robot.reset(seed)
        return ""

    def prepared(self) -> str | None:
        """Return whether it is there."""
        return self.robot.reset_outcome() if self.description.resets_itself else ""

    def go(self) -> str:
        """Let it move, slowly at first."""
        return self.robot.resume()

    def pause(self) -> None:
        """Let it keep its pose."""
        self.robot.hold()

    def stop(self) -> None:
        """Stop it, latched on its own side too."""
        self.robot.stop()

    def leave_stop(self) -> str:
        """Leave the stop; it is disarmed then."""
        return self.robot.leave_stop()

    @property
    def address(self) -> str:
        """Where the robot is."""
        return self.robot.address

    @property
    def identity(self) -> dict[str, str]:
        """Which robot it is, kept with every episode."""
        described = self.description
        shift = {SHIFT: described.shift} if described.shift else {}
        return {"robot": described.name, "robot_address": self.address, "robot_maker": described.maker, **shift}

    def cameras(self, key: str) -> tuple[str, ...]:
        """Return the addresses of its cameras; ``key`` is the robot's public key."""
        if not self.robot.frames_port:
            return ()
        return tuple(CameraEndpoint(self.address, camera.name, key).url for camera in self.description.cameras)

    def status(self, checklist: tuple[str, ...], checklist_number: int = 0) -> RobotStatus:
        """Return the status that the window shows; ``checklist``: what a person is asked to confirm now."""
        link, robot = self.robot.report(), self.robot
        return RobotStatus(
            name=self.description.name,
            address=robot.address,
            up=link.up,
            problem=link.problem,
            mode=link.mode.value if link.mode else "",
            armed=robot.armed,
            may_drive=link.role is Role.DRIVE,
            driver=link.driver,
            obstacle=self.hazard(),
            round_trip_ms=1e3 * link.round_trip_s,
            clock_offset_ms=1e3 * link.clock_offset_s,
            clock_error_ms=1e3 * link.clock_error_s,
            speed=link.speed,
            refused=link.refused_there + link.refused_here,
            lost=link.lost,
            checklist=checklist,
            checklist_number=checklist_number,
            stop_problem=robot.stop_problem,
        )

    def _watch_from(self) -> None:
        self._steps = 0
        # Filled with the present measurement. Frames of the episode before would show motion that is not there.
        self._frames.extend([self.robot.read_state().values] * self.description.frames)

    def _observation(self) -> Float32Array:
        return np.concatenate(self._frames)
