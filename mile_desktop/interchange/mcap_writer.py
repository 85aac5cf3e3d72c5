"""Writes an episode as MCAP with Foxglove's schemas, in JSON: pictures, plots, events and a marker of the gripper."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mile_desktop.interchange.episode_files import write_each
from mile_desktop.interchange.episode_story import EpisodeStory, Plots, Still, stills_of, story_of
from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.interchange.recorded_episodes import Progress
from mile_desktop.interchange.scene_entries import SceneEntries
from mile_desktop.interchange.written_dataset import WrittenDataset
from mile_desktop.storage.records import Episode, EpisodeRecord
from mile_desktop.storage.workspace import Workspace

_LIBRARY = "mile-desktop"
_METADATA = "mile_desktop.episode"
_NS = 1_000_000_000
_FRAME = "world"
_RADIUS_M = 0.02
_TIME: dict[str, Any] = {"type": "object", "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}}}
_PICTURE = {
    "type": "object",
    "properties": {
        "timestamp": _TIME,
        "frame_id": {"type": "string"},
        "data": {"type": "string", "contentEncoding": "base64"},
        "format": {"type": "string"},
    },
}
_LOG = {
    "type": "object",
    "properties": {
        "timestamp": _TIME,
        "level": {"type": "integer"},
        "message": {"type": "string"},
        "name": {"type": "string"},
        "file": {"type": "string"},
        "line": {"type": "integer"},
    },
}
_SCENE = {
    "type": "object",
    "properties": {
        "deletions": {"type": "array", "items": {"type": "object"}},
        "entities": {"type": "array", "items": {"type": "object"}},
    },
}
_INFO, _WARNING = 2, 3
"""Levels of ``foxglove.Log``."""
_POLICY_COLOUR, _PERSON_COLOUR = (0.45, 0.5, 0.6, 1.0), (0.95, 0.6, 0.2, 1.0)


def write_mcap(
    workspace: Workspace,
    records: Sequence[EpisodeRecord],
    entries: SceneEntries,
    target: Path,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> WrittenDataset:
    """Write one MCAP file: ``target`` for one episode, else one file for each in the folder ``target``.

    Raises
    ------
    InterchangeError
        A target is taken, the package mcap is missing, or a video cannot be read.
    WorkspaceError
        An episode cannot be read.
    InterchangeCancelledError
        ``progress.cancelled`` was true; the file that was being written is not left behind.
    """
    _mcap()

    told = progress or Progress()

    def write(episode: Episode, path: Path) -> None:
        _write(workspace, episode, entries, path, told.note)

    return write_each(
        workspace, records, target, write, suffix=".mcap", is_export=_is_mcap, force=force,
        progress=told,
    )  # fmt: skip


def _mcap() -> Any:  # noqa: ANN401 - an optional package
    try:
        import mcap.reader  # noqa: PLC0415 - an optional package
        import mcap.writer  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InterchangeError(
            "The package mcap is not installed; install it with `pip install 'mile-desktop[mcap]'` and export again."
        ) from error
    return mcap


def _is_mcap(path: Path) -> bool:
    with path.open("rb") as file:
        # its header holds the library's name right at the beginning
        return _LIBRARY.encode() in file.read(128)


def _write(
    workspace: Workspace, episode: Episode, entries: SceneEntries, path: Path, note: Callable[[str], None]
) -> None:
    story = story_of(episode, entries)
    with path.open("wb") as file:
        writer = _mcap().writer.Writer(file)
        writer.start(profile="", library=_LIBRARY)
        writer.add_metadata(_METADATA, dict(story.about))
        channels = _Channels(writer, _start_ns(story.about["started_at"]))
        for plots in story.plots:
            _write_plots(channels, plots, story)
        _write_events(channels, story)
        _write_place(channels, story)
        for still in stills_of(workspace, episode, note):
            _write_still(channels, still)
        writer.finish()


def _start_ns(started_at: str) -> int:
    moment = datetime.fromisoformat(started_at)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * _NS)


class _Channels:
    """Registers each topic when it is first used, and writes messages at times since the first step."""

    def __init__(self, writer: Any, start_ns: int) -> None:  # noqa: ANN401 - of an optional package
        self._writer = writer
        self._start_ns = start_ns
        self._known: dict[str, int] = {}

    def send(self, topic: str, schema: str, described: Mapping[str, object], time_s: float, message: object) -> None:
        """Write ``message`` (JSON-representable)."""
        if topic not in self._known:
            schema_id = self._writer.register_schema(schema, "jsonschema", msgspec.json.encode(described))
            self._known[topic] = self._writer.register_channel(topic, "json", schema_id)
        at = self._start_ns + round(time_s * _NS)
        self._writer.add_message(self._known[topic], log_time=at, publish_time=at, data=msgspec.json.encode(message))

    def stamp(self, time_s: float) -> dict[str, int]:
        """Return the time as Foxglove's messages have it."""
        seconds, rest = divmod(self._start_ns + round(time_s * _NS), _NS)
        return {"sec": seconds, "nsec": rest}


def _write_plots(channels: _Channels, plots: Plots, story: EpisodeStory) -> None:
    described = {"type": "object", "properties": {name: {"type": "number"} for name in plots.names}}
    for time, row in zip(story.times_s, plots.values, strict=True):
        # JSON has no NaN: an entry that is not there is left out, and the plot has a gap.
        message = {name: float(each) for name, each in zip(plots.names, row, strict=True) if np.isfinite(each)}
        channels.send(f"/{plots.topic}", f"mile_desktop.{plots.topic}", described, float(time), message)


def _write_events(channels: _Channels, story: EpisodeStory) -> None:
    for event in story.events:
        time = float(story.times_s[event.step])
        message = {
            "timestamp": channels.stamp(time),
            "level": _WARNING if event.is_warning else _INFO,
            "message": event.text,
            "name": _LIBRARY,
            "file": "",
            "line": event.step,
        }
        channels.send("/events", "foxglove.Log", _LOG, time, message)


def _write_place(channels: _Channels, story: EpisodeStory) -> None:
    if story.place is None:
        return
    for time, place, driven in zip(story.times_s, story.place, story.driven, strict=True):
        red, green, blue, alpha = _PERSON_COLOUR if driven else _POLICY_COLOUR
        sphere = {
            "pose": {
                "position": dict(zip("xyz", map(float, place), strict=True)),
                "orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0},
            },
            "size": {"x": 2 * _RADIUS_M, "y": 2 * _RADIUS_M, "z": 2 * _RADIUS_M},
            "color": {"r": red, "g": green, "b": blue, "a": alpha},
        }
        entity = {
            "timestamp": channels.stamp(float(time)),
            "frame_id": _FRAME,
            "id": "gripper",
            "lifetime": {"sec": 0, "nsec": 0},
            "frame_locked": False,
            "metadata": [],
            "spheres": [sphere],
        }
        channels.send("/gripper", "foxglove.SceneUpdate", _SCENE, float(time), {"deletions": [], "entities": [entity]})


def _write_still(channels: _Channels, still: Still) -> None:
    message = {
        "timestamp": channels.stamp(still.time_s),
        "frame_id": still.camera,
        "data": base64.b64encode(still.jpeg).decode(),
        "format": "jpeg",
    }
    channels.send(f"/camera/{still.camera}", "foxglove.CompressedImage", _PICTURE, still.time_s, message)
