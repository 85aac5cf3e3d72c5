"""Names and units of what a scene records: entries of observation and action, rate, task."""

import re
from contextlib import closing
from dataclasses import dataclass

from mile_desktop.scenes.catalogue import SceneInfo, scene_info
from mile_desktop.scenes.environment import make_scene, supervised

# "end effector x (m) @ t-3": name, unit, and the frame it belongs to
_LABEL = re.compile(r"(?P<name>.*?)(?: \((?P<unit>[^()]+)\))?(?P<frame> @ .*)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an observation or an action."""

    name: str
    unit: str = ""
    """Empty where it has none, or where the scene does not say it."""

    @classmethod
    def of_label(cls, label: str) -> "Entry":
        """Split a label of a scene, such as ``tip x (m) @ t-1``."""
        found = _LABEL.fullmatch(label)
        if found is None:  # a line break
            return cls(label)
        return cls(found["name"] + (found["frame"] or ""), found["unit"] or "")

    @property
    def label(self) -> str:
        """Name and unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True, slots=True)
class SceneEntries:
    """What the columns of a scene's episodes mean."""

    scene: str
    env_id: str
    task: str
    """One sentence."""
    rate_hz: float
    state: tuple[Entry, ...]
    """Entries of the observation."""
    action: tuple[Entry, ...]


def scene_entries(scene: str) -> SceneEntries:
    """Make the scene once to read its labels; imports its simulator.

    Raises ``UnknownSceneError`` or ``SceneDescriptionError`` as ``make_scene``.
    """
    info: SceneInfo = scene_info(scene)
    with closing(make_scene(scene)) as env:
        labels = supervised(env).observation_labels
    return SceneEntries(
        scene=scene,
        env_id=info.env_id,
        task=info.summary,
        rate_hz=info.rate_hz,
        state=tuple(Entry.of_label(each) for each in labels),
        action=tuple(Entry(each) for each in info.action_labels),
    )
