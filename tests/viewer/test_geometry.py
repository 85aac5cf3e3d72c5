from pathlib import Path

import numpy as np
import pytest

from mile_desktop.viewer.geometry import GeometryError, Triangles, box, cylinder, read_obj, read_stl, sphere


def volume(triangles: Triangles) -> float:
    """Positive, and right, only when every face is wound outwards."""
    a, b, c = triangles[:, 0, :3], triangles[:, 1, :3], triangles[:, 2, :3]
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)


@pytest.mark.parametrize(
    ("triangles", "expected", "tolerance"),
    [
        (box((1.0, 2.0, 3.0)), 6.0, 1e-5),
        (cylinder(1.0, 2.0), 2.0 * np.pi, 0.05),
        (sphere(1.0), 4.0 / 3.0 * np.pi, 0.08),
    ],
)
def test_solids_are_closed_and_face_outwards(triangles: Triangles, expected: float, tolerance: float) -> None:
    assert volume(triangles) == pytest.approx(expected, abs=tolerance)
    outward = np.einsum("ijk,ijk->ij", triangles[:, :, :3], triangles[:, :, 3:])
    assert np.all(outward > 0.0)
    assert np.linalg.norm(triangles[:, :, 3:], axis=2) == pytest.approx(1.0, abs=1e-5)


def test_a_mesh_without_normals_gets_flat_ones(tmp_path: Path) -> None:
    path = tmp_path / "square.obj"
    path.write_text("# a square\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3 4\n", "utf-8")
    triangles = read_obj(path)
    assert triangles.shape == (2, 3, 6)
    assert np.all(triangles[:, :, 3:] == [0, 0, 1])


def test_a_mesh_keeps_its_normals(tmp_path: Path) -> None:
    path = tmp_path / "triangle.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvn 0 1 0\nf 1/1/1 2/1/1 3/1/1\n", "utf-8")
    assert np.all(read_obj(path)[:, :, 3:] == [0, 1, 0])


CORNERS = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"


@pytest.mark.parametrize(
    "data",
    [
        (CORNERS + "f -3 -2 -1\n").encode(),
        ("# Würfel\n" + CORNERS + "f 1 2 3\n").encode("latin-1"),
        (CORNERS + "f 1 2 \\\n3\n").encode(),
        (CORNERS + "f 1 2 \\\r\n3\r\n").encode(),
        (CORNERS + "f 1 2 3\n").encode("utf-8-sig"),
    ],
    ids=["negative", "latin-1", "continued", "continued-windows", "byte-order-mark"],
)
def test_every_dialect_gives_the_same_triangle(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "dialect.obj"
    path.write_bytes(data)
    assert read_obj(path)[0, :, :3].tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    "text",
    [
        "v 0 0 0\n",
        "v zero 0 0\nf 1 1 1\n",
        CORNERS + "f 1 2 9\n",
        CORNERS + "f -5 2 3\n",
        CORNERS + "f 0 1 2\n",
        CORNERS + "f 1//4 2//4 3//4\n",
        "v 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
        "v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
    ],
)
def test_what_is_no_mesh_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.obj"
    path.write_text(text, "utf-8")
    with pytest.raises(GeometryError, match=r"bad\.obj: found no"):
        read_obj(path)


FACET = "facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\n"
BINARY = b"solid".ljust(80) + (1).to_bytes(4, "little")
BINARY += np.array([0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0], "<f4").tobytes() + b"\0\0"


@pytest.mark.parametrize("data", [f"solid part\n{FACET}endsolid\n".encode(), BINARY], ids=["text", "binary"])
def test_both_kinds_of_stl_are_read(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "part.stl"
    path.write_bytes(data)
    triangles = read_stl(path)
    assert triangles[0, :, :3].tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert np.all(triangles[:, :, 3:] == [0, 0, 1])


@pytest.mark.parametrize("data", [b"", BINARY[:-1], BINARY[:80] + bytes(4), b"solid\nvertex 1 2\n", b"vertex 1 2 3\n"])
def test_a_damaged_stl_is_an_error_of_geometry(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.stl"
    path.write_bytes(data)
    with pytest.raises(GeometryError, match=r"bad\.stl: found no readable STL file"):
        read_stl(path)
