"""The environment of all PyBullet scenes with the Panda: control steps, stacked observations, success, snapshots.

A scene is a folder with a description and one short module that says what is measured and when the task is done.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.scenes.bullet import BulletWorld, Contacts
from mile_desktop.scenes.catalogue import MODULE_NAME, scene_info
from mile_desktop.scenes.description import load_description, model_path
from mile_desktop.scenes.kinematics import read_chain
from mile_desktop.scenes.modules import load_module
from mile_desktop.scenes.panda import Panda, PandaCommand
from mile_desktop.scenes.scene_code import SceneCode, SceneModuleError, checked_flag, checked_number, checked_values
from mile_desktop.scenes.scene_picture import ScenePicture
from mile_desktop.scenes.snapshots import Moment, Snapshots
from mile_desktop.scenes.task import Situation, Task

FRAMES = 4
"""Number of measurements stacked into an observation, oldest first."""
_SETTLING_STEPS = 4
"""Control steps in which the bodies come to rest before an episode begins."""


@dataclass(frozen=True, slots=True, eq=False)
class _Snapshot:
    physics: int
    contacts: Contacts
    moment: Moment
    command: PandaCommand
    frames: tuple[Float32Array, ...]
    step: int
    done_steps: int
    rng: Mapping[str, Any]


class ManipulationEnv(gymnasium.Env[Float32Array, Float32Array]):
    """A Panda over a table, driven by displacements of its end effector; implements ``SupervisedEnv``.

    Action: float32[4] in [−1, 1] = (dx, dy, dz, gripper). The first three move the end effector along the world's
    axes, 1 being full speed (``control.max_speed``); the gripper entry closes (+) or opens (−) at up to full speed. All
    zeros holds pose and grip. Values are not clipped; only the workspace limits the resulting position.

    Observation: the last ``FRAMES`` frames, oldest first (``observation_labels``). The first observation of an episode
    repeats one frame.

    Reward: the task's, by default 1 on the step that completes it and else 0. Success, given by ``info["success"]``,
    terminates the episode; ``info["step"]`` counts from 1. The episode is truncated after ``max_steps``.

    Parameters
    ----------
    scene
        Name in the catalogue.

    Raises
    ------
    UnknownSceneError, SceneDescriptionError
        There is no such scene, or its description, models or module are wrong.
    """

    def __init__(self, scene: str, render_mode: str | None = None) -> None:
        info = scene_info(scene)
        self.render_mode = render_mode
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": info.rate_hz}
        self._picture: ScenePicture | None = None
        self.scene = scene
        self.description = load_description(info.folder)
        self.max_steps = info.max_steps
        self._module = info.folder / MODULE_NAME
        self._task = _task(scene, self._module)
        self.measurements = self._task.measurements
        self._labels = tuple(each.label for each in self.measurements)
        self._low = np.array([each.low for each in self.measurements])
        self._high = np.array([each.high for each in self.measurements])
        self.observation_space = gymnasium.spaces.Box(
            np.tile(self._low, FRAMES).astype(np.float32), np.tile(self._high, FRAMES).astype(np.float32)
        )
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (4,), np.float32)
        robot = self.description.robot
        chain = read_chain(model_path(self.description, robot.urdf), robot.tip_link)
        self._world = BulletWorld(self.description)
        self._panda = Panda(self._world, self.description, chain)
        self._frames: deque[Float32Array] = deque(maxlen=FRAMES)
        self._step = 0
        self._done_steps = 0
        self._snapshots = Snapshots[_Snapshot]()
        self._moment = Moment()
        self._origin: Mapping[str, Any] = {}
        """State of the random numbers when the episode began."""

    @property
    def observation_labels(self) -> tuple[str, ...]:
        """Name and unit of every entry of the observation."""
        ages = [f"t-{age}" if age else "t" for age in reversed(range(FRAMES))]
        return tuple(f"{each.label} @ {age}" for age in ages for each in self.measurements)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32Array, dict[str, Any]]:
        """Begin an episode; bodies are placed by ``seed``. Releases all snapshots."""
        super().reset(seed=seed, options=options)
        # A copy of the keys, because ``release`` removes them.
        for token in tuple(self._snapshots):
            self.release(token)
        self._moment, self._origin = Moment(), self.np_random.bit_generator.state
        self._begin(self.np_random)
        self._step = self._done_steps = 0
        # The first observation has no history; it is filled with the present, as for a robot that has stood still.
        self._frames.extend([self._frame(self._look())] * FRAMES)
        return self._observation(), {"success": False, "step": 0}

    def shift_physics(self, *, friction: float, mass: float, gains: float) -> None:
        """Multiply friction, mass and the arm's speed by these factors from the next ``reset`` on."""
        self._world.scale(friction=friction, mass=mass)
        self._panda.gains = gains

    def _begin(self, rng: np.random.Generator) -> None:
        self._world.begin(rng)
        self._panda.begin()
        # Bodies are placed a little above what they stand on. They must not fall in the first recorded steps.
        for _ in range(_SETTLING_STEPS):
            self._panda.drive(np.zeros(4))

    def step(self, action: Float32Array) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        """Carry out one control step.

        Raises ``ValueError`` when the action has another shape than (4,) or is not finite; nothing moves then.
        """
        # A copy in double precision: the caller may change its array, and the recorded action must be repeated exactly.
        command = np.array(action, dtype=np.float64)
        if command.shape != (4,) or not np.isfinite(command).all():
            raise ValueError(f"action: found {action!r}, expected 4 finite values (dx, dy, dz, gripper)")
        self._panda.drive(command)
        self._moment = Moment(self._moment, command)
        self._step += 1
        now = self._look()
        self._frames.append(self._frame(now))
        # Several steps in a row: a peg that passes its goal for a moment has not reached it.
        self._done_steps = self._done_steps + 1 if self._is_done(now) else 0
        success = self._done_steps >= self._task.success_steps
        reward = self._reward(now, success=success)
        info = {"success": success, "is_success": success, "step": self._step}
        # Success in the last step counts as success and not as running out of time.
        return self._observation(), reward, success, self._step >= self.max_steps and not success, info

    def _look(self) -> Situation:
        finger = self._panda.finger()
        squeeze = 2 * (finger - self._panda.command.finger)
        # The squeeze is the part of the command that the fingers could not follow, as there is something between them.
        return Situation(self._world, self._panda.position(), 2 * finger, squeeze)

    def _frame(self, now: Situation) -> Float32Array:
        with SceneCode(self._module, "measure"):
            measured = self._task.measure(now)
        frame = checked_values(self._module, "measure", measured, self._labels)
        clipped: Float64Array = np.minimum(np.maximum(frame, self._low), self._high)
        return clipped.astype(np.float32)

    def _is_done(self, now: Situation) -> bool:
        with SceneCode(self._module, "is_done"):
            done = self._task.is_done(now)
        return checked_flag(self._module, "is_done", done)

    def _reward(self, now: Situation, *, success: bool) -> float:
        with SceneCode(self._module, "reward"):
            reward = self._task.reward(now, success=success)
        return checked_number(self._module, "reward", reward)

    def _observation(self) -> Float32Array:
        return np.concatenate(self._frames)

    @property
    def rewinds_exactly(self) -> bool:
        """Whether to go back to a snapshot leads to the same state to the last bit."""
        return not self._world.inexact_bodies()

    @property
    def problems(self) -> tuple[str, ...]:
        """What the scene cannot do, as sentences for people."""
        bodies = self._world.inexact_bodies()
        if not bodies:
            return ()
        shapes = f"{', '.join(bodies)} collides with round or compound shapes. Use one box for each link."
        return (f"Rewinding is close but not exact here: {shapes}",)

    @property
    def action_labels(self) -> tuple[str, ...]:
        """Short name of every entry of the action."""
        return self.description.labels

    def render(self) -> npt.NDArray[np.uint8] | None:
        """Return the picture of the scene's first camera, uint8[height, width, 3]; None without a render mode."""
        if self.render_mode is None:
            return None
        if self._picture is None:
            self._picture = ScenePicture(self.description)
        return self._picture.draw(self.scene_state())

    def scene_state(self) -> Float32Array:
        """Return float32[k], see ``SupervisedEnv``."""
        return self._world.state()

    def end_effector(self) -> Float32Array:
        """Return the measured end-effector position, float32[3], m."""
        return self._panda.position().astype(np.float32)

    def rebase(self) -> None:
        """Start further motion from the measured pose; the grip stays."""
        self._panda.rebase()
        # A rebase is part of the path as well: repeating only the actions would lead elsewhere.
        self._moment = Moment(self._moment)

    def snapshot(self) -> int:
        """Keep the whole state of the episode in memory and return its token."""
        token = self._moment.token = self._world.save()
        self._snapshots[token] = _Snapshot(
            physics=token,
            contacts=self._world.contacts(),
            moment=self._moment,
            command=self._panda.command,
            frames=tuple(self._frames),
            step=self._step,
            done_steps=self._done_steps,
            rng=self.np_random.bit_generator.state,
        )
        return token

    def restore(self, token: int) -> Float32Array:
        """Go back to a snapshot and return the observation there."""
        kept = self._snapshots[token]
        self._return_to(kept.moment)
        self._frames.extend(kept.frames)
        self._step, self._done_steps = kept.step, kept.done_steps
        # Random numbers belong to the state as well, so that the same steps lead to the same place.
        self.np_random.bit_generator.state = kept.rng
        return self._observation()

    def _return_to(self, moment: Moment) -> None:
        """Bring robot and physics back to ``moment``.

        PyBullet's saved state may lack the contact of two boxes that touched a moment ago and are now microns apart.
        Then the recorded actions are repeated from the nearest earlier moment that can be restored completely.
        """
        way = []
        for at in moment.backwards():
            if self._restored(at):
                break
            way.append(at)
        else:
            # A generator of its own, so that the episode's own random numbers do not move on.
            rng = np.random.Generator(type(self.np_random.bit_generator)())
            rng.bit_generator.state = self._origin
            self._begin(rng)
            # The first moment is the start itself, to which no step leads.
            way.pop()
        for step in reversed(way):
            if step.action is None:
                self._panda.rebase()
            else:
                self._panda.drive(step.action)
        self._moment = moment

    def _restored(self, moment: Moment) -> bool:
        """Restore the snapshot of ``moment``; return False if there is none, or if not all contacts came back."""
        if moment.token is None:
            return False
        kept = self._snapshots[moment.token]
        self._world.restore(kept.physics)
        self._panda.command = kept.command
        return self._world.contacts() == kept.contacts

    def release(self, token: int) -> None:
        """Forget a snapshot."""
        kept = self._snapshots.take(token)
        self._world.forget(kept.physics)
        # Another snapshot may have been taken at the same moment since.
        if kept.moment.token == token:
            kept.moment.token = None

    def close(self) -> None:
        """Free the simulator; may be called twice."""
        self._snapshots.clear()
        if self._picture is not None:
            self._picture.close()
            self._picture = None
        self._world.close()


def _task(scene: str, module: Path) -> Task:
    task = load_module(scene).task
    if task is None:
        raise SceneModuleError(f"{scene}: found no TASK in its module, expected one for a scene of kind 'panda'")
    with SceneCode(module, "TASK"):
        return task()
