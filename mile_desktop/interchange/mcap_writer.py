"""Writes an episode as MCAP with Foxglove's schemas, in JSON: pictures, plots, events and a marker of the gripper."""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mile_desktop.interchange.episode_story import EpisodeStory, Plots, Still

LIBRARY = "mile-desktop"
"""Stands in the header of every file."""
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


def write_story(package: Any, story: EpisodeStory, stills: Iterator[Still], path: Path) -> None:  # noqa: ANN401
    """Write one episode with the module ``mcap``; an ``episode_files.EpisodeFormat.write_story``."""
    with path.open("wb") as file:
        writer = package.writer.Writer(file)
        # Metadata before the messages, so that a reader knows what the episode is before its first step.
        writer.start(profile="", library=LIBRARY)
        writer.add_metadata(_METADATA, dict(story.about))
        channels = _Channels(writer, _start_ns(story.about["started_at"]))
        for plots in story.plots:
            _write_plots(channels, plots, story)
        _write_events(channels, story)
        _write_place(channels, story)
        for still in stills:
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
        # Whole nanoseconds: as float64 since 1970 they would come in steps of 256.
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
            "name": LIBRARY,
            "file": "",
            "line": event.step,
        }
        channels.send("/events", "foxglove.Log", _LOG, time, message)


def _write_place(channels: _Channels, story: EpisodeStory) -> None:
    if story.place is None:
        return
    # One entity with the same id in every message: Foxglove then moves it instead of drawing a trail.
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
