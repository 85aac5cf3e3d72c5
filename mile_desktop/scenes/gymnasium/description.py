"""What ``scene.toml`` says about a scene of kind ``gymnasium``; imports neither the environment nor its simulator."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from mile_desktop.scenes.bundle_description import BundleDescription
from mile_desktop.scenes.description import (
    AtLeastOne,
    CameraDescription,
    Choice,
    Part,
    Positive,
)
from mile_desktop.scenes.symmetry_description import SymmetryDescription

MOST_STEPS = 1000
"""Control steps of an episode where neither the file nor the environment's registration limits them."""

Push = Literal["none", "right", "left", "away", "near", "up", "down", "close", "open"]
"""The push of stick, keys or on-screen pad that makes an entry of the action larger.

``right`` and ``away`` are the left stick (keys D and W), ``up`` the right stick (E), ``close`` the right trigger.
"""

WHOLE_PICTURE = CameraDescription(
    name="picture", title="Picture", target=(0.0, 0.0, 0.0), distance=1.0, yaw_deg=0.0, pitch_deg=0.0, fov_deg=53.13
)
"""The environment draws itself, so its picture is the only view. Seen from a distance of 1 it fills the view: the
picture is one unit high, and half of it subtends half of 53.13°."""


class ActionEntry(Part, frozen=True):
    """One entry of a continuous action."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=12)]
    """Short name, for plots."""
    title: str = ""
    """Name for people, with the unit: ``torque (N m)``."""
    drive: Push = "none"
    mode: Literal["level", "rate"] = "level"
    """``level``: the push is the entry, and letting go returns it to ``rest``. ``rate``: the push changes the entry,
    and letting go keeps it."""
    rest: Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)] = 0.0
    """Value of the entry where nothing is pushed; −1 and 1 are the bounds of the environment."""
    seconds: Positive = 1.0
    """``rate``: how long a full push takes from 0 to 1."""


class SuccessRule(Part, frozen=True):
    """When an episode is a success; with neither key, only a person marks it."""

    info: tuple[str, ...] = ()
    """Keys of ``info``: the episode succeeds and ends as soon as one of them is true."""
    return_at_least: float | None = None
    """The episode is a success if the sum of its rewards is at least this when it ends."""

    def __post_init__(self) -> None:
        if self.info and self.return_at_least is not None:
            raise ValueError("success: found info and return_at_least, expected one of them")


class ObservationRule(Part, frozen=True):
    """How an observation becomes a row of numbers."""

    names: tuple[str, ...] = ()
    """Name and unit of every entry of one frame; left out, they follow from the environment."""
    frames: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    """How many frames a policy sees, oldest first; the first observation repeats one frame."""


class GymnasiumSceneDescription(Part, frozen=True):
    """A scene that is an environment of gymnasium, or of a package that registers environments there."""

    kind: Literal["gymnasium"]
    id: Annotated[str, msgspec.Meta(min_length=1)]
    """As in ``gymnasium.make``; ``module:id`` imports the module first."""
    title: Annotated[str, msgspec.Meta(min_length=1)]
    summary: Annotated[str, msgspec.Meta(min_length=1)] = "An environment of gymnasium."
    """One sentence: the task."""
    kwargs: dict[str, Any] = msgspec.field(default_factory=dict)
    """Keyword arguments of ``gymnasium.make``."""
    extra: str = ""
    """The optional dependency of this program that the environment needs, for example ``metaworld``."""
    rate_hz: Positive = 20.0
    """Control steps a second."""
    max_steps: AtLeastOne = MOST_STEPS
    """Control steps after which an episode is truncated; the environment's own limit is switched off."""
    success: SuccessRule = SuccessRule()
    observation: ObservationRule = ObservationRule()
    actions: tuple[ActionEntry, ...] = ()
    """The entries of a continuous action, in their order."""
    choices: tuple[Choice, ...] = ()
    """The discrete actions, in the order of their numbers."""
    expert: Annotated[str, msgspec.Meta(pattern=r"^$|^[\w.]+:\w+$")] = ""
    """``module:name`` of a function, or of a class without parameters, from an observation to an action, both as in
    the environment."""
    drawn: bool = True
    """Whether the picture is shown in the window."""
    view_yaw_deg: float = 0.0
    """Direction in which the picture looks, about the vertical: 0 along +y, 90 along −x. Pushes to the right and away
    are turned by it, so that they are right and away in the picture."""
    menu_place: int = 100
    """Scenes with smaller numbers come first."""
    bundle: BundleDescription = BundleDescription()
    symmetry: SymmetryDescription = SymmetryDescription(rotation_deg=0.0, translation_m=0.0)
    """Off where nothing is said: the labels of a foreign environment say nothing about its symmetries."""
    folder: Path = Path()
    """Where the file was; set by ``read_head``."""

    def __post_init__(self) -> None:
        if bool(self.actions) == bool(self.choices):
            raise ValueError(
                "found actions and choices, or neither; expected one of them "
                "(`mile-desktop scenes --gymnasium ID` writes them)"
            )
        labels = [each.label for each in self.actions or self.choices]
        if len(set(labels)) < len(labels):
            raise ValueError(f"actions: found the labels {labels}, expected each once")
        pushes = [choice.push for choice in self.choices if choice.push != "none"]
        if len(set(pushes)) < len(pushes):
            raise ValueError(f"choices: found pushes {pushes}, expected each once (or 'none')")

    @property
    def env_id(self) -> str:
        """Id under which this program registers the scene in gymnasium: ``mile/`` and the folder's name."""
        return f"mile/{''.join(word.title() for word in re.split('_', self.folder.name))}-v0"

    @property
    def labels(self) -> tuple[str, ...]:
        """Short names of the action's entries, or of the discrete actions."""
        return tuple(each.label for each in self.actions or self.choices)

    @property
    def rate(self) -> float:
        """Control steps a second."""
        return self.rate_hz

    @property
    def cameras(self) -> tuple[CameraDescription, ...]:
        """The one view: the environment's own picture."""
        return (msgspec.structs.replace(WHOLE_PICTURE, yaw_deg=self.view_yaw_deg),) if self.drawn else ()
