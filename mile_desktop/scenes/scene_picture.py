"""Pictures of a Panda scene for gymnasium's ``render``: by PyBullet's own renderer, from the scene's first camera.

The window draws with its own renderer in another process. This one needs no OpenGL and works in every process.
"""

import numpy as np
import numpy.typing as npt
import pybullet

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.description import SceneDescription
from mile_desktop.scenes.mirror import SceneMirror

WIDTH, HEIGHT = 320, 240
"""Pixels. A picture takes about 60 ms at this size and 200 ms at twice the width and height."""
_NEAR_M, _FAR_M = 0.02, 10.0


class ScenePicture:
    """A copy of the scene's bodies that is posed and drawn; belongs to one thread.

    Raises ``SceneDescriptionError`` when a model cannot be loaded.
    """

    def __init__(self, description: SceneDescription) -> None:
        self._client: int = pybullet.connect(pybullet.DIRECT)
        # A client of its own: drawing must not touch the bodies that are simulated.
        self._mirror = SceneMirror(self._client, description)
        self._camera = description.cameras[0]

    def draw(self, state: Float32Array) -> npt.NDArray[np.uint8]:
        """Return the scene in ``state`` (float32[k]), uint8[height, width, 3]."""
        self._mirror.apply(state)
        camera = self._camera
        target = np.array(camera.target)
        if camera.follows_end_effector:
            target = target + self._mirror.end_effector()
        view = pybullet.computeViewMatrixFromYawPitchRoll(
            target.tolist(), camera.distance, camera.yaw_deg, camera.pitch_deg, 0.0, 2
        )
        lens = pybullet.computeProjectionMatrixFOV(camera.fov_deg, WIDTH / HEIGHT, _NEAR_M, _FAR_M)
        _, _, pixels, _, _ = pybullet.getCameraImage(
            WIDTH, HEIGHT, view, lens, renderer=pybullet.ER_TINY_RENDERER, physicsClientId=self._client
        )
        picture: npt.NDArray[np.uint8] = np.asarray(pixels, np.uint8).reshape(HEIGHT, WIDTH, 4)
        return np.ascontiguousarray(picture[:, :, :3])

    def close(self) -> None:
        """Free the copy; may be called once."""
        pybullet.disconnect(physicsClientId=self._client)
