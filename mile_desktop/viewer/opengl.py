"""A small OpenGL renderer without a window: one light with a shadow, smooth edges, the theme's background.

It draws the whole scene with one call from one buffer: corner positions, normals, colours and the number of the shape,
whose pose is looked up in a uniform block. The shadow map is drawn again only when something moved, so turning the
camera around a scene that stands still costs one pass. PyBullet's own OpenGL plug-in was tried first: the robot cast no
visible shadow, background and edges cannot be changed, and it may end its process.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import moderngl
import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.viewer.camera import View, light_matrix
from mile_desktop.viewer.context import driver_name, open_context
from mile_desktop.viewer.renderer import Background, Pixels, RendererUnavailableError
from mile_desktop.viewer.shapes import Shape, read_shapes, shape_poses

MAX_SHAPES = 256
"""A uniform block holds at least 16 KiB everywhere."""

TOWARDS_LIGHT = (-0.12, -0.18, 1.0)
"""Steep, so that the gripper's shadow falls nearly below it and shows its height above the table."""

# Chosen with the radius below: about 2 mm of the table for each pixel of the map.
_SHADOW_PIXELS = 1024
_SHADOW_RADIUS_M = 0.95
_SHADOW_CENTRE = (0.35, 0.0, 0.25)
_CASTING_M = 0.9
"""Larger shapes (table, floor) cast no shadow: it would fall out of sight and cost a third of the drawing time."""
# Four samples for each pixel: smooth edges at twice the drawing time, see ``draw``.
_SAMPLES = 4
# The main view in its coarse and full sizes, and the small views.
_KEPT_SIZES = 6
_SHADERS = Path(__file__).parent / "shaders"


