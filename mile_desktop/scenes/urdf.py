"""Reads the parts of URDF files that PyBullet does not read for us."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from mile_desktop.arrays import Float64Array
from mile_desktop.scenes.description import SceneDescriptionError


class ModelError(SceneDescriptionError):
    """A robot or body model does not fit the simulation."""


def read_model(path: Path) -> ET.Element:
    """Return the root element of a URDF file, or raise ``ModelError``."""
    try:
        return ET.parse(path).getroot()  # noqa: S314 - shipped with the program
    except (OSError, ET.ParseError) as error:
        raise ModelError(f"{path}: found no readable model ({error}), expected a URDF") from error


def vector(text: str | None) -> Float64Array:
    """Return the numbers of an attribute; three zeros if it is left out."""
    return np.array([float(part) for part in (text or "0 0 0").split()])


def rotation(rpy: Float64Array) -> Float64Array:
    """Return the rotation matrix (float64[3, 3]) of roll, pitch and yaw, rad."""
    # Fixed axes in the order x, y, z, as the URDF format defines it.
    (sr, sp, sy), (cr, cp, cy) = np.sin(rpy), np.cos(rpy)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def transform(origin: ET.Element | None) -> Float64Array:
    """Return the homogeneous transform (float64[4, 4]) of an ``origin`` element; the identity where there is none."""
    matrix = np.eye(4)
    if origin is not None:
        matrix[:3, :3] = rotation(vector(origin.get("rpy")))
        matrix[:3, 3] = vector(origin.get("xyz"))
    return matrix


@dataclass(frozen=True, slots=True)
class Box:
    """One box of a body, in the body's frame."""

    position: tuple[float, float, float]
    rpy: tuple[float, float, float]
    half_extents: tuple[float, float, float]


def read_boxes(path: Path) -> tuple[Box, ...]:
    """Return the collision boxes of a body of one link; raises ``ModelError`` on other shapes or more links."""
    root = read_model(path)
    links = root.findall("link")
    if len(links) != 1:
        raise ModelError(f"{path}: found {len(links)} links, expected one for a fixed body")
    return tuple(_box(path, collision) for collision in links[0].findall("collision"))


def _box(path: Path, collision: ET.Element) -> Box:
    shape, origin = collision.find("geometry/box"), collision.find("origin")
    if shape is None:
        raise ModelError(f"{path}: found a collision shape that is not a box, expected boxes for a fixed body")
    place = {} if origin is None else origin.attrib
    # URDF gives edge lengths, the physics engine wants half of them.
    half = 0.5 * vector(shape.get("size"))
    return Box(_triple(vector(place.get("xyz"))), _triple(vector(place.get("rpy"))), _triple(half))


def _triple(values: Float64Array) -> tuple[float, float, float]:
    x, y, z = values.tolist()
    return x, y, z
