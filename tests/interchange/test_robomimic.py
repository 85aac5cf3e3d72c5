import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from mile_desktop.interchange.dataset_export import DatasetExport
from mile_desktop.interchange.dataset_formats import open_dataset
from mile_desktop.interchange.episode_import import ImportOptions, ImportReport, import_dataset
from mile_desktop.interchange.errors import InterchangeError, TargetTakenError
from mile_desktop.interchange.recorded_episodes import Progress, chosen_records
from mile_desktop.interchange.robomimic_writer import write_robomimic
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.columns import COLUMNS
from mile_desktop.storage.edit_store import edit_episode
from mile_desktop.storage.edits import ChangeTags
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.workspace import Workspace
from tests.interchange.conftest import ENTRIES, PEG, record
from tests.storage.samples import ACTIONS, OBSERVATIONS

ANYWAY = ("names", "rate")


def export(workspace: Workspace, target: Path, *, force: bool = False) -> Path:
    return write_robomimic(
        DatasetExport(workspace, chosen_records(workspace, PEG, ()), ENTRIES, target, force=force)
    ).place


def imported(workspace: Workspace, source: Path, notes: list[str] | None = None, **options: object) -> ImportReport:
    progress = Progress(note=(notes if notes is not None else []).append)
    return import_dataset(workspace, open_dataset(source), ENTRIES, ImportOptions(**options), progress)  # type: ignore[arg-type]


def write_foreign(path: Path, lengths: dict[str, int]) -> Path:
    """Write demonstrations as robomimic's own scripts do; the first action of each is its number."""
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        for name, length in lengths.items():
            group = data.create_group(name)
            group.attrs["num_samples"] = length
            group.create_dataset("actions", data=np.full((length, ACTIONS), int(name[5:]) / 100, np.float32))
            group.create_dataset("rewards", data=np.zeros(length))
            group.create_dataset("dones", data=np.zeros(length, np.int64))
            group.create_dataset("states", data=np.zeros((length, 90)))
            group.create_dataset("obs/eef", data=np.random.default_rng(length).normal(size=(length, 3)))
            group.create_dataset("obs/object", data=np.zeros((length, OBSERVATIONS - 3)))
            group.create_dataset("obs/agentview_image", data=np.zeros((length, 4, 4, 3), np.uint8))
    return path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "elsewhere") as workspace:
        yield workspace


def test_every_key_is_written_and_actions_are_in_their_limits(workspace: Workspace, tmp_path: Path) -> None:
    record(workspace, [False, True, True])
    with h5py.File(export(workspace, tmp_path / "peg.hdf5")) as file:
        assert file["data"].attrs["total"] == 3
        assert json.loads(file["data"].attrs["env_args"])["env_name"] == "mile/PegInsertion-v0"
        demo = file["data/demo_0"]
        assert demo.attrs["num_samples"] == 3
        needed = {"actions", "rewards", "dones", "states", "obs/state", "next_obs/state", "action_modes", "intv_labels"}
        assert all(len(demo[name]) == 3 for name in needed)
        assert np.abs(demo["actions"][()]).max() <= 1.0
        assert demo["action_modes"][()].tolist() == [0, 1, 1]
        assert demo["dones"][()].tolist() == [0, 0, 1]
        np.testing.assert_array_equal(demo["next_obs/state"][0], demo["obs/state"][1])


def test_masks_are_disjoint(workspace: Workspace, tmp_path: Path) -> None:
    for _ in range(12):
        record(workspace, [False])
    with h5py.File(export(workspace, tmp_path / "peg.hdf5")) as file:
        train, valid = (set(file[f"mask/{name}"][()].tolist()) for name in ("train", "valid"))
    assert valid == {b"demo_9"}
    assert len(train) == 11
    assert not train & valid


def test_what_was_exported_comes_back_the_same(workspace: Workspace, elsewhere: Workspace, tmp_path: Path) -> None:
    made = record(workspace, [False] * 3 + [True] * 2, "partial success", operator_name="Anna")
    edit_episode(workspace, made.episode_id, ChangeTags(add=("slip", "hard start")))

    report = imported(elsewhere, export(workspace, tmp_path / "peg.hdf5"))

    assert (report.episodes, report.demonstrations, report.unknown) == (1, 0, 0)
    (back,) = Catalogue(elsewhere).episodes(PEG)
    before, after = read_episode(workspace, made.episode_id), read_episode(elsewhere, back.episode_id)
    for column in COLUMNS:
        if column.name != "timestamp":
            np.testing.assert_array_equal(getattr(after, column.name), getattr(before, column.name), column.name)
    assert (back.outcome, back.takeovers, back.start.policy_id) == ("partial success", 1, "initial")
    assert (back.start.operator_name, back.tags) == ("Anna", ("hard start", "slip"))


def test_demonstrations_come_in_the_order_of_their_numbers(workspace: Workspace, tmp_path: Path) -> None:
    path = write_foreign(tmp_path / "theirs.hdf5", {"demo_10": 3, "demo_2": 1, "demo_0": 2})
    notes: list[str] = []

    report = imported(workspace, path, notes, accept=ANYWAY)

    assert (report.demonstrations, report.unknown) == (3, 3)
    ids = [each.episode_id for each in Catalogue(workspace).episodes(PEG)]
    firsts = [float(read_episode(workspace, each).action[0, 0]) for each in sorted(ids)]
    assert firsts == pytest.approx([0.0, 0.02, 0.10])
    assert notes == ["The pictures (agentview_image) are not taken."]


