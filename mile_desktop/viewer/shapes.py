"""Reads the visual shapes of a PyBullet client, with their colours and present poses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pybullet

from mile_desktop.arrays import Float32Array
from mile_desktop.viewer.geometry import GeometryError, Triangles, box, cylinder, read_obj, read_stl, sphere

Matrices = Float32Array

_BASE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One visual shape of one link."""

    body: int
    link: int
    """−1 is the base."""
    local: Matrices
    """float32[4, 4]: pose in the link's frame."""
    colour: tuple[float, float, float]
    """sRGB, 0–1."""
    triangles: Triangles


def read_shapes(client: int) -> tuple[list[Shape], list[str]]:
    """Return every visual shape of ``client``, and a sentence for each that cannot be drawn."""
    shapes, problems = [], []
    for index in range(pybullet.getNumBodies(physicsClientId=client)):
        body = pybullet.getBodyUniqueId(index, physicsClientId=client)
        for data in pybullet.getVisualShapeData(body, physicsClientId=client):
            try:
                shapes.append(_shape(data))
            except GeometryError as error:
                problems.append(str(error))
    return shapes, problems


def _shape(data: tuple) -> Shape:  # type: ignore[type-arg]  # PyBullet returns bare tuples
    body, link, kind, dimensions, file, position, rotation, rgba = data[:8]
    return Shape(body, link, pose_matrix(position, rotation), tuple(rgba[:3]), _triangles(kind, dimensions, file))


def _triangles(kind: int, dimensions: tuple[float, float, float], file: bytes) -> Triangles:
    if kind == pybullet.GEOM_BOX:
        return box(dimensions)
    if kind == pybullet.GEOM_CYLINDER:
        return cylinder(dimensions[1], dimensions[0])
    if kind == pybullet.GEOM_SPHERE:
        return sphere(dimensions[0])
    if kind == pybullet.GEOM_MESH:
        # A copy, because ``read_obj`` returns the same array to every scene.
        scaled = _mesh(Path(file.decode(errors="surrogateescape"))).copy()
        scaled[:, :, :3] *= np.array(dimensions, np.float32)
        return scaled
    raise GeometryError(f"found a shape of PyBullet's kind {kind}, expected a box, cylinder, sphere or mesh")


def _mesh(path: Path) -> Triangles:
    suffix = path.suffix.lower()
    if suffix == ".obj":
        return read_obj(path)
    if suffix == ".stl":
        return read_stl(path)
    raise GeometryError(f"{path}: found a mesh of kind {suffix!r}, expected .obj or .stl; convert it to one of them")


def pose_matrix(position: tuple[float, ...], quaternion: tuple[float, ...]) -> Matrices:
    """Return float32[4, 4] of a position (m) and a quaternion (x, y, z, w)."""
    matrix = np.eye(4, dtype=np.float32)
    matrix[:3, :3] = np.array(pybullet.getMatrixFromQuaternion(quaternion)).reshape(3, 3)
    matrix[:3, 3] = position
    return matrix


def shape_poses(client: int, shapes: list[Shape]) -> Matrices:
    """Return where each shape is now, float32[n, 4, 4], shape to world."""
    # One call for each body: its shapes share the frames of its links.
    frames = {(body, link): frame for body in {shape.body for shape in shapes} for link, frame in _links(client, body)}
    if not shapes:
        return np.empty((0, 4, 4), np.float32)
    links = np.stack([frames[shape.body, shape.link] for shape in shapes])
    poses: Matrices = links @ np.stack([shape.local for shape in shapes])
    return poses


def _links(client: int, body: int) -> list[tuple[int, Matrices]]:
    """Return the frame of the base and of every link, to which PyBullet's visual shapes are relative."""
    inertia = pybullet.getDynamicsInfo(body, _BASE, physicsClientId=client)
    # the base is reported at its centre of mass
    centre = pose_matrix(*pybullet.getBasePositionAndOrientation(body, physicsClientId=client))
    frames = [(_BASE, centre @ pose_matrix(*pybullet.invertTransform(inertia[3], inertia[4])))]
    count = pybullet.getNumJoints(body, physicsClientId=client)
    if count:
        # With kinematics: the poses of links are those of the last simulation step otherwise, and this client takes
        # none.
        states = pybullet.getLinkStates(body, range(count), computeForwardKinematics=1, physicsClientId=client)
        frames += [(link, pose_matrix(state[4], state[5])) for link, state in enumerate(states)]
    return frames
