"""What a scene offers beyond gymnasium's interface, and how to make one by name."""

from typing import Protocol, cast

import gymnasium
import numpy as np
from numpy.typing import NDArray

from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.engine import load_engine

FloatArray = NDArray[np.float32]
SceneEnv = gymnasium.Env[FloatArray, FloatArray]


class SupervisedEnv(Protocol):
    """Drawing, rewinding and jump-free changes of control; methods of ``env.unwrapped``.

    Owned by one thread of one process.
    """

    @property
    def observation_labels(self) -> tuple[str, ...]:
        """Name and unit of every entry of the observation, oldest frame first."""
        ...

    def scene_state(self) -> FloatArray:
        """Return float32[k]: joints of the robot, then position and quaternion of each body that can be elsewhere.

        Enough to draw the scene (``mirror.SceneMirror.apply``), not enough to continue it (``snapshot``).
        """
        ...

    def snapshot(self) -> int:
        """Keep the whole state of the episode in memory and return its token.

        After ``restore(token)`` the same actions lead to exactly the same observations. Tokens die with the episode:
        ``reset`` releases them all. Costs about a millisecond and some memory until released.
        """
        ...

    def restore(self, token: int) -> FloatArray:
        """Go back to a snapshot, which stays valid, and return the observation there.

        Raises ``UnknownSnapshotError`` when the token was released or never given.
        """
        ...

    def release(self, token: int) -> None:
        """Forget a snapshot. Raises ``UnknownSnapshotError`` as ``restore`` does."""
        ...

    def rebase(self) -> None:
        """Let further motion start from the measured pose; the grip stays as it is.

        Called whenever control changes hands and when a hold begins.
        """
        ...

    def end_effector(self) -> FloatArray:
        """Return the measured end-effector position, float32[3], m."""
        ...

    def close(self) -> None:
        """Free the simulator; may be called twice."""
        ...


class UnknownSnapshotError(KeyError):
    """There is no snapshot with that token (any more)."""


def make_scene(name: str) -> SceneEnv:
    """Make the environment of the scene called ``name``; imports its simulator only now.

    Raises
    ------
    UnknownSceneError
        There is no such scene.
    SceneDescriptionError
        Its description is wrong.
    """
    load_engine()
    return cast("SceneEnv", gymnasium.make(scene_info(name).env_id, disable_env_checker=True))


def supervised(env: SceneEnv) -> SupervisedEnv:
    """Return the ``SupervisedEnv`` inside a possibly wrapped environment made by ``make_scene``."""
    return cast("SupervisedEnv", env.unwrapped)
