"""``doctor`` loads what it vouches for; ``--repair`` moves damaged things aside and deletes nothing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.file_system import file_system_of, network_problem
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.workspace import Workspace
from tests.cameras.pictures import picture
from tests.storage.samples import a_start, a_step


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three episodes, a retrained policy, an intervention model and a video."""
    from mile_desktop.cameras.video import VideoWriter  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("doctor") / "workspace"
    common = ["--workspace", str(folder), "--json"]
    assert main(["rollout", "--operator", "segment", "--episodes", "3", "--seed", "5", *common]) == 0
    settings = json.dumps({"ensemble": 2, "hidden": [8], "fit_epochs": 2, "takeover_trial": 0})
    assert main(["train", "--method", "mile", "--epochs", "1", "--settings", settings, *common]) == 0
    with Workspace.open(folder) as workspace:
        policies = Catalogue(workspace).policies()
        for policy in policies:
            Catalogue(workspace).promote("peg-insertion", policy.policy_id)
        assert [policy.name for policy in policies] == ["v0", "v1"]
    writer = VideoWriter(folder / "videos" / "ep" / "front.mp4", picture(0, 0.0))
    for index in range(1, 5):
        writer.write(picture(index, index * 0.04))
    writer.close()
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "workspace"))


def ask(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, list[str]]]:
    capsys.readouterr()
    status = main(["doctor", "--workspace", str(folder), "--json", *options])
    return status, json.loads(capsys.readouterr().out)


def first(folder: Path, pattern: str) -> Path:
    return min(folder.glob(pattern))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 4
    path.write_bytes(content)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a bit of a policy": (lambda f: flip(first(f, "policies/policy-*/model.safetensors")), "its checksum differs"),
    "an empty policy": (lambda f: first(f, "policies/policy-*/model.safetensors").write_bytes(b""), "truncated"),
    "the bundled policy": (lambda f: first(f, "policies/peg-*/model.safetensors").unlink(), "is missing"),
    "a whole folder": (lambda f: shutil.rmtree(first(f, "policies/policy-*")), "is missing"),
    "a bit of an intervention model": (
        lambda f: flip(first(f, "interventions/intervention-*/model.safetensors")), "its checksum differs",
    ),
    "an episode": (lambda f: flip(first(f, "episodes/*.parquet")), "cannot be read as an episode"),
    "a lost episode": (lambda f: first(f, "episodes/*.parquet").unlink(), "does not exist"),
    "swapped episodes": (
        lambda f: shutil.copy(max(f.glob("episodes/*.parquet")), first(f, "episodes/*.parquet")), "disagrees",
    ),
    "an unknown episode": (lambda f: (f / "episodes" / "ep-x.parquet").write_bytes(b"x"), "is not in the catalogue"),
    "edits": (lambda f: (f / "edits" / "ep-y.json").write_text("{"), "belongs to no episode"),
    "a video": (lambda f: first(f, "videos/ep/*.mp4").write_bytes(b"no video"), "cannot be played"),
    "the database": (lambda f: (f / "workspace.db").write_bytes(b"x" * 9000), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_repaired_and_nothing_is_deleted(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, words = DAMAGE[name]
    damage(folder)
    if name != "the database":
        status, found = ask(folder, capsys)
        assert status == 1
        assert words in " ".join(found["problems"])
    before = {path.read_bytes() for path in folder.rglob("*") if path.suffix in {".parquet", ".safetensors", ".mp4"}}
    status, repaired = ask(folder, capsys, "--repair")
    assert (status, repaired["problems"]) == (0, [])
    assert repaired["repairs"]
    after = {path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert before <= after
    assert ask(folder, capsys, "--repair")[1]["repairs"] == []


def test_the_policy_before_takes_the_place_of_a_damaged_promoted_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first(folder, "policies/policy-*/model.safetensors").write_bytes(b"")
    _, repaired = ask(folder, capsys, "--repair")
    assert "It was promoted; now v0 (peg-insertion-initial" in " ".join(repaired["repairs"])
    with Workspace.open(folder) as workspace:
        assert str(Catalogue(workspace).promoted("peg-insertion")).startswith("peg-insertion-initial")


def test_a_healthy_workspace_has_no_problems_and_nothing_is_repaired(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = ask(folder, capsys, "--repair")
    assert (status, found["problems"], found["repairs"]) == (0, [], [])


def test_doctor_recovers_what_a_crash_left(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(folder) as workspace:
        journal = EpisodeJournal(workspace)
        journal.begin(a_start("ep-left"))
        journal.append(a_step(0))
        workspace.query("UPDATE journal SET pid = 0x3fffffff, process = ''")
    status, found = ask(folder, capsys)
    assert (status, found["problems"], found["recovered"]) == (0, [], 1)


def test_a_folder_that_was_being_replaced_comes_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = first(folder, "policies/policy-*")
    policy.rename(policy.with_name(f".{policy.name}.0123abcd.replaced"))
    _, repaired = ask(folder, capsys, "--repair")
    assert repaired["repairs"] == [f"{policy} was being replaced when a process was killed; it is back."]
    assert policy.is_dir()


def test_a_network_file_system_is_named(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"40 22 0:50 / {tmp_path}/my\\040net rw,relatime - nfs4 server:/x rw\n"
        f"41 22 0:51 / {tmp_path}/my\\040net/disk rw - xfs /dev/sdb rw\n"
    )
    (tmp_path / "my net" / "disk").mkdir(parents=True)
    assert file_system_of(tmp_path, mounts) == "ext4"
    assert file_system_of(tmp_path / "my net" / "disk", mounts) == "xfs"
    assert "is on a network file system (nfs4)" in network_problem(tmp_path / "my net", mounts)
    assert network_problem(tmp_path, mounts) == ""
    assert file_system_of(tmp_path, tmp_path / "none") == ""
