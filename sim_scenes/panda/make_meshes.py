"""Make the light Panda of this folder from the one that ships with PyBullet.

The original's visual meshes have a hundred thousand triangles, far more than a picture of a few hundred thousand
pixels can show and two thirds of the time it takes to draw one on a computer without graphics hardware. Here every
visual mesh is cut by colour (the colour of a face is read from the original's material and texture), simplified and
given smooth normals with creases. Joints, limits, inertias and collision meshes stay exactly as they are.

Run it with `pip install fast-simplification pillow pybullet scipy` and `python sim_scenes/panda/make_meshes.py`.
"""

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import fast_simplification
import numpy as np
import pybullet_data
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

LOG = logging.getLogger("make_meshes")
HERE = Path(__file__).resolve().parent
ORIGINAL = Path(pybullet_data.getDataPath()) / "franka_panda"

TRIANGLES = 8000
"""For the whole robot; shared out by area, with a bonus for the hand, which is looked at most."""
CREASE_DEG = 35.0
"""Faces that meet at a larger angle keep a sharp edge."""
COLOURS = {"shell": (0.90, 0.91, 0.93), "joint": (0.47, 0.50, 0.55), "trim": (0.20, 0.22, 0.26)}
SMALL_PIECE = 40
"""Triangles that every connected piece may keep."""
DETAIL = {"shell": 1.0, "joint": 2.0, "trim": 2.0}
"""The darker parts are small and finely shaped."""
_JOINT_BELOW, _TRIM_BELOW = 190.0, 112.0
"""Mean of red, green and blue (0–255) below which a face of the original is no shell, and is trim."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles of one colour."""

    vertices: Floats
    """float64[n, 3], m."""
    faces: Indices
    """int64[m, 3]."""

    @property
    def area(self) -> float:
        """Surface, m²."""
        return float(np.linalg.norm(_face_normals(self), axis=1).sum() / 2.0)


def _face_normals(mesh: Mesh) -> Floats:
    """Return the cross product of two sides of each face: its direction, and twice its area as length."""
    a, b, c = (mesh.vertices[mesh.faces[:, corner]] for corner in range(3))
    return np.cross(b - a, c - a)


def material_colours(path: Path) -> dict[str, tuple[Floats, bool]]:
    """Return diffuse colour (0–255) and whether the texture replaces it, for each material of a library."""
    found: dict[str, tuple[Floats, bool]] = {}
    name = ""
    for line in path.read_text("utf-8").splitlines() if path.is_file() else []:
        word, *rest = line.split() or [""]
        if word == "newmtl":
            name = rest[0]
        elif word == "Kd":
            found[name] = (np.array(rest, float) * 255.0, False)
        elif word == "map_Kd":
            found[name] = (found[name][0], True)
    return found


def read_coloured(path: Path, texture: NDArray[np.uint8]) -> dict[str, Mesh]:
    """Read an OBJ file and return its triangles by the name of their colour."""
    materials = material_colours(path.with_suffix(".mtl"))
    vertices: list[list[float]] = []
    corners: list[list[float]] = []
    faces: dict[str, list[list[int]]] = {name: [] for name in COLOURS}
    material = (np.full(3, 255.0), False)
    for line in path.read_text("utf-8").splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            vertices.append([float(part) for part in rest[:3]])
        elif word == "vt":
            corners.append([float(part) for part in rest[:2]])
        elif word == "usemtl":
            material = materials.get(rest[0], material)
        elif word == "f":
            indices = [[int(part) - 1 if part else -1 for part in corner.split("/")] for corner in rest]
            colour = _colour_name(_face_colour(indices, corners, material, texture))
            triangles = ((indices[0][0], indices[k][0], indices[k + 1][0]) for k in range(1, len(indices) - 1))
            faces[colour] += [list(triangle) for triangle in triangles]
    points = np.array(vertices)
    return {name: _welded(points, np.array(part)) for name, part in faces.items() if part}


