"""State of an environment in MuJoCo: everything the next step depends on, and what its picture depends on."""

from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array

_DERIVED = (
    "xpos", "xquat", "xmat", "xipos", "ximat", "geom_xpos", "geom_xmat", "site_xpos", "site_xmat", "subtree_com",
    "cinert", "cvel", "cacc", "cfrc_int", "cfrc_ext", "qfrc_actuator", "actuator_force", "sensordata",
)  # fmt: skip
"""Results of the last step. ``mj_setState`` does not set them and ``mj_forward`` would compute them one substep later
than ``mj_step`` left them, but environments read them before they step: rewards are differences of positions."""

_PLACED = ("body_pos", "body_quat", "site_pos", "geom_pos", "geom_rgba", "site_rgba")
"""Parts of the model that environments change from one episode to the next (Meta-World places its objects by them)."""
_DRAWN_DATA = ("qpos", "mocap_pos", "mocap_quat")
_DRAWN_MODEL = ("body_pos", "body_quat")


class MujocoModel(Protocol):
    """``mujoco.MjModel``; its arrays are read by name."""


class MujocoData(Protocol):
    """``mujoco.MjData``; its arrays are read by name."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptPhysics:
    """A saved state."""

    state: Float64Array
    """float64[n], ``mjSTATE_INTEGRATION``."""
    derived: dict[str, Float64Array]
    placed: dict[str, Float64Array]


class MujocoState:
    """Saves and restores model and data, exact to the bit, in about 0.1 ms; used by the thread that steps."""

    def __init__(self, model: MujocoModel, data: MujocoData) -> None:
        import mujoco  # noqa: PLC0415 - an optional dependency, there if an environment uses it

        self.model, self.data = model, data
        self._mujoco = mujoco
        self._flags = int(mujoco.mjtState.mjSTATE_INTEGRATION)
        self._size = int(mujoco.mj_stateSize(model, self._flags))

    def capture(self) -> KeptPhysics:
        """Return a copy of everything that changes."""
        state = np.empty(self._size)
        self._mujoco.mj_getState(self.model, self.data, state, self._flags)
        derived = {name: self._of_data(name).copy() for name in _DERIVED}
        return KeptPhysics(state, derived, {name: self._of_model(name).copy() for name in _PLACED})

    def restore(self, kept: KeptPhysics) -> None:
        """Go back to ``kept``."""
        for name, values in kept.placed.items():
            self._of_model(name)[:] = values
        self._mujoco.mj_setState(self.model, self.data, kept.state, self._flags)
        for name, values in kept.derived.items():
            self._of_data(name)[:] = values

    def numbers(self) -> Float32Array:
        """Return float32[k]: the pose of everything, for drawing."""
        return np.concatenate([each.ravel() for each in self._drawn()], dtype=np.float32)

    def set_numbers(self, values: Float32Array) -> None:
        """Pose everything as ``numbers`` of another copy says; raises ``ValueError`` where it does not fit."""
        arrays = self._drawn()
        sizes = [each.size for each in arrays]
        if len(values) != sum(sizes):
            raise ValueError(f"found {len(values)} numbers, expected {sum(sizes)}")
        rows = np.split(values, np.cumsum(sizes)[:-1])
        for array, row in zip(arrays, rows, strict=True):
            array[:] = row.reshape(array.shape)
        self._mujoco.mj_forward(self.model, self.data)
        # Again, because mj_forward computes it and Meta-World moves the mark of its goal afterwards.
        arrays[-1][:] = rows[-1].reshape(arrays[-1].shape)

    def _drawn(self) -> list[Float64Array]:
        posed = [*map(self._of_data, _DRAWN_DATA), *map(self._of_model, _DRAWN_MODEL)]
        return [*posed, self._of_data("site_xpos")]

    def _of_data(self, name: str) -> Float64Array:
        return cast("Float64Array", getattr(self.data, name))

    def _of_model(self, name: str) -> Float64Array:
        return cast("Float64Array", getattr(self.model, name))


def find_physics(env: object) -> MujocoState | None:
    """Return the physics of an unwrapped environment where it is MuJoCo's and kept under one of the usual names."""
    for model_name, data_name in (("model", "data"), ("_model", "_data")):
        model, data = getattr(env, model_name, None), getattr(env, data_name, None)
        if type(model).__name__ == "MjModel" and type(data).__name__ == "MjData":
            return MujocoState(cast("MujocoModel", model), cast("MujocoData", data))
    return None
