"""Wrong input: the window shows one clear sentence with an action, and goes on."""

import re
import shutil
import sqlite3
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from mile_desktop.channels.endpoint import Endpoint
from mile_desktop.channels.messages import Shutdown
from mile_desktop.paths import bundled_models
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage import schema
from mile_desktop.storage.workspace import DATABASE, Workspace
from tests.storage.conftest import small_disk
from tests.storage.samples import a_policy
from tests.storage.small_disk import SmallDisk
from tests.ui.application.live_window import LiveWindow, plan
from tests.ui.ui_children import viewer

__all__ = ["small_disk"]


@pytest.fixture(scope="module")
def started(open_window: Callable[..., LiveWindow], tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("bad")
    opened = open_window(folder, plan(folder / "workspace"), viewer_target=viewer)
    opened.start_episode()
    opened.until(lambda: opened.closed)
    return opened


@pytest.fixture
def live(started: LiveWindow) -> LiveWindow:
    started.to_idle()
    started.forget()
    return started


def refused(live: LiveWindow, folder: Path, *parts: str) -> None:
    """Choose ``folder``: one error with ``parts`` and an action is shown, and the present workspace stays open."""
    before = live.workspace.folder
    live.open_folder(folder)
    errors = [entry for entry in live.messages if entry.level == "error"]
    assert len(errors) == 1
    assert all(part in errors[0].text for part in parts), errors[0].text
    assert errors[0].action is not None
    assert live.workspace.folder == before
    assert live.window.isVisible()
    live.start_episode()


def test_a_file_is_no_workspace(live: LiveWindow, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    refused(live, tmp_path / "file", "is a file")
    assert (tmp_path / "file").read_text() == "hello"


def test_a_newer_workspace_is_left_alone(live: LiveWindow, tmp_path: Path) -> None:
    Workspace.open(tmp_path / "w").close()
    with sqlite3.connect(tmp_path / "w" / DATABASE) as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 7}")
    connection.close()
    refused(live, tmp_path / "w", "newer version", "update the program")


def test_a_read_only_workspace_is_refused(live: LiveWindow, small_disk: SmallDisk) -> None:
    Workspace.open(small_disk.folder / "w").close()
    small_disk.make_read_only()
    refused(live, small_disk.folder / "w", "cannot be written to")


def test_a_full_disk_is_refused_before_anything_is_made(live: LiveWindow, small_disk: SmallDisk) -> None:
    small_disk.fill()
    refused(live, small_disk.folder / "w", "is full", "Free some space")


def test_a_disk_that_fills_up_holds_the_robot_and_loses_nothing(live: LiveWindow, small_disk: SmallDisk) -> None:
    before = live.workspace.folder
    live.open_folder(small_disk.folder / "w")
    live.until(lambda: live.application.worker.session is not None)
    live.start_episode()
    live.until(lambda: len(live.steps) > 3)
    small_disk.fill()
    live.until(lambda: live.said("is full", "Free some space", level="error"))
    live.until(lambda: live.phase is not Phase.AUTONOMOUS)
    small_disk.free()
    live.until(lambda: resumed(live) and live.closed)
    assert live.workspace.catalogue.episode(live.closed[0].episode_id).steps == live.closed[0].steps
    live.until_phase(Phase.IDLE)
    live.open_folder(before)
    live.until(lambda: live.workspace.folder == before and live.application.worker.session is not None)


def resumed(live: LiveWindow) -> bool:
    """Resume as often as it takes: the recorder tries the disk again twice a second."""
    return live.resume()


def test_a_damaged_catalogue_can_be_rebuilt(live: LiveWindow, tmp_path: Path) -> None:
    shutil.copytree(live.workspace.folder / "episodes", tmp_path / "w" / "episodes")
    (tmp_path / "w" / DATABASE).write_bytes(b"this was a database once" * 1000)
    episodes = len(list((tmp_path / "w" / "episodes").glob("*.parquet")))
    refused(live, tmp_path / "w", "is damaged", "rebuild the catalogue")
    live.to_idle()
    live.choose("Rebuild the catalogue")
    assert live.said(f"The catalogue was rebuilt: {episodes} episodes")
    assert live.workspace.folder == tmp_path / "w"
    assert live.workspace.catalogue.episode_count() == episodes
    live.until_loaded()
    live.start_episode()


def test_the_open_catalogue_can_be_rebuilt_too(live: LiveWindow) -> None:
    folder, episodes = live.workspace.folder, live.workspace.catalogue.episode_count()
    # everything into the one file and out of every page cache first, else the damage may go unseen for a while
    other = sqlite3.connect(folder / DATABASE)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    with (folder / DATABASE).open("r+b") as file:
        file.truncate(5000)
    live.application.refresh_policies()
    assert live.said("is damaged", level="error")
    live.choose("Rebuild the catalogue")
    assert live.said("The catalogue was rebuilt")
    assert live.workspace.folder == folder
    assert live.workspace.catalogue.episode_count() >= episodes
    live.until_loaded()
    live.start_episode()
    live.until(lambda: live.closed)


@pytest.mark.parametrize("damage", ["truncated", "text", "shape", "empty"])
def test_a_policy_that_cannot_be_used_is_replaced_by_the_bundled_one(
    live: LiveWindow, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "policy"
    shutil.copytree(bundled_models("peg-insertion") / "initial", folder)
    weights = folder / "model.safetensors"
    if damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:5000])
    elif damage == "text":
        weights.write_text("no tensors here")
    elif damage == "shape":
        config = (folder / "config.json").read_text()
        assert '"action_size"' in config
        (folder / "config.json").write_text(config.replace('"action_size": 4', '"action_size": 5'))
    else:
        shutil.rmtree(folder)
        folder.mkdir()
    live.application.load(str(folder))
    live.until(lambda: live.said("The bundled policy is loaded instead.", level="error"))
    live.until_loaded()
    assert len([entry for entry in live.messages if entry.level == "error"]) == 1
    assert live.status is not None
    live.start_episode()
    assert live.status.policy_id.startswith("peg-insertion-initial")


