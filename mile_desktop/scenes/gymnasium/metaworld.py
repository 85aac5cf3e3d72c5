"""Tasks of Meta-World as gymnasium environments in which the seed decides the start; needs the extra ``metaworld``.

Meta-World draws its starts from a list of fifty for each task; here every seed is a start of its own, as in the other
scenes. The goal is part of the observation. Importing this module registers ``meta-world/Task-v3``.
"""

from typing import Any

import gymnasium
import numpy as np

from mile_desktop.arrays import Float64Array

TASK_ID = "meta-world/Task-v3"
_VIEW = {"azimuth": 118.0, "elevation": -28.0, "distance": 1.4, "lookat": np.array([0.02, 0.62, 0.12])}
"""From behind the robot; ``view_yaw_deg = 28`` in the scenes turns pushes into it."""
_NO_LIMIT = 1_000_000_000


class SeededTask(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A task of Meta-World; see the module.

    Raises
    ------
    KeyError
        There is no such task.
    """

    def __init__(self, task: str, render_mode: str | None = None) -> None:
        from metaworld.env_dict import ALL_V3_ENVIRONMENTS  # noqa: PLC0415 - an optional dependency

        make: Any = ALL_V3_ENVIRONMENTS[task]
        made: Any = make(render_mode=render_mode)
        # What ``set_task`` does with a task from the list. The space is computed again, because it bounds the goal.
        made._set_task_called = True  # noqa: SLF001 - Meta-World has no other way
        made._freeze_rand_vec, made.seeded_rand_vec = False, True  # noqa: SLF001
        made._partially_observable = False  # noqa: SLF001
        del made.sawyer_observation_space
        made.observation_space = made.sawyer_observation_space
        # It refuses the step after its limit; the scene has a limit of its own, which does not cut off a rescue.
        made.max_path_length = _NO_LIMIT
        made.mujoco_renderer.default_cam_config, made.mujoco_renderer.camera_id = _VIEW, -1
        super().__init__(made)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float64Array, dict[str, Any]]:
        """Begin the episode that ``seed`` stands for. Meta-World ignores the seed of its own ``reset``."""
        if seed is not None:
            self.unwrapped.seed(seed)  # type: ignore[attr-defined]
        observation, info = self.env.reset(options=options)
        return observation, info


gymnasium.register(TASK_ID, f"{__name__}:SeededTask")
