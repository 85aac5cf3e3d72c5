"""One episode as what happened when: numbers, pictures, events and a marker, for viewers such as Foxglove and Rerun."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.cameras.errors import VideoError
from mile_desktop.cameras.replay import RecordedVideo
from mile_desktop.cameras.settings import VIDEOS
from mile_desktop.cameras.source import Pixels
from mile_desktop.cameras.video_files import videos_in
from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.interchange.scene_entries import SceneEntries
from mile_desktop.scenes.catalogue import scenes
from mile_desktop.scenes.description import load_description
from mile_desktop.storage.records import TRIMMED_AWAY, Episode
from mile_desktop.storage.workspace import Workspace

SCENE_CAMERA = "scene"
"""Name of the pictures that are drawn from the recorded states where no camera has recorded."""
_JPEG_QUALITY = 85
_AGE = re.compile(r" @ t-\d+$")
_NEWEST = re.compile(r" @ t$")
_PLACE = ("end effector x", "end effector y", "end effector z")
"""Entries of the observation that say where the gripper is."""


@dataclass(frozen=True, slots=True, eq=False)
class Plots:
    """Numbers over the steps, shown together."""

    topic: str
    names: tuple[str, ...]
    values: Float64Array
    """float64[t, len(names)]; NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a step."""

    step: int
    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Still:
    """One picture."""

    camera: str
    time_s: float
    """Since the first step."""
    jpeg: bytes


@dataclass(frozen=True, slots=True, eq=False)
class EpisodeStory:
    """What is written of one episode besides its pictures."""

    about: Mapping[str, str]
    """Facts of the episode as texts."""
    times_s: Float64Array
    """float64[t], measured times of the steps since the first one."""
    plots: tuple[Plots, ...]
    events: tuple[Event, ...]
    place: Float32Array | None
    """float32[t, 3], where the gripper is, m; None where the scene does not say it."""
    driven: NDArray[np.bool_]
    """Whether a person (or simulated supervisor) drove."""


def story_of(episode: Episode, entries: SceneEntries) -> EpisodeStory:
    """Return the story of ``episode``, which is one of the scene of ``entries``."""
    names, columns = _newest(entries, episode.observation.shape[1])
    actions = _names([each.label for each in entries.action], episode.action.shape[1], "action")
    estimates = ("p", "p low", "p high", "forecast")
    human = np.where(episode.intervention[:, None], episode.human_action, np.nan)
    plots = (
        Plots("observation", names, episode.observation[:, columns].astype(np.float64)),
        Plots("action", actions, episode.action.astype(np.float64)),
        Plots("policy_action", actions, episode.policy_action.astype(np.float64)),
        Plots("policy_std", actions, episode.policy_std.astype(np.float64)),
        Plots("human_action", actions, human.astype(np.float64)),
        Plots("intervention", estimates, np.stack(episode.shown_estimates, 1).astype(np.float64)),
        Plots("control", ("person drives",), episode.intervention[:, None].astype(np.float64)),
        Plots("reward", ("reward",), episode.reward[:, None].astype(np.float64)),
    )
    where = [names.index(name) for name in (_unit_off(names, each) for each in _PLACE) if name in names]
    place = episode.observation[:, np.array(columns)[where]] if len(where) == len(_PLACE) else None
    return EpisodeStory(
        about=_about(episode, entries),
        times_s=episode.timestamp - episode.timestamp[0],
        plots=plots,
        events=tuple(_events(episode)),
        place=place,
        driven=episode.intervention,
    )


def _newest(entries: SceneEntries, size: int) -> tuple[tuple[str, ...], list[int]]:
    """Return names and columns of the newest frame: earlier ones repeat what was plotted before."""
    labels = _names([f"{each.name}\0{each.unit}" for each in entries.state], size, "state")
    columns = [index for index, label in enumerate(labels) if not _AGE.search(label.partition("\0")[0])]
    shown = []
    for index in columns:
        name, _, unit = labels[index].partition("\0")
        name = _NEWEST.sub("", name)
        shown.append(f"{name} ({unit})" if unit else name)
    return tuple(shown), columns


def _names(labels: Sequence[str], size: int, noun: str) -> tuple[str, ...]:
    # An episode of an earlier version of the scene may have another number of entries.
    return tuple(labels) if len(labels) == size else tuple(f"{noun} {index}" for index in range(size))


def _unit_off(names: Sequence[str], wanted: str) -> str:
    return next((name for name in names if name.partition(" (")[0] == wanted), "")


def _about(episode: Episode, entries: SceneEntries) -> dict[str, str]:
    record, start = episode.record, episode.record.start
    texts = {
        "episode_id": record.episode_id,
        "scene": entries.scene,
        "env_id": entries.env_id,
        "task": entries.task,
        "rate_hz": f"{start.rate_hz:g}",
        "outcome": record.outcome,
        "policy_id": start.policy_id,
        "operator": start.operator,
        "operator_name": start.operator_name,
        "tags": "; ".join(record.tags),
        "started_at": start.started_at,
    }
    return texts | {"start": msgspec.json.encode(start).decode()}


def _events(episode: Episode) -> Iterator[Event]:
    phases = ("", *episode.control_phase)
    yield Event(0, f"Episode {episode.record.episode_id} begins; policy {episode.record.start.policy_id}.")
    for step, (before, now) in enumerate(itertools.pairwise(phases)):
        if step and before != now:
            who = f" by {episode.operator[step]}" if episode.intervention[step] and episode.operator[step] else ""
            yield Event(step, f"{before} → {now}{who}", is_warning=bool(episode.intervention[step]))
        row = int(episode.starts_at_row[step])
        if row >= 0 or row == TRIMMED_AWAY:
            yield Event(step, "The scene was wound back before this step.", is_warning=True)
        if episode.words[step]:
            yield Event(step, f"Words: {episode.words[step]}")
    yield Event(len(episode) - 1, f"Episode ends: {episode.record.outcome}.")


def stills_of(workspace: Workspace, episode: Episode, note: Callable[[str], None]) -> Iterator[Still]:
    """Yield the pictures of ``episode``: of its cameras, each in its own time, else drawn from its states.

    Only scenes of kind ``panda`` are drawn, which takes about 60 ms for each step.

    Parameters
    ----------
    note
        Is given one sentence where the states cannot be drawn, and for each part of a video that cannot be read.

    Raises
    ------
    InterchangeError
        A video cannot be read.
    """
    videos = videos_in(workspace.folder / VIDEOS / episode.record.episode_id)
    if not videos:
        yield from _drawn(episode, note)
        return
    first, last = float(episode.timestamp[0]), float(episode.timestamp[-1])
    try:
        with ExitStack() as stack:
            for path in videos:
                video = RecordedVideo(path)
                stack.callback(video.close)
                for problem in video.problems:
                    note(problem)
                yield from _of_video(video, first, last)
    except VideoError as error:
        raise InterchangeError(f"A video of {episode.record.episode_id} cannot be read: {error}") from error


def _of_video(video: RecordedVideo, first: float, last: float) -> Iterator[Still]:
    for time in video.timestamps:
        # A camera runs before the first and after the last step; those pictures belong to no step.
        if first <= time <= last and (picture := video.frame_at(float(time))) is not None:
            yield Still(video.name, float(time) - first, _jpeg(picture.pixels))


def _drawn(episode: Episode, note: Callable[[str], None]) -> Iterator[Still]:
    info = next((each for each in scenes() if each.name == episode.record.start.scene), None)
    if info is None or info.kind != "panda":
        return
    from mile_desktop.scenes.engine import load_engine  # noqa: PLC0415 - only where a picture is drawn

    load_engine()
    from mile_desktop.scenes.scene_picture import ScenePicture  # noqa: PLC0415 - imports the simulator

    picture = ScenePicture(load_description(info.folder))
    try:
        for time, state in zip(episode.timestamp - episode.timestamp[0], episode.scene_state, strict=True):
            yield Still(SCENE_CAMERA, float(time), _jpeg(picture.draw(state)))
    except ValueError:  # an imported episode has no states, and those of an earlier version may have another size
        note(f"{episode.record.episode_id} has no pictures: its recorded states are not those of the scene today.")
    finally:
        picture.close()


def _jpeg(pixels: Pixels) -> bytes:
    made, encoded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not made:
        raise InterchangeError("A picture could not be encoded as JPEG; export as LeRobot data set instead.")
    return bytes(encoded.tobytes())