class OpenGLRenderer:
    """Draws the bodies a PyBullet client had when this object was made.

    Parameters
    ----------
    client
        The PyBullet client.
    arm
        (body, link) of the shapes that a view with ``hides_arm`` leaves out.

    Raises
    ------
    RendererUnavailableError
        There is no OpenGL 3.3, or the scene has more shapes than fit.
    """

    def __init__(self, client: int, arm: Collection[tuple[int, int]] = ()) -> None:
        self._client = client
        self._arm = frozenset(arm)
        shapes, self.problems = read_shapes(client)
        # Small shapes first: they are in front of large ones, whose hidden pixels are then not shaded.
        self._shapes = sorted(shapes, key=_extent)
        if not 0 < len(self._shapes) <= MAX_SHAPES:
            raise RendererUnavailableError(
                f"The scene has {len(self._shapes)} shapes; expected 1 to {MAX_SHAPES} that OpenGL can draw."
            )
        # After the shapes: a scene that cannot be drawn should not leave a context open.
        self._context = open_context()
        self._context.enable(moderngl.DEPTH_TEST)
        self._light = light_matrix(TOWARDS_LIGHT, _SHADOW_CENTRE, _SHADOW_RADIUS_M)
        self._make_programs()
        self._make_buffers()
        self._targets: dict[tuple[int, int], Target] = {}
        self._moved = True
        # The shaders' colours have no useful default.
        self.set_background(Background())

    @property
    def name(self) -> str:
        """OpenGL and what runs it."""
        return f"OpenGL ({driver_name(self._context)})"

    @property
    def software(self) -> bool:
        """Whether the processor does the work of graphics hardware."""
        return any(word in self.name.lower() for word in ("llvmpipe", "softpipe", "swiftshader", "software"))

    @property
    def triangles(self) -> int:
        """How many triangles one picture has."""
        return sum(len(shape.triangles) for shape in self._shapes)

    def scene_changed(self) -> None:
        """Read the poses again, and draw the shadows again, with the next picture."""
        self._moved = True

    def set_background(self, background: Background) -> None:
        """Use these colours from the next picture on."""
        for program in (self._program, self._backdrop):
            program["top"] = background.top
            program["bottom"] = background.bottom

    def draw(self, view: View, width: int, height: int, *, smooth: bool = True) -> Pixels:
        """Return a picture, uint8[height, width, 4], top row first.

        ``smooth``: with several samples for each pixel, in two and a half times the time. Otherwise edges are only
        softened afterwards.
        """
        # The poses are read here and not in ``scene_changed``, so that states that are skipped cost nothing.
        if self._moved:
            self._moved = False
            self._models.write(_columns(shape_poses(self._client, self._shapes)))
            self._draw_shadows()
        target = self._target(width, height)
        self._draw_scene(target.sampled if smooth else target.rough, view, (width, height))
        if smooth:
            # A framebuffer with several samples cannot be read. The copy averages them.
            self._context.copy_framebuffer(target.picture, target.sampled)
        else:
            self._soften(target, (width, height))
        pixels = np.empty((height, width, 4), np.uint8)
        target.picture.read_into(pixels, components=4)
        return pixels

    def close(self) -> None:
        """Free the context and everything in it."""
        self._context.release()

    def _draw_scene(self, target: moderngl.Framebuffer, view: View, size: tuple[int, int]) -> None:
        target.use()
        target.clear(depth=1.0)
        _uniform(self._program, "view_projection").write(_columns(view.view_projection(size[0] / size[1])))
        self._program["eye"] = view.eye
        self._program["height"] = self._backdrop["height"] = float(size[1])
        self._shadow_map.use(0)
        self._models.bind_to_uniform_block(0)
        (self._without_arm if view.hides_arm else self._scene).render()
        # Last, with the depth test: only pixels without a shape are still to be coloured.
        self._backdrop_triangle.render(vertices=3)

    def _soften(self, target: "Target", size: tuple[int, int]) -> None:
        """Copy the rough picture with softened edges."""
        target.picture.use()
        self._edges["size"] = tuple(float(each) for each in size)
        target.rough_pixels.use(0)
        # One triangle at no depth covers the picture; what an earlier picture left in the depth buffer must not count.
        self._context.disable(moderngl.DEPTH_TEST)
        self._edges_triangle.render(vertices=3)
        self._context.enable(moderngl.DEPTH_TEST)

    def _make_programs(self) -> None:
        self._program = self._load_program("scene")
        _uniform(self._program, "light").write(_columns(self._light))
        self._program["towards_light"] = tuple(np.array(TOWARDS_LIGHT) / np.linalg.norm(TOWARDS_LIGHT))
        self._shadow_program = self._load_program("shadow")
        _uniform(self._shadow_program, "light").write(_columns(self._light))
        self._backdrop = self._load_program("backdrop")
        self._backdrop_triangle = self._context.vertex_array(self._backdrop, [])
        self._edges = self._load_program("edges", "backdrop")
        self._edges_triangle = self._context.vertex_array(self._edges, [])

    def _load_program(self, name: str, vertices: str = "") -> moderngl.Program:
        return self._context.program(
            vertex_shader=(_SHADERS / f"{vertices or name}.vert").read_text("utf-8"),
            fragment_shader=(_SHADERS / f"{name}.frag").read_text("utf-8"),
        )

    def _make_buffers(self) -> None:
        corners, indices = _corner_table(self._shapes)
        # The shapes are sorted by size, so all that cast a shadow are at the beginning of the buffer.
        self._casting = 3 * sum(len(shape.triangles) for shape in self._shapes if _extent(shape) < _CASTING_M)
        table, order = self._context.buffer(corners), self._context.buffer(indices)
        self._scene = self._context.vertex_array(
            self._program, [(table, "3f 3f 3f 1f", "place", "normal", "colour", "shape")], order
        )
        shown = [number for number, shape in enumerate(self._shapes) if (shape.body, shape.link) not in self._arm]
        self._without_arm = self._context.vertex_array(
            self._program,
            [(table, "3f 3f 3f 1f", "place", "normal", "colour", "shape")],
            self._context.buffer(_triangles_of(shown, self._shapes, indices)),
        )
        self._shadow_scene = self._context.vertex_array(
            self._shadow_program, [(table, "3f 24x 1f", "place", "shape")], order
        )
        self._models = self._context.buffer(reserve=MAX_SHAPES * 64, dynamic=True)
        self._shadow_map = self._context.depth_texture((_SHADOW_PIXELS, _SHADOW_PIXELS))
        self._shadow_map.compare_func = "<="
        # Outside of the map nothing is in shadow. Repeated, the shadow would appear again beside the table.
        self._shadow_map.repeat_x = self._shadow_map.repeat_y = False
        self._shadow_target = self._context.framebuffer(depth_attachment=self._shadow_map)

    def _draw_shadows(self) -> None:
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        self._models.bind_to_uniform_block(0)
        self._shadow_scene.render(vertices=self._casting)

    def _target(self, width: int, height: int) -> "Target":
        """Return the framebuffers for pictures of this size; those of a few sizes are kept."""
        if (width, height) not in self._targets:
            if len(self._targets) >= _KEPT_SIZES:
                self._targets.pop(next(iter(self._targets))).release()
            self._targets[width, height] = self._new_target((width, height))
        return self._targets[width, height]

    def _new_target(self, size: tuple[int, int]) -> "Target":
        samples = min(_SAMPLES, self._context.max_samples)
        pixels = self._context.texture(size, 4)
        # The samples beside an edge lie between pixels; outside of the picture its own border counts.
        pixels.filter = moderngl.LINEAR, moderngl.LINEAR
        pixels.repeat_x = pixels.repeat_y = False
        rough = self._context.framebuffer(pixels, self._context.depth_renderbuffer(size))
        return Target(self._new_framebuffer(size, 0), self._new_framebuffer(size, samples), rough, pixels)

    def _new_framebuffer(self, size: tuple[int, int], samples: int) -> moderngl.Framebuffer:
        colour = self._context.renderbuffer(size, 4, samples=samples)
        return self._context.framebuffer(colour, self._context.depth_renderbuffer(size, samples=samples))