def _face_colour(
    indices: list[list[int]], corners: list[list[float]], material: tuple[Floats, bool], texture: NDArray[np.uint8]
) -> Floats:
    colour, textured = material
    if not textured or len(indices[0]) < 2 or indices[0][1] < 0:
        return colour
    u, v = np.mean([corners[index[1]] for index in indices], axis=0) % 1.0
    height, width = texture.shape[:2]
    return texture[int((1.0 - v) * (height - 1)), int(u * (width - 1))].astype(float)


def _colour_name(colour: Floats) -> str:
    mean = float(colour.mean())
    return "shell" if mean >= _JOINT_BELOW else "joint" if mean >= _TRIM_BELOW else "trim"


def _welded(vertices: Floats, faces: Indices) -> Mesh:
    """Join vertices that lie together (to 1 µm) and drop faces that thereby vanish."""
    used = vertices[faces.ravel()]
    _, first, inverse = np.unique(np.round(used, 6), axis=0, return_index=True, return_inverse=True)
    joined = inverse.reshape(-1, 3)
    distinct = (joined[:, 0] != joined[:, 1]) & (joined[:, 1] != joined[:, 2]) & (joined[:, 2] != joined[:, 0])
    return Mesh(used[first], joined[distinct])


def simplified(mesh: Mesh, triangles: int) -> Mesh:
    """Return ``mesh`` with about ``triangles`` triangles.

    Pieces that hang together are simplified one by one, sharing the triangles by area: simplified as a whole, thin
    plates would vanish. Small pieces stay as they are.
    """
    pieces = _pieces(mesh)
    total = sum(piece.area for piece in pieces)
    done = [_simplified_piece(piece, max(SMALL_PIECE, round(triangles * piece.area / total))) for piece in pieces]
    offsets = np.cumsum([0, *(len(piece.vertices) for piece in done[:-1])])
    faces = [piece.faces + offset for piece, offset in zip(done, offsets, strict=True)]
    return Mesh(np.concatenate([piece.vertices for piece in done]), np.concatenate(faces))


def _pieces(mesh: Mesh) -> list[Mesh]:
    """Return the parts of ``mesh`` that share no vertex."""
    a, b, c = mesh.faces.T
    rows, columns = np.concatenate([a, b]), np.concatenate([b, c])
    size = len(mesh.vertices)
    count, label = connected_components(coo_matrix((np.ones(len(rows)), (rows, columns)), (size, size)), directed=False)
    return [
        _welded(mesh.vertices, mesh.faces[label[a] == number]) for number in range(count) if np.any(label[a] == number)
    ]


def _simplified_piece(mesh: Mesh, triangles: int) -> Mesh:
    if len(mesh.faces) <= triangles:
        return mesh
    vertices, faces = fast_simplification.simplify(
        mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32), target_count=triangles, agg=3
    )
    result = _welded(np.asarray(vertices, float), np.asarray(faces, np.int64))
    # a piece that would lose half of its surface is better left alone
    return result if result.area > 0.5 * mesh.area else mesh


def corner_normals(mesh: Mesh) -> Floats:
    """Return float64[m, 3, 3]: for each corner the mean normal of the faces around it that are not past a crease."""
    weighted = _face_normals(mesh)
    unit = weighted / np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-12)
    around: list[list[int]] = [[] for _ in mesh.vertices]
    for face, corners in enumerate(mesh.faces):
        for vertex in corners:
            around[vertex].append(face)
    limit = np.cos(np.radians(CREASE_DEG))
    normals = np.empty((len(mesh.faces), 3, 3))
    for face, corners in enumerate(mesh.faces):
        for corner, vertex in enumerate(corners):
            near = [other for other in around[vertex] if unit[other] @ unit[face] >= limit]
            normals[face, corner] = weighted[near].sum(axis=0) if near else unit[face]
    return normals / np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-12)


