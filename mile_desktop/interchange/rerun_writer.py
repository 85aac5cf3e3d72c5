"""Writes an episode as a recording of Rerun (``.rrd``): pictures, plots, events and the place of the gripper."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mile_desktop.interchange.episode_files import write_each
from mile_desktop.interchange.episode_story import EpisodeStory, Plots, Still, stills_of, story_of
from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.interchange.recorded_episodes import Progress
from mile_desktop.interchange.scene_entries import SceneEntries
from mile_desktop.interchange.written_dataset import WrittenDataset
from mile_desktop.storage.records import Episode, EpisodeRecord
from mile_desktop.storage.workspace import Workspace

_APPLICATION = "mile-desktop"
_TIMELINE, _STEPS = "time", "step"
_RADIUS_M = 0.01
_POLICY_COLOUR, _PERSON_COLOUR = (115, 128, 153), (242, 153, 51)


def write_rerun(
    workspace: Workspace,
    records: Sequence[EpisodeRecord],
    entries: SceneEntries,
    target: Path,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> WrittenDataset:
    """Write one ``.rrd`` file: ``target`` for one episode, else one file for each in the folder ``target``.

    Raises as ``mcap_writer.write_mcap``; the package is rerun-sdk.
    """
    _rerun()

    told = progress or Progress()

    def write(episode: Episode, path: Path) -> None:
        _write(workspace, episode, entries, path, told.note)

    return write_each(
        workspace, records, target, write, suffix=".rrd", is_export=_is_rerun, force=force,
        progress=told,
    )  # fmt: skip


def _rerun() -> Any:  # noqa: ANN401 - an optional package
    try:
        import rerun  # noqa: PLC0415 - an optional package
    except ModuleNotFoundError as error:
        raise InterchangeError(
            "The package rerun-sdk is not installed; install it with `pip install 'mile-desktop[rerun]'` and export "
            "again."
        ) from error
    return rerun


def _is_rerun(path: Path) -> bool:
    with path.open("rb") as file:
        # the application's id is in the first message, which says what the recording is
        return _APPLICATION.encode() in file.read(4096)


def _write(
    workspace: Workspace, episode: Episode, entries: SceneEntries, path: Path, note: Callable[[str], None]
) -> None:
    rr = _rerun()
    story = story_of(episode, entries)
    recording = rr.RecordingStream(_APPLICATION, recording_id=episode.record.episode_id)
    recording.save(path)
    try:
        recording.send_recording_name(episode.record.episode_id)
        about = "\n".join(f"- **{name}**: {text}" for name, text in story.about.items())
        recording.log("about", rr.TextDocument(about, media_type="text/markdown"), static=True)
        for plots in story.plots:
            _log_plots(rr, recording, plots, story)
        _log_events(rr, recording, story)
        _log_place(rr, recording, story)
        for still in stills_of(workspace, episode, note):
            _log_still(rr, recording, still)
    finally:
        # writes what is waiting and closes the file, also after an error
        recording.flush()
        recording.disconnect()


def _at(recording: Any, story: EpisodeStory, step: int) -> None:  # noqa: ANN401 - of an optional package
    recording.set_time(_STEPS, sequence=step)
    recording.set_time(_TIMELINE, duration=float(story.times_s[step]))


def _log_plots(rr: Any, recording: Any, plots: Plots, story: EpisodeStory) -> None:  # noqa: ANN401
    topic = f"plots/{plots.topic}"
    recording.log(topic, rr.SeriesLines(names=list(plots.names)), static=True)
    for step, row in enumerate(plots.values):
        _at(recording, story, step)
        recording.log(topic, rr.Scalars(row))


def _log_events(rr: Any, recording: Any, story: EpisodeStory) -> None:  # noqa: ANN401
    for event in story.events:
        _at(recording, story, event.step)
        recording.log("events", rr.TextLog(event.text, level="WARN" if event.is_warning else "INFO"))


def _log_place(rr: Any, recording: Any, story: EpisodeStory) -> None:  # noqa: ANN401
    if story.place is None:
        return
    for step, (place, driven) in enumerate(zip(story.place, story.driven, strict=True)):
        _at(recording, story, step)
        colour = _PERSON_COLOUR if driven else _POLICY_COLOUR
        recording.log("gripper", rr.Points3D([place], radii=_RADIUS_M, colors=[colour]))


def _log_still(rr: Any, recording: Any, still: Still) -> None:  # noqa: ANN401
    # pictures have times of their own and belong to no step
    recording.disable_timeline(_STEPS)
    recording.set_time(_TIMELINE, duration=still.time_s)
    recording.log(f"camera/{still.camera}", rr.EncodedImage(contents=still.jpeg, media_type="image/jpeg"))
