"""Messages between window and viewer.

Frames go through ``channels.shared.FrameRing`` and not through these messages. Scene states of the running episode come
from the rollout worker, through ``channels.shared.StateSlot``.
"""

from mile_desktop.channels.messages import Message, Shutdown

Rgb = tuple[float, float, float]
"""Red, green and blue as on screen (sRGB), 0–1."""

RECORDED = 1
"""Set in ``Frame.flags`` when the picture shows a recorded step (``ShowState``) and not the live scene."""


# ── commands: window → viewer ────────────────────────────────────────────────────────────────────────────────────


class LoadScene(Message, frozen=True):
    """Draw this scene from now on; answered by ``ViewerReady`` or ``ViewerFault``."""

    scene: str
    generation: int = 0
    """Number of this load. Frames carry it, and states with another number are of another scene and are not shown."""


class SetView(Message, frozen=True):
    """Look at ``target`` (m) from this side; angles as in PyBullet's yaw/pitch camera, z up."""

    yaw_deg: float
    pitch_deg: float
    distance_m: float
    target: tuple[float, float, float]
    """In the world, or from the end effector where ``follows_end_effector``, m."""
    follows_end_effector: bool = False


class UsePreset(Message, frozen=True):
    """Use one of the scene's cameras for the main view."""

    name: str


class SetSize(Message, frozen=True):
    """Size of the main view in pixels; limited to what the ring holds."""

    width: int
    height: int


class SetBackground(Message, frozen=True):
    """Colours behind the scene, which also fades into them in the distance."""

    top: Rgb
    bottom: Rgb


class ShowState(Message, frozen=True):
    """Show a recorded scene state, until ``FollowLive``."""

    values: tuple[float, ...]
    step: int = -1
    """Returned as ``Frame.step``."""


class FollowLive(Message, frozen=True):
    """Show the live scene again."""


class SetThumbnails(Message, frozen=True):
    """Draw these cameras of the scene into the thumbnail rings, first name into first ring; none: draw none."""

    names: tuple[str, ...] = ()
    width: int = 200
    height: int = 150


class SetPace(Message, frozen=True):
    """Limits of drawing from now on, see ``draw_rate.DrawLimits``."""

    max_rate_hz: float
    core_share: float
    moving_rate_hz: float


class StartVideo(Message, frozen=True):
    """Record the pictures of a scene that draws itself, from time ``since`` (``time.monotonic()``, s), in an MP4."""

    path: str
    since: float


class StopVideo(Message, frozen=True):
    """End the video."""


# ── events: viewer → window ──────────────────────────────────────────────────────────────────────────────────────


class Preset(Message, frozen=True):
    """A camera of the scene."""

    name: str
    title: str
    yaw_deg: float
    pitch_deg: float
    distance_m: float
    target: tuple[float, float, float]
    """In the world, or from the end effector where ``follows_end_effector``, m."""
    follows_end_effector: bool = False


class ViewerReady(Message, frozen=True):
    """The scene is loaded; frames follow."""

    scene: str
    renderer: str
    """Name for people, for example ``OpenGL (llvmpipe)`` or ``TinyRenderer``."""
    presets: tuple[Preset, ...]
    """The scene's cameras, the default one first."""
    targets: tuple[str, ...] = ()
    """Titles of what a hand aims at, by the numbers in ``Frame.aids``."""
    flat: bool = False
    """The scene is a plane: the view can be moved and zoomed, but not turned."""
    draws_itself: bool = False
    """The picture is the environment's own: it can be recorded, but nothing can be painted at a place in it."""


class ViewerStatus(Message, frozen=True):
    """Sent once a second; if it does not come, the viewer hangs. Newest wins."""

    frames_per_second: float
    """Drawn in the last second; 0 while nothing moves."""
    draw_ms: float
    """Mean time to draw a main view in the last second."""
    core_share: float
    """Processor time used in the last second, in cores."""


class ViewerNote(Message, frozen=True):
    """One sentence for the message line."""

    level: str
    """``info``, ``warning`` or ``error``."""
    text: str


class ViewerFault(Message, frozen=True):
    """Something could not be loaded or drawn; the viewer stays alive."""

    text: str


Command = (
    LoadScene
    | SetView
    | UsePreset
    | SetSize
    | SetBackground
    | ShowState
    | FollowLive
    | SetThumbnails
    | SetPace
    | StartVideo
    | StopVideo
    | Shutdown
)
Event = ViewerReady | ViewerStatus | ViewerNote | ViewerFault