def write_obj(path: Path, mesh: Mesh, source: str) -> None:
    """Write positions (to 10 µm) and normals."""
    normals, which = np.unique(np.round(corner_normals(mesh).reshape(-1, 3), 2), axis=0, return_inverse=True)
    which = which.reshape(-1, 3)
    lines = [f"# Simplified from {source} of the Franka Panda in PyBullet; Apache License 2.0, see LICENSE.md"]
    lines += [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in mesh.vertices]
    lines += [f"vn {x:.2f} {y:.2f} {z:.2f}" for x, y, z in normals]
    for face, normal in zip(mesh.faces + 1, which + 1, strict=True):
        lines.append("f " + " ".join(f"{v}//{n}" for v, n in zip(face, normal, strict=True)))
    path.write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    """Write the URDF and the meshes beside this file."""
    texture = np.asarray(Image.open(ORIGINAL / "meshes" / "visual" / "colors.png").convert("RGB"))
    tree = ET.parse(ORIGINAL / "panda.urdf")  # noqa: S314 - the file ships with PyBullet
    sources = sorted({_mesh_file(visual) for visual in tree.iter("visual")})
    coloured = {source: read_coloured(ORIGINAL / source, texture) for source in sources}
    _write_visuals(coloured)
    _copy_collision(tree)
    _write_urdf(tree, {source: list(parts) for source, parts in coloured.items()})


def _mesh_file(part: ET.Element) -> str:
    mesh = part.find("geometry/mesh")
    if mesh is None:
        raise ValueError(f"{ORIGINAL / 'panda.urdf'}: found a shape that is no mesh, expected meshes only")
    return mesh.attrib["filename"].removeprefix("package://")


def _part_file(source: str, colour: str) -> str:
    return f"meshes/visual/{Path(source).stem}_{colour}.obj"


def _write_visuals(coloured: dict[str, dict[str, Mesh]]) -> None:
    """Share the triangles out by area and write every part."""
    (HERE / "meshes" / "visual").mkdir(parents=True, exist_ok=True)
    weights = {
        (source, colour): mesh.area * (4.0 if Path(source).stem in {"hand", "finger"} else 1.0) * DETAIL[colour]
        for source, parts in coloured.items()
        for colour, mesh in parts.items()
    }
    total = sum(weights.values())
    written = 0
    for (source, colour), weight in weights.items():
        mesh = simplified(coloured[source][colour], max(60, round(TRIANGLES * weight / total)))
        write_obj(HERE / _part_file(source, colour), mesh, source)
        written += len(mesh.faces)
        LOG.info("%s %s: %d of %d", source, colour, len(mesh.faces), len(coloured[source][colour].faces))
    LOG.info("%d triangles", written)


def _copy_collision(tree: ET.ElementTree) -> None:
    (HERE / "meshes" / "collision").mkdir(parents=True, exist_ok=True)
    for collision in tree.iter("collision"):
        name = _mesh_file(collision)
        shutil.copyfile(ORIGINAL / name, HERE / name)


def _write_urdf(tree: ET.ElementTree, colours: dict[str, list[str]]) -> None:
    """Replace every visual by one a colour; everything else stays."""
    for link in tree.iter("link"):
        for visual in link.findall("visual"):
            place = list(link).index(visual)
            link.remove(visual)
            for colour in reversed(colours[_mesh_file(visual)]):
                link.insert(place, _visual(visual, colour))
        for collision in link.findall("collision"):
            for mesh in collision.iter("mesh"):
                mesh.set("filename", _mesh_file(collision))
            for material in collision.findall("material"):
                collision.remove(material)
    ET.indent(tree, "  ")
    body = ET.tostring(tree.getroot(), encoding="unicode")
    head = (
        '<?xml version="1.0"?>\n<!-- Franka Panda of PyBullet with light visual meshes; made by make_meshes.py. -->\n'
    )
    (HERE / "panda.urdf").write_text(head + body + "\n", "utf-8")


def _visual(original: ET.Element, colour: str) -> ET.Element:
    part = ET.Element("visual")
    origin = original.find("origin")
    if origin is not None:
        part.append(origin)
    geometry = ET.SubElement(part, "geometry")
    ET.SubElement(geometry, "mesh", filename=_part_file(_mesh_file(original), colour))
    material = ET.SubElement(part, "material", name=f"panda_{colour}")
    ET.SubElement(material, "color", rgba=" ".join(f"{part:.2f}" for part in (*COLOURS[colour], 1.0)))
    return part


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
