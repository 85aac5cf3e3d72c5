"""The description of a scene, read from ``sim_scenes/<scene>/scene.toml``; imports no simulator.

Lengths are in metres, angles in the file in degrees, the world's z axis points up.
"""

import math
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from mile_desktop import paths
from mile_desktop.errors import UserError
from mile_desktop.scenes.bundle_description import BundleDescription
from mile_desktop.scenes.symmetry_description import SymmetryDescription
from mile_desktop.scenes.target_description import TargetDescription, check_targets
from mile_desktop.scenes.words_description import WordsDescription

Vector = tuple[float, float, float]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Colour = tuple[Share, Share, Share]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]*$")]

FILE_NAME = "scene.toml"
_SHIPPED_WITH_PYBULLET = "pybullet_data/"
_SHIPPED_HERE = "sim_scenes/"
_SHIPPED = (_SHIPPED_WITH_PYBULLET, _SHIPPED_HERE)


class SceneDescriptionError(UserError, ValueError):
    """A scene description is missing or wrong; says file, key, what was found and what was expected."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all tables of the file: unknown keys are errors."""


def _check_order(low: tuple[float, ...], high: tuple[float, ...], what: str) -> None:
    if any(below > above for below, above in zip(low, high, strict=True)):
        raise ValueError(f"{what}: found {low} above {high}, expected every lower bound ≤ its upper bound")


def check_camera_names(cameras: "tuple[CameraDescription, ...]") -> None:
    """Raise ``ValueError`` where two cameras have the same name."""
    names = [camera.name for camera in cameras]
    if len(set(names)) < len(names):
        raise ValueError(f"cameras: found {names}, expected each name once")


class RobotDescription(Part, frozen=True):
    """The arm and its parallel gripper; by default a Franka Panda at the origin."""

    urdf: str = "pybullet_data/franka_panda/panda.urdf"
    """The model that is drawn; see ``BodyDescription.urdf``."""
    physics_urdf: str = "sim_scenes/panda/physics.urdf"
    """The model that is simulated: same joints, no visuals, few links and simple collision shapes."""
    position: Vector = (0.0, 0.0, 0.0)
    tip_link: str = "panda_grasptarget"
    """Link whose origin is the end effector."""
    home_joints_deg: tuple[float, float, float, float, float, float, float] = (
        0.0,
        -12.3,
        0.0,
        -147.3,
        0.0,
        135.0,
        45.0,
    )
    finger_travel: tuple[float, float] = (0.0, 0.04)
    """Closed and open position of each finger, m."""
    gripper_force_n: Positive = 15.0
    colour: Colour = (0.90, 0.91, 0.93)

    def __post_init__(self) -> None:
        _check_order(self.finger_travel[:1], self.finger_travel[1:], "finger_travel")

    @property
    def home_joints(self) -> tuple[float, ...]:
        """Home posture of the arm, rad."""
        return tuple(math.radians(angle) for angle in self.home_joints_deg)


class WorkspaceDescription(Part, frozen=True):
    """Box that limits the commanded positions of the end effector."""

    low: Vector
    high: Vector

    def __post_init__(self) -> None:
        _check_order(self.low, self.high, "workspace")


class ControlDescription(Part, frozen=True):
    """Control rates, and the speed of a full command."""

    rate_hz: Positive
    physics_hz: Positive
    max_speed: Positive
    """End effector along each axis at full command, m/s."""
    gripper_speed: Positive
    """Each finger at full command, m/s."""

    def __post_init__(self) -> None:
        if self.physics_hz % self.rate_hz:
            raise ValueError(f"physics_hz: found {self.physics_hz}, expected a multiple of rate_hz {self.rate_hz}")

    @property
    def substeps(self) -> int:
        """Physics steps a control step."""
        return round(self.physics_hz / self.rate_hz)


class JointDescription(Part, frozen=True):
    """A joint of an articulated body: m and N where it slides, rad and N m where it turns."""

    name: str
    """As in the URDF."""
    limits: tuple[float, float]
    """Range of its position."""
    start: tuple[float, float] = (0.0, 0.0)
    """Its position at the start of an episode is drawn uniformly from this range."""
    friction: NotNegative = 0.0
    """Dry friction: the force that is needed to move it at all, N or N m."""
    damping: NotNegative = 0.0
    """N s/m or N m s/rad."""
    spring: NotNegative = 0.0
    """N/m or N m/rad."""
    spring_rest: float = 0.0
    """Position at which the spring does not push; may be outside of the limits for a preloaded spring."""

    def __post_init__(self) -> None:
        low, high = self.limits
        if not low <= self.start[0] <= self.start[1] <= high or low == high:
            raise ValueError(
                f"joint {self.name!r}: found start {self.start} and limits {self.limits}, expected a start in its "
                "order between limits that differ"
            )


