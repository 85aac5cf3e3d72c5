"""Writes an episode as a recording of Rerun (``.rrd``): pictures, plots, events and the place of the gripper."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mile_desktop.interchange.episode_story import EpisodeStory, Plots, Still

APPLICATION = "mile-desktop"
"""Rerun's id of the program; stands at the beginning of every file."""
_TIMELINE, _STEPS = "time", "step"
_RADIUS_M = 0.01
_POLICY_COLOUR, _PERSON_COLOUR = (115, 128, 153), (242, 153, 51)


def write_story(rr: Any, story: EpisodeStory, stills: Iterator[Still], path: Path) -> None:  # noqa: ANN401
    """Write one episode with the module ``rerun``; an ``episode_files.EpisodeFormat.write_story``."""
    episode_id = story.about["episode_id"]
    recording = rr.RecordingStream(APPLICATION, recording_id=episode_id)
    # Before the first message: what is logged without a file waits in memory.
    recording.save(path)
    try:
        recording.send_recording_name(episode_id)
        about = "\n".join(f"- **{name}**: {text}" for name, text in story.about.items())
        recording.log("about", rr.TextDocument(about, media_type="text/markdown"), static=True)
        for plots in story.plots:
            _log_plots(rr, recording, plots, story)
        _log_events(rr, recording, story)
        _log_place(rr, recording, story)
        for still in stills:
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
