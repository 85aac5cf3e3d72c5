"""Triangles of the shapes a URDF can have: float32[n, 3, 6], for each corner position (m) and unit normal."""

import math
from functools import lru_cache
from pathlib import Path

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.errors import UserError

Triangles = Float32Array

# Round enough at the size of these pictures; each segment of a cylinder costs four triangles.
_SEGMENTS = 32


class GeometryError(UserError, ValueError):
    """A mesh file has no triangles that can be drawn."""


def box(size: tuple[float, float, float]) -> Triangles:
    """Return a box of these edge lengths (m) around the origin."""
    faces = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            normal = np.zeros(3)
            normal[axis] = sign
            # The sign turns one of the two edges, so that all faces run counter-clockwise seen from outside.
            u, v = np.roll(normal, 1), np.roll(normal, 2) * sign
            ring = [normal - u - v, normal + u - v, normal + u + v, normal - u + v]
            faces += [[ring[0], ring[1], ring[2]], [ring[0], ring[2], ring[3]]]
    corners = np.array(faces)
    normals = np.repeat(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, None], 3, axis=1)
    return _joined(corners * np.array(size) / 2.0, normals)


def cylinder(radius: float, length: float) -> Triangles:
    """Return a cylinder along z around the origin."""
    angles = np.linspace(0.0, 2.0 * math.pi, _SEGMENTS + 1)
    rim = np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=1)
    here, there = rim[:-1], rim[1:]
    up = np.array([0.0, 0.0, length / 2.0])
    low_here, low_there = here * radius - up, there * radius - up
    high_here, high_there = here * radius + up, there * radius + up
    side = _joined(
        np.concatenate([_stack(low_here, low_there, high_there), _stack(low_here, high_there, high_here)]),
        # Normals point outwards at each corner and not at each face: the light then makes the side look round.
        np.concatenate([_stack(here, there, there), _stack(here, there, here)]),
    )
    middle = np.zeros_like(here)
    caps = [
        _joined(_stack(middle + up, high_here, high_there), np.broadcast_to([0.0, 0.0, 1.0], (_SEGMENTS, 3, 3))),
        _joined(_stack(middle - up, low_there, low_here), np.broadcast_to([0.0, 0.0, -1.0], (_SEGMENTS, 3, 3))),
    ]
    return np.concatenate([side, *caps])


def sphere(radius: float) -> Triangles:
    """Return a sphere around the origin."""
    polar, turn = np.linspace(0.0, math.pi, _SEGMENTS // 2 + 1), np.linspace(0.0, 2.0 * math.pi, _SEGMENTS + 1)
    grid = np.stack(
        [
            np.outer(np.sin(polar), np.cos(turn)),
            np.outer(np.sin(polar), np.sin(turn)),
            np.outer(np.cos(polar), np.ones_like(turn)),
        ],
        axis=2,
    )
    a, b, c, d = (part.reshape(-1, 3) for part in (grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]))
    normals = np.concatenate([_stack(a, b, c), _stack(a, c, d)])
    return _joined(normals * radius, normals)


# Scenes share models, and a stage is opened again for each scene.
@lru_cache(maxsize=64)
def read_obj(path: Path) -> Triangles:
    """Read the triangles of an OBJ file; a corner without a normal gets its face's.

    Raises
    ------
    GeometryError
        The file cannot be read or has no faces.
    """
    try:
        # names and comments may be in any encoding, numbers are ASCII; a backslash continues a line
        text = path.read_text("utf-8-sig", errors="replace").replace("\\\n", " ")
        positions, normals, corners = _obj_entries(text)
    except (OSError, ValueError) as error:
        raise GeometryError(f"{path}: found no readable OBJ file ({error}), expected one") from error
    if not corners:
        raise GeometryError(f"{path}: found no faces, expected a mesh")
    places = np.array(positions)[[position for position, _ in corners]].reshape(-1, 3, 3)
    return _joined(places, _normals(places, normals, [normal for _, normal in corners]))