class BodyDescription(Part, frozen=True):
    """One body beside the robot."""

    name: Name
    kind: Literal["scenery", "placed", "free", "articulated"]
    """Never moves; is placed in each episode and then fixed; is free to move; is fixed except for its joints."""
    urdf: str
    """Relative to the scene's folder; or ``pybullet_data/…`` or ``sim_scenes/…`` for models that ship with them."""
    position: Vector | None = None
    """Fixed position; leave it out and give ``position_low`` and ``position_high`` for a random one."""
    position_low: Vector | None = None
    position_high: Vector | None = None
    """The position is drawn uniformly between the two."""
    yaw_range_deg: tuple[float, float] = (0.0, 0.0)
    """The heading is drawn uniformly from this range."""
    relative_to: str | None = None
    """Positions count from this body, named earlier in the file."""
    friction: Positive | None = None
    """Lateral friction coefficient; if left out, that of the URDF."""
    joints: tuple[JointDescription, ...] = ()
    """Every joint that moves, of an articulated body."""

    def __post_init__(self) -> None:
        if bool(self.joints) != (self.kind == "articulated"):
            raise ValueError(
                f"body {self.name!r}: found kind {self.kind!r} and {len(self.joints)} joints, expected joints where "
                "the kind is 'articulated' and only there"
            )
        if self.position is None:
            if self.position_low is None or self.position_high is None:
                raise ValueError(
                    f"body {self.name!r}: found no position, expected it or position_low and position_high"
                )
            _check_order(self.position_low, self.position_high, f"body {self.name!r}: position_low, position_high")
        elif self.position_low is not None or self.position_high is not None:
            raise ValueError(f"body {self.name!r}: found position beside a range, expected one of them")
        _check_order(self.yaw_range_deg[:1], self.yaw_range_deg[1:], f"body {self.name!r}: yaw_range_deg")

    @property
    def position_range(self) -> tuple[Vector, Vector]:
        """Bounds of the position; equal where it is fixed."""
        if self.position is not None:
            return self.position, self.position
        if self.position_low is None or self.position_high is None:
            raise ValueError(f"body {self.name!r} has no position")
        return self.position_low, self.position_high

    @property
    def moves(self) -> bool:
        """Whether its pose belongs to the scene state."""
        return self.kind != "scenery"

    @property
    def state_size(self) -> int:
        """Its share of the scene state: position and quaternion, then one value a joint."""
        return 7 + len(self.joints) if self.moves else 0


class CameraDescription(Part, frozen=True):
    """A viewpoint on a sphere around a target."""

    name: Name
    title: str
    target: Vector
    """Target point: in the world, or relative to the end effector if ``follows_end_effector``."""
    distance: Positive
    yaw_deg: float
    """0 looks along +y, 90 along −x (PyBullet's convention)."""
    pitch_deg: Annotated[float, msgspec.Meta(ge=-90.0, le=90.0)]
    """Negative looks down."""
    fov_deg: Annotated[float, msgspec.Meta(gt=1.0, lt=170.0)]
    """Vertical field of view."""
    follows_end_effector: bool = False
    hides_arm: bool = False
    """Shows only the fingers of the robot, so that the arm covers nothing."""


class Choice(Part, frozen=True):
    """One discrete action."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=8)]
    """Short name, for plots."""
    title: Annotated[str, msgspec.Meta(min_length=1)]
    """Name for people: ``main engine``."""
    push: Literal["rest", "left", "right", "up", "down", "none"]
    """The push of stick, keys or on-screen pad that selects it; ``rest``: no push; ``none``: no push selects it."""


class _Head(Part, frozen=True):
    """The part of a description that can be read before the scene is loaded."""

    title: Annotated[str, msgspec.Meta(min_length=1)]
    summary: Annotated[str, msgspec.Meta(min_length=1)]
    """One sentence: the robot's task."""
    env_id: Annotated[str, msgspec.Meta(pattern=r"^[\w-]+/[\w-]+-v\d+$")]
    """Gymnasium id, such as ``mile/PegInsertion-v0``."""
    max_steps: AtLeastOne
    """Control steps after which an episode is truncated."""
    menu_place: int = 100
    """Scenes with smaller numbers come first."""
    bundle: BundleDescription = BundleDescription()
    symmetry: SymmetryDescription = SymmetryDescription()
    words: WordsDescription = WordsDescription()


class OwnSceneDescription(_Head, frozen=True, kw_only=True):
    """A scene whose module makes the environment itself."""

    kind: Literal["own"]
    rate_hz: Positive
    """Control steps a second."""
    action_labels: tuple[str, ...] = ()
    """Short names of a continuous action's entries."""
    choices: tuple[Choice, ...] = ()
    """The discrete actions, in the order of their numbers, where the environment's actions are discrete."""
    cameras: tuple[CameraDescription, ...] = ()
    """Viewpoints, the default one first, where the module draws the scene itself (``PICTURE``)."""

    def __post_init__(self) -> None:
        if bool(self.action_labels) == bool(self.choices):
            raise ValueError("found action_labels and choices, or neither; expected one of them")
        pushes = [choice.push for choice in self.choices if choice.push != "none"]
        if self.choices and (len(set(pushes)) < len(pushes) or "rest" not in pushes or len(pushes) < 2):
            raise ValueError(f"choices: found pushes {pushes}, expected two or more, each once, with 'rest' among them")
        check_camera_names(self.cameras)

    @property
    def labels(self) -> tuple[str, ...]:
        """Short names of the action's entries, or of the discrete actions."""
        return self.action_labels or tuple(choice.label for choice in self.choices)

    @property
    def rate(self) -> float:
        """Control steps a second."""
        return self.rate_hz