def test_masks_that_overlap_are_said(workspace: Workspace, tmp_path: Path) -> None:
    path = write_foreign(tmp_path / "theirs.hdf5", {"demo_0": 2, "demo_1": 3})
    with h5py.File(path, "a") as file:
        file["mask/train"] = np.array([b"demo_0", b"demo_1"])
        file["mask/valid"] = np.array([b"demo_1"])
    notes: list[str] = []
    imported(workspace, path, notes, accept=ANYWAY)
    assert notes[0] == "The masks train and valid share 1 demonstrations (demo_1); masks are not used here."


@pytest.mark.parametrize(("key", "sentence"), [("actions", "demo_1 has no actions"), ("obs", "demo_1 has no obs")])
def test_a_missing_key_is_named(workspace: Workspace, tmp_path: Path, key: str, sentence: str) -> None:
    path = write_foreign(tmp_path / "theirs.hdf5", {"demo_0": 2, "demo_1": 3})
    with h5py.File(path, "a") as file:
        del file[f"data/demo_1/{key}"]
    with pytest.raises(InterchangeError, match=sentence):
        imported(workspace, path, accept=ANYWAY)
    assert not Catalogue(workspace).episodes()


def test_names_and_rate_that_the_file_does_not_say_must_be_accepted(workspace: Workspace, tmp_path: Path) -> None:
    path = write_foreign(tmp_path / "theirs.hdf5", {"demo_0": 2})
    with pytest.raises(InterchangeError, match=r"Entry 0 of the observation is 'eef_0' in the data set and 'joint 0"):
        imported(workspace, path)
    with pytest.raises(InterchangeError, match="does not say its rate, peg-insertion has 20"):
        imported(workspace, path, accept=("names",))


def test_nothing_outside_of_the_file_is_opened(workspace: Workspace, tmp_path: Path) -> None:
    secret = write_foreign(tmp_path / "secret.hdf5", {"demo_0": 2})
    for number, trick in enumerate((h5py.ExternalLink(str(secret), "data/demo_0/actions"), h5py.SoftLink("/data"))):
        path = write_foreign(tmp_path / f"{number}.hdf5", {"demo_0": 2})
        with h5py.File(path, "a") as file:
            del file["data/demo_0/actions"]
            file["data/demo_0/actions"] = trick
        with pytest.raises(InterchangeError, match="actions is a link, which is not followed"):
            imported(workspace, path, accept=ANYWAY)
    path = write_foreign(tmp_path / "virtual.hdf5", {"demo_0": 2})
    with h5py.File(path, "a") as file:
        del file["data/demo_0/actions"]
        layout = h5py.VirtualLayout(shape=(2, ACTIONS), dtype=np.float32)
        layout[:] = h5py.VirtualSource(str(secret), "data/demo_0/actions", shape=(2, ACTIONS))
        file.create_virtual_dataset("data/demo_0/actions", layout)
    with pytest.raises(InterchangeError, match="actions lies in another file, which is not opened"):
        imported(workspace, path, accept=ANYWAY)


def test_an_array_that_would_fill_the_memory_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    path = write_foreign(tmp_path / "bomb.hdf5", {"demo_0": 2})
    with h5py.File(path, "a") as file:
        del file["data/demo_0/actions"]
        file.create_dataset("data/demo_0/actions", shape=(10**10, 4), dtype=np.float32, chunks=(10**6, 4))
    with pytest.raises(InterchangeError, match="actions would unpack to 152587 MiB, so it is not opened"):
        imported(workspace, path, accept=ANYWAY)


def test_a_file_cut_short_and_another_kind_of_file(workspace: Workspace, tmp_path: Path) -> None:
    content = write_foreign(tmp_path / "whole.hdf5", {"demo_0": 2, "demo_1": 3}).read_bytes()
    for share in (0.1, 0.5, 0.9):
        (tmp_path / "cut.hdf5").write_bytes(content[: int(len(content) * share)])
        with pytest.raises(InterchangeError, match="is damaged or not a file of robomimic"):
            imported(workspace, tmp_path / "cut.hdf5", accept=ANYWAY)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["model_weights"] = 1.0
    with pytest.raises(InterchangeError, match="has no data; it is not a file of robomimic"):
        imported(workspace, tmp_path / "other.h5")
    (tmp_path / "a.txt").touch()
    with pytest.raises(InterchangeError, match="is not a data set that can be read"):
        imported(workspace, tmp_path / "a.txt")


def test_another_file_is_not_replaced(workspace: Workspace, tmp_path: Path) -> None:
    record(workspace, [False])
    target = export(workspace, tmp_path / "peg.hdf5")
    with pytest.raises(TargetTakenError, match="exists already; choose another name, or add --force"):
        export(workspace, target)
    export(workspace, target, force=True)
    theirs = write_foreign(tmp_path / "theirs.hdf5", {"demo_0": 2})
    with pytest.raises(TargetTakenError, match="was not written by an earlier export"):
        export(workspace, theirs, force=True)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["peg.hdf5", "theirs.hdf5"]
