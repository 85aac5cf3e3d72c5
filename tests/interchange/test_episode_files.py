import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mile_desktop.cameras.settings import VIDEOS
from mile_desktop.interchange import episode_story
from mile_desktop.interchange.dataset_export import DatasetExport
from mile_desktop.interchange.episode_files import write_mcap, write_rerun
from mile_desktop.interchange.episode_story import Still, stills_of, story_of
from mile_desktop.interchange.errors import InterchangeCancelledError, InterchangeError, TargetTakenError
from mile_desktop.interchange.recorded_episodes import Progress
from mile_desktop.interchange.scene_entries import Entry, SceneEntries
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.workspace import Workspace
from tests.interchange.conftest import ENTRIES, PEG, record
from tests.storage.samples import OBSERVATIONS

HUMAN = [False, True, True, False]
RERUN = os.environ.get("MILE_DESKTOP_RERUN_PYTHON", "")
PLACED = SceneEntries(
    PEG, ENTRIES.env_id, ENTRIES.task, 20.0,
    tuple(Entry(name, "m") for name in (
        *(f"end effector {axis} @ t" for axis in "xyz"), *(f"old {number} @ t-1" for number in range(OBSERVATIONS - 3)),
    )),
    ENTRIES.action,
)  # fmt: skip


def a_picture(width: int = 16) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((8, width, 3), 90, np.uint8))[1])


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every episode two pictures: drawing a scene takes a simulator."""
    monkeypatch.setattr(
        "mile_desktop.interchange.episode_files.stills_of",
        lambda _workspace, _episode, _note: [Still("scene", 0.05 * number, a_picture()) for number in range(2)],
    )


def messages(path: Path) -> tuple[dict[str, list[dict[str, object]]], dict[str, str]]:
    """Return topic → messages, and the metadata."""
    reader = pytest.importorskip("mcap.reader")
    found: dict[str, list[dict[str, object]]] = {}
    with path.open("rb") as file:
        opened = reader.make_reader(file)
        for _, channel, message in opened.iter_messages():
            found.setdefault(channel.topic, []).append(json.loads(message.data) | {"at": message.log_time})
        (about,) = opened.iter_metadata()
    return found, about.metadata


def test_an_mcap_file_has_pictures_plots_events_and_the_place_of_the_gripper(
    workspace: Workspace, tmp_path: Path, pictures: None
) -> None:
    kept = record(workspace, HUMAN)
    written = write_mcap(DatasetExport(workspace, [kept], PLACED, tmp_path / "e.mcap"))
    assert (written.episodes, written.steps) == (1, 4)
    found, about = messages(tmp_path / "e.mcap")
    assert about["episode_id"] == kept.episode_id
    assert about["task"] == ENTRIES.task
    episode = read_episode(workspace, kept.episode_id)
    assert [each["dx"] for each in found["/action"]] == pytest.approx(episode.action[:, 0].tolist())
    assert [len(each) > 1 for each in found["/human_action"]] == HUMAN, "no entry where no person drove"
    assert set(found["/observation"][0]) == {"at", *(f"end effector {axis} (m)" for axis in "xyz")}
    assert [each["person drives"] for each in found["/control"]] == [0, 1, 1, 0]
    times = np.array([each["at"] for each in found["/action"]], dtype=np.int64)
    np.testing.assert_allclose(np.diff(times) / 1e9, np.diff(episode.timestamp), atol=1e-6)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(str(found["/camera/scene"][0]["data"])), np.uint8), 1)
    assert picture.shape == (8, 16, 3)
    texts = [each["message"] for each in found["/events"]]
    assert texts[0].startswith("Episode ")  # type: ignore[union-attr]
    assert texts[-1] == "Episode ends: success."
    assert len(found["/gripper"]) == 4


def test_takeovers_and_rewinds_are_events(workspace: Workspace) -> None:
    episode = read_episode(workspace, record(workspace, HUMAN).episode_id)
    events = story_of(episode, ENTRIES).events
    assert [each.step for each in events if "takeover" in each.text] == [1, 3]
    assert story_of(episode, ENTRIES).place is None, "this scene does not say where its gripper is"


def test_one_episode_is_a_file_and_several_are_a_folder(workspace: Workspace, tmp_path: Path, pictures: None) -> None:
    pytest.importorskip("mcap")
    records = [record(workspace, HUMAN, seed=seed) for seed in (1, 2)]
    write_mcap(DatasetExport(workspace, records, ENTRIES, tmp_path / "all"))
    assert {path.stem for path in (tmp_path / "all").iterdir()} == {each.episode_id for each in records}
    write_mcap(DatasetExport(workspace, records[:1], ENTRIES, tmp_path / "one.mcap"))
    with pytest.raises(TargetTakenError, match="add --force"):
        write_mcap(DatasetExport(workspace, records[:1], ENTRIES, tmp_path / "one.mcap"))
    write_mcap(DatasetExport(workspace, records[:1], ENTRIES, tmp_path / "one.mcap", force=True))
    with pytest.raises(TargetTakenError, match="2 episodes need a folder"):
        write_mcap(DatasetExport(workspace, records, ENTRIES, tmp_path / "one.mcap"))
    with pytest.raises(InterchangeCancelledError):
        write_mcap(
            DatasetExport(workspace, records, ENTRIES, tmp_path / "none", progress=Progress(cancelled=lambda: True))
        )


@pytest.mark.parametrize(("package", "write"), [("mcap", write_mcap), ("rerun", write_rerun)])
def test_without_the_package_the_sentence_says_what_to_install(
    package: str, write: object, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (package, f"{package}.reader", f"{package}.writer"):
        monkeypatch.setitem(sys.modules, name, None)
    kept = record(workspace, HUMAN)
    with pytest.raises(InterchangeError, match=rf"pip install 'mile-desktop\[{package}\]'"):
        write(DatasetExport(workspace, [kept], ENTRIES, tmp_path / "e"))  # type: ignore[operator]
    assert not (tmp_path / "e").exists()


def test_a_panda_scene_is_drawn_from_its_states(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    episode = read_episode(workspace, record(workspace, HUMAN[:1]).episode_id)
    notes: list[str] = []
    assert not list(stills_of(workspace, episode, notes.append)), "the states of this episode are made up"
    assert notes == [
        f"{episode.record.episode_id} has no pictures: its recorded states are not those of the scene today."
    ]

    class Drawn:
        def __init__(self, description: object) -> None: ...

        def draw(self, state: np.ndarray) -> np.ndarray:
            return np.zeros((8, 8, 3), np.uint8)

        def close(self) -> None: ...

    monkeypatch.setattr("mile_desktop.scenes.scene_picture.ScenePicture", Drawn)
    (still,) = stills_of(workspace, episode, notes.append)
    assert (still.camera, still.time_s) == (episode_story.SCENE_CAMERA, 0.0)


def test_a_damaged_video_is_one_sentence(workspace: Workspace, tmp_path: Path) -> None:
    episode = read_episode(workspace, record(workspace, HUMAN).episode_id)
    folder = workspace.folder / VIDEOS / episode.record.episode_id
    folder.mkdir(parents=True)
    (folder / "front.mp4").write_bytes(b"no video")
    with pytest.raises(InterchangeError, match="A video of"):
        list(stills_of(workspace, episode, print))


@pytest.mark.skipif(not RERUN, reason="MILE_DESKTOP_RERUN_PYTHON names no interpreter with rerun-sdk (docs/formats.md)")
def test_the_released_rerun_reads_the_recording(workspace: Workspace, tmp_path: Path) -> None:
    kept = record(workspace, HUMAN)
    code = (
        "import sys; from pathlib import Path\n"
        "from mile_desktop.storage.workspace import Workspace\n"
        "from mile_desktop.interchange.dataset_export import DatasetExport\n"
        "from mile_desktop.interchange.episode_files import write_rerun\n"
        "from mile_desktop.interchange.recorded_episodes import chosen_records\n"
        "from tests.interchange.test_episode_files import PLACED\n"
        "with Workspace.open(Path(sys.argv[1])) as workspace:\n"
        "    records = chosen_records(workspace, 'peg-insertion', ())\n"
        "    for force in (False, True):\n"
        "        write_rerun(DatasetExport(workspace, records, PLACED, Path(sys.argv[2]), force))\n"
        "import rerun as rr\n"
        "found = rr.dataframe.load_recording(sys.argv[2])\n"
        "view = found.view(index='step', contents='/plots/action')\n"
        "print(found.application_id(), found.recording_id(), view.select().read_all().num_rows)\n"
    )
    workspace.close()
    found = subprocess.run([RERUN, "-c", code, workspace.folder, tmp_path / "e.rrd"], capture_output=True, text=True,
                           check=False)  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert found.stdout.split()[-3:] == ["mile-desktop", kept.episode_id, "4"]
