"""The interface of a scene beyond gymnasium's, and how to make a scene by name."""

from typing import Protocol, cast

import gymnasium

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.catalogue import MODULE_NAME, SceneInfo, scene_info
from mile_desktop.scenes.engine import load_engine
from mile_desktop.scenes.env_options import Observation, Reward, space_tables, with_options
from mile_desktop.scenes.modules import load_module
from mile_desktop.scenes.registration import register_scene
from mile_desktop.scenes.scene_code import START_S, SceneCode
from mile_desktop.scenes.shift import Shift
from mile_desktop.scenes.shifted import ShiftedEnv

FloatArray = Float32Array
"""The name that scene modules of earlier versions import."""

SceneEnv = gymnasium.Env[Float32Array, Float32Array]


class SupervisedEnv(Protocol):
    """Drawing, rewinding and smooth changes of control; methods of ``env.unwrapped``.

    Owned by one thread of one process.
    """

    @property
    def observation_labels(self) -> tuple[str, ...]:
        """Name and unit of every entry of the observation, oldest frame first."""
        ...

    def scene_state(self) -> Float32Array:
        """Return float32[k]: joints of the robot, then position, quaternion and joints of each body that can move.

        It is enough to draw the scene (``mirror.SceneMirror.apply``), but not to continue it (see ``snapshot``).
        """
        ...

    def snapshot(self) -> int:
        """Save the complete state of the episode in memory and return its token.

        After ``restore(token)`` the same actions lead to exactly the same observations. Tokens die with the episode:
        ``reset`` releases them all. Costs about a millisecond and some memory until released.
        """
        ...

    def restore(self, token: int) -> Float32Array:
        """Go back to a snapshot, which stays valid, and return the observation there.

        Raises ``UnknownSnapshotError`` if the token was released or never existed.
        """
        ...

    def release(self, token: int) -> None:
        """Forget a snapshot. Raises ``UnknownSnapshotError`` as ``restore`` does."""
        ...

    def rebase(self) -> None:
        """Start further motion from the measured pose; the grip stays as it is.

        Called when control changes between policy and operator, and when a hold begins: otherwise the robot would jump
        to the target that was commanded before.
        """
        ...

    def end_effector(self) -> Float32Array:
        """Return the measured end-effector position, float32[3], m."""
        ...

    def close(self) -> None:
        """Free the simulator; may be called twice."""
        ...


def make_scene(name: str, shift: Shift | None = None) -> SceneEnv:
    """Make the environment of the scene called ``name``, under ``shift``; imports its simulator only now.

    Raises
    ------
    UnknownSceneError
        There is no such scene.
    SceneDescriptionError
        Its description, models or module are wrong.
    """
    info = scene_info(name)
    # Again, because a user may have added the scene after this package was imported.
    register_scene(info)
    # Without gymnasium's checker: it would run in every step, and our own checks name the scene's file. Without its
    # time limit: every scene has its own, which does not cut off a person who drives.
    env = cast("SceneEnv", gymnasium.make(info.env_id, disable_env_checker=True, max_episode_steps=-1))
    return env if shift is None else ShiftedEnv(env, shift)


def open_scene(
    scene: str, render_mode: str | None = None, reward: Reward = "sparse", observation: Observation = "state"
) -> SceneEnv:
    """Return an environment of ``scene``; gymnasium calls this. ``env.unwrapped.__doc__`` has tables of its spaces.

    Parameters
    ----------
    render_mode
        None or ``rgb_array``; gymnasium makes ``human`` from it.
    reward
        ``sparse``: 1 on the step that completes the task. ``dense``: minus the distances that a Panda scene measures
        are added (``env_options.DenseReward``). Other scenes have the reward of their environment.
    observation
        ``state``: numbers with names. ``pixels``: the picture, uint8[height, width, 3].

    Raises
    ------
    ValueError
        ``reward`` or ``observation`` is none of these.
    UnknownSceneError, SceneDescriptionError
        As ``make_scene``.
    """
    info = scene_info(scene)
    drawn = "rgb_array" if observation == "pixels" else render_mode
    env = _bare(info, drawn)
    env.unwrapped.__doc__ = space_tables(info, env)
    return cast("SceneEnv", with_options(env, info, reward, observation))


def _bare(info: SceneInfo, render_mode: str | None) -> SceneEnv:
    scene = info.name
    if info.kind == "gymnasium":
        from mile_desktop.scenes.gymnasium.environment import GymnasiumEnv  # noqa: PLC0415 - imports the simulator

        return GymnasiumEnv(info, render_mode)
    make_env = load_module(scene).make_env
    if make_env is not None:
        with SceneCode(info.folder / MODULE_NAME, "make_env", START_S):
            # A scene of a person need not know render modes; it is asked for one only where one is wanted.
            return cast("SceneEnv", make_env() if render_mode is None else make_env(render_mode=render_mode))
    # Only for scenes that need it: the lander runs without PyBullet.
    load_engine()
    from mile_desktop.scenes.manipulation import ManipulationEnv  # noqa: PLC0415 - imports the simulator

    return ManipulationEnv(scene, render_mode)


# gymnasium looks for it at the entry point, and wraps the environment in a window where "human" is asked for.
open_scene.metadata = {"render_modes": ["rgb_array"]}  # type: ignore[attr-defined]


def supervised(env: SceneEnv) -> SupervisedEnv:
    """Return the ``SupervisedEnv`` inside a possibly wrapped environment made by ``make_scene``."""
    return cast("SupervisedEnv", env.unwrapped)