def _obj_entries(text: str) -> tuple[list[list[float]], list[list[float]], list[tuple[int, int]]]:
    """Return positions, normals and the corners of the triangles; raise ``ValueError`` if they cannot be drawn."""
    positions: list[list[float]] = []
    normals: list[list[float]] = []
    corners: list[tuple[int, int]] = []
    for line in text.splitlines():
        keyword, *rest = line.split() or [""]
        if keyword == "v":
            positions.append(_numbers(line, rest))
        elif keyword == "vn":
            normals.append(_numbers(line, rest))
        elif keyword == "f":
            corners += _fan([_corner(part, len(positions), len(normals)) for part in rest])
    # Faces may stand before the vertices that they name, so the lists are complete only here.
    for position, normal in corners:
        if position >= len(positions) or normal >= len(normals):
            raise ValueError(f"a face names a corner that is not there, of {len(positions)} vertices")
    return positions, normals, corners


def _numbers(line: str, fields: list[str]) -> list[float]:
    numbers = [float(each) for each in fields[:3]]
    if len(numbers) != 3 or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{line[:60]!r} is not three finite numbers")
    return numbers


_STL_HEADER = 84
_STL_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


@lru_cache(maxsize=64)
def read_stl(path: Path) -> Triangles:
    """Read the triangles of a binary or ASCII STL file, with the normals of their faces.

    Raises
    ------
    GeometryError
        The file cannot be read or has no triangles.
    """
    try:
        places = _stl_corners(path.read_bytes())
    except (OSError, ValueError) as error:
        raise GeometryError(f"{path}: found no readable STL file ({error}), expected one") from error
    return _joined(places, _normals(places, [], []))


def _stl_corners(data: bytes) -> Float64Array:
    count = int.from_bytes(data[_STL_HEADER - 4 : _STL_HEADER], "little")
    # the size tells the two kinds apart: headers of binary files may begin with "solid", too
    if len(data) >= _STL_HEADER and len(data) == _STL_HEADER + count * _STL_TRIANGLE.itemsize:
        corners = np.frombuffer(data, _STL_TRIANGLE, offset=_STL_HEADER)["corners"].astype(np.float64)
    else:
        lines = [line.split() for line in data.decode("latin-1").splitlines()]
        numbers = [[float(each) for each in fields[1:4]] for fields in lines if fields[:1] == ["vertex"]]
        corners = np.array(numbers, np.float64).reshape(-1, 3, 3)
    if not corners.size or not np.isfinite(corners).all():
        raise ValueError("it has no triangles, is cut off, or has a number that is not finite")
    return corners


def _fan(polygon: list[tuple[int, int]]) -> list[tuple[int, int]]:
    # Faces of OBJ files may have any number of corners; a fan is right for convex ones.
    return [corner for k in range(1, len(polygon) - 1) for corner in (polygon[0], polygon[k], polygon[k + 1])]


def _corner(text: str, positions: int, normals: int) -> tuple[int, int]:
    """Return the indices of position and normal (−1: none) of ``v``, ``v/t``, ``v//n`` or ``v/t/n``.

    ``positions`` and ``normals`` were read until this line: a negative number counts back from there.
    """
    parts = text.split("/")
    return _index(parts[0], positions), _index(parts[2], normals) if len(parts) == 3 and parts[2] else -1


def _index(text: str, count: int) -> int:
    number = int(text)
    index = number - 1 if number > 0 else count + number
    if number == 0 or index < 0:
        raise ValueError(f"a face names corner {number} of {count}")
    return index


def _normals(places: Float64Array, normals: list[list[float]], indices: list[int]) -> Float64Array:
    # All or none: a mesh with some normals would be half smooth and half flat.
    if normals and min(indices) >= 0:
        return np.array(normals)[indices].reshape(-1, 3, 3)
    flat = np.cross(places[:, 1] - places[:, 0], places[:, 2] - places[:, 0])
    return np.repeat(flat[:, None], 3, axis=1)


def _stack(*corners: Float64Array) -> Float64Array:
    return np.stack(corners, axis=1)


def _joined(places: Float64Array, normals: Float64Array) -> Triangles:
    lengths = np.linalg.norm(normals, axis=2, keepdims=True)
    # A triangle without area has no normal; the bound keeps it from becoming NaN.
    unit = normals / np.maximum(lengths, 1e-12)
    return np.concatenate([places, unit], axis=2).astype(np.float32)