@dataclass(frozen=True, slots=True)
class Target:
    """Where pictures of one size are drawn."""

    picture: moderngl.Framebuffer
    """What is read at the end."""
    sampled: moderngl.Framebuffer
    """Several samples for each pixel."""
    rough: moderngl.Framebuffer
    """One sample; its colours are ``rough_pixels``."""
    rough_pixels: moderngl.Texture

    def release(self) -> None:
        """Free the framebuffers and their attachments."""
        for framebuffer in (self.picture, self.sampled, self.rough):
            for attachment in (*framebuffer.color_attachments, framebuffer.depth_attachment):
                if attachment is not None:
                    attachment.release()
            framebuffer.release()


def _uniform(program: moderngl.Program, name: str) -> moderngl.Uniform:
    member = program[name]
    if not isinstance(member, moderngl.Uniform):
        raise TypeError(f"{name!r} of a shader is {type(member).__name__}, expected a uniform variable")
    return member


def _extent(shape: Shape) -> float:
    """Return the length of the diagonal, m."""
    corners = shape.triangles[:, :, :3]
    return float(np.linalg.norm(corners.max(axis=(0, 1)) - corners.min(axis=(0, 1))))


def _columns(matrices: Float32Array) -> bytes:
    """Return matrices as OpenGL stores them, column by column."""
    return np.ascontiguousarray(np.swapaxes(matrices, -1, -2), np.float32).tobytes()


def _corner_table(shapes: list[Shape]) -> tuple[bytes, bytes]:
    """Return the distinct corners (position, normal, colour, shape number) and the triangles as indices into them."""
    tables = []
    for number, shape in enumerate(shapes):
        corners = shape.triangles.reshape(-1, 6)
        constant = np.broadcast_to(np.array([*shape.colour, number], np.float32), (len(corners), 4))
        tables.append(np.concatenate([corners, constant], axis=1))
    # Equal corners are stored once and then transformed once, which counts where the processor draws.
    distinct, indices = np.unique(np.concatenate(tables), axis=0, return_inverse=True)
    return distinct.astype(np.float32).tobytes(), indices.astype(np.uint32).tobytes()


def _triangles_of(numbers: Sequence[int], shapes: list[Shape], indices: bytes) -> bytes:
    """Return the part of ``indices`` that belongs to the shapes with these numbers."""
    ends = np.cumsum([3 * len(shape.triangles) for shape in shapes])
    parts = np.split(np.frombuffer(indices, np.uint32), ends[:-1])
    return np.concatenate([parts[number] for number in numbers] or [np.empty(0, np.uint32)]).tobytes()