class SceneDescription(_Head, frozen=True, kw_only=True):
    """A scene with a Panda in PyBullet."""

    kind: Literal["panda"] = "panda"
    robot: RobotDescription = RobotDescription()
    workspace: WorkspaceDescription
    control: ControlDescription
    bodies: tuple[BodyDescription, ...]
    cameras: Annotated[tuple[CameraDescription, ...], msgspec.Meta(min_length=1)]
    targets: tuple[TargetDescription, ...] = ()
    folder: Path = Path()
    """Folder of the file; set by ``load_description``."""

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for body in self.bodies:
            if body.name in seen:
                raise ValueError(f"bodies: found {body.name!r} twice, expected each name once")
            if body.relative_to is not None and body.relative_to not in seen:
                raise ValueError(
                    f"body {body.name!r}: found relative_to {body.relative_to!r}, expected an earlier body"
                )
            seen.add(body.name)
        check_targets(self.targets, seen)
        check_camera_names(self.cameras)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """No discrete actions."""
        return ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Short names of the action's entries."""
        return "dx", "dy", "dz", "grip"

    @property
    def rate(self) -> float:
        """Control steps a second."""
        return self.control.rate_hz

    @property
    def moving_bodies(self) -> tuple[BodyDescription, ...]:
        """The bodies whose poses belong to the scene state, in its order."""
        return tuple(body for body in self.bodies if body.moves)

    @property
    def state_size(self) -> int:
        """Length k of the scene state: arm joints, two fingers, then position, quaternion and joints of each body."""
        return len(self.robot.home_joints_deg) + 2 + sum(body.state_size for body in self.bodies)


DescriptionT = TypeVar("DescriptionT", bound=msgspec.Struct)


def load_description(folder: Path) -> SceneDescription:
    """Read ``scene.toml`` in ``folder``, of a scene with a Panda.

    Raises
    ------
    SceneDescriptionError
        The file is missing or is no TOML, has unknown or missing keys or wrong values, or names a model that does not
        exist.
    """
    path = folder / FILE_NAME
    description = msgspec.structs.replace(converted(folder, read_table(folder), SceneDescription), folder=folder)
    robot = description.robot
    models = [("robot", robot.urdf), ("robot", robot.physics_urdf)]
    for key, urdf in models + [(body.name, body.urdf) for body in description.bodies]:
        if not urdf.startswith(_SHIPPED_WITH_PYBULLET) and not model_path(description, urdf).is_file():
            raise SceneDescriptionError(
                f"{path}: urdf of {key!r}: found {urdf!r}, expected a file in {folder} or one of {', '.join(_SHIPPED)}…"
            )
    return description


def read_table(folder: Path) -> dict[str, Any]:
    """Return the keys and values of ``scene.toml`` in ``folder``; raises ``SceneDescriptionError``."""
    path = folder / FILE_NAME
    try:
        return _decoded(path.read_bytes())
    except OSError as error:
        reason = error.strerror or str(error)
        raise SceneDescriptionError(f"{path}: found no readable scene description ({reason}), expected one") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SceneDescriptionError(f"{path}: {error}") from error


# A start of the program asks for every scene fourteen times, and to decode ten files takes a tenth of a second. Kept by
# content, so that an edited file is read again.
@lru_cache(maxsize=64)
def _decoded(text: bytes) -> dict[str, Any]:
    return msgspec.toml.decode(text, type=dict[str, Any])


def converted(folder: Path, raw: dict[str, Any], kind: type[DescriptionT]) -> DescriptionT:
    """Return ``raw`` as a description of ``kind``; raises ``SceneDescriptionError`` with the file and the key."""
    try:
        return msgspec.convert(raw, type=kind)
    except msgspec.ValidationError as error:
        raise SceneDescriptionError(f"{folder / FILE_NAME}: {error}") from error


def model_path(description: SceneDescription, urdf: str) -> Path:
    """Return the path of the model ``urdf`` of ``description``."""
    if urdf.startswith(_SHIPPED_HERE):
        return paths.SIM_SCENES / urdf.removeprefix(_SHIPPED_HERE)
    if not urdf.startswith(_SHIPPED_WITH_PYBULLET):
        return description.folder / urdf
    import pybullet_data  # noqa: PLC0415 - only the path of its data; late, because the package is heavy

    return Path(pybullet_data.getDataPath()) / urdf.removeprefix(_SHIPPED_WITH_PYBULLET)