def test_the_bundled_policy_steps_in_for_a_damaged_one_that_was_promoted(live: LiveWindow) -> None:
    """At a start the window asks for the promoted policy by its id; a huge network must not even be made."""
    application, catalogue = live.application, live.workspace.catalogue
    folder = live.workspace.workspace.policy_folder("p9")
    shutil.copytree(bundled_models("peg-insertion") / "initial", folder)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(re.sub(r'"hidden": \[[^]]*\]', '"hidden": [4000000, 4000000]', config))
    catalogue.add_policy(a_policy("p9", name="v9"))
    catalogue.promote("peg-insertion", "p9")
    application.load_scene("peg-insertion")
    live.until(lambda: live.said("hidden layers", "The bundled policy is loaded instead.", level="error"))
    live.until_loaded()
    assert application.worker.alive
    live.start_episode()
    live.until(lambda: live.steps)
    assert live.status is not None
    assert live.status.policy_id.startswith("peg-insertion-initial")
    assert catalogue.promoted("peg-insertion") == live.status.policy_id, "the next start does not ask for it again"


def test_a_scene_that_does_not_load_is_reported_and_can_be_tried_again(
    open_window: Callable[..., LiveWindow], tmp_path: Path
) -> None:
    live = open_window(tmp_path, plan(tmp_path / "workspace"), worker_with_broken_scene, viewer_target=viewer)
    live.until(lambda: live.said("scene.toml", level="error"))
    assert live.window.isVisible()
    assert live.application.worker.alive
    live.choose("Restart")
    live.forget()
    live.until(lambda: live.said("scene.toml", level="error"))
    live.close()


def worker_with_broken_scene(connection: Connection, *_: object) -> None:
    """Answers as the real worker does where a scene's description is wrong."""
    with Endpoint[m.Command](connection, m.Command) as endpoint:
        while not endpoint.closed:
            endpoint.wait(0.1)
            for command in endpoint.receive():
                if isinstance(command, Shutdown):
                    return
                if isinstance(command, m.LoadSession):
                    text = "peg_insertion/scene.toml: [robot]: found urdf = 7, expected a file."
                    endpoint.send(m.Fault(text=text, number=command.number))
