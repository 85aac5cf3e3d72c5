import json
import pickle
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.commands.import_policy import free_name, import_policy
from mile_desktop.paths import bundled_models
from mile_desktop.policies.checkpoint import PolicyFileError, load_network
from mile_desktop.policies.parcel import DESCRIPTION, WEIGHTS, read_parcel, write_parcel
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace

PEG = "peg-insertion"
BUNDLED = bundled_models(PEG) / "initial"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as workspace:
        yield workspace


@pytest.fixture
def parcel(tmp_path: Path) -> Path:
    """A policy of peg insertion in a folder of its own."""
    return write_parcel(BUNDLED, tmp_path / "parcel")


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def described(parcel: Path, **changes: object) -> Path:
    config = json.loads((parcel / DESCRIPTION).read_text()) | changes
    (parcel / DESCRIPTION).write_text(json.dumps(config))
    return parcel


def test_what_was_exported_can_be_imported_by_folder_zip_and_file(workspace: Workspace, tmp_path: Path) -> None:
    folder, archive = write_parcel(BUNDLED, tmp_path / "a folder"), write_parcel(BUNDLED, tmp_path / "v0.zip")
    made = [import_policy(workspace, source) for source in (folder, archive, folder / WEIGHTS)]
    assert [record.name for record in made] == ["v0", "v0-2", "v0-3"]
    assert [record.note for record in made] == [
        "imported from a folder",
        "imported from v0.zip, v0 there",
        "imported from model.safetensors, v0 there",
    ]
    assert Catalogue(workspace).policies(PEG) == tuple(made)
    here, there = load_network(workspace.policy_folder(made[1].policy_id)), load_network(BUNDLED)
    assert here[1].policy_id == made[1].policy_id != there[1].policy_id
    for name, tensor in there[0].state_dict().items():
        assert here[0].state_dict()[name].equal(tensor)


def test_the_command_line_exports_and_imports(workspace: Workspace, tmp_path: Path) -> None:
    common = ["--workspace", str(workspace.folder)]
    assert main(["export-policy", "--policy", "initial", str(tmp_path / "out.zip"), *common]) == 0
    assert main(["import-policy", str(tmp_path / "out.zip"), *common]) == 0
    assert [record.name for record in Catalogue(workspace).policies()] == ["v0", "v0-2"]
    assert main(["import-policy", str(tmp_path / "nothing.zip"), *common]) == 1


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("it ran",))


def test_pickles_are_never_opened(
    workspace: Workspace, parcel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bomb = pickle.dumps(Bomb())
    (tmp_path / "policy.pt").write_bytes(bomb)
    (parcel / WEIGHTS).unlink()
    (parcel / "model.pt").write_bytes(bomb)
    archive = zipped(tmp_path / "torch.zip", {"archive/data.pkl": bomb, "archive/version": b"3"})
    renamed = zipped(tmp_path / "renamed.zip", {DESCRIPTION: (BUNDLED / DESCRIPTION).read_bytes(), WEIGHTS: bomb})
    for source in (tmp_path / "policy.pt", parcel, archive):
        with pytest.raises(PolicyFileError, match=r"pickle.*safetensors"):
            import_policy(workspace, source)
    with pytest.raises(PolicyFileError, match="is not a safetensors file"):
        import_policy(workspace, renamed)
    assert "it ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    ["../../config.json", "/etc/config.json", "..\\config.json", "a\\..\\..\\config.json", "\\etc\\x", "C:/config.json",
     "C:\\config.json"],
)  # fmt: skip
def test_archives_that_reach_outside_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PolicyFileError, match="reaches outside"):
        read_parcel(zipped(tmp_path / "slip.zip", {name: b"{}", WEIGHTS: b""}))


def test_a_zip_with_backslashes_from_windows_is_read(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "back.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("config.json", "model.safetensors"):
            info = zipfile.ZipInfo("x")
            info.filename = f"v0\\{name}"  # the constructor would replace it
            archive.writestr(info, (BUNDLED / name).read_bytes())
        folder = zipfile.ZipInfo("x")
        folder.filename = "v0\\empty\\"
        archive.writestr(folder, b"")
    assert import_policy(workspace, path).name == "v0"


def test_every_changed_byte_is_harmless_or_one_sentence(tmp_path: Path) -> None:
    """Also where it is the first byte of an entry, its version, its flags or its name."""
    whole = write_parcel(BUNDLED, tmp_path / "whole.zip").read_bytes()
    central = whole.rfind(b"PK\x01\x02")
    first = whole.find(b"PK\x01\x02")
    places = [*range(80), *range(first, len(whole)), *range(80, first, max(1, (first - 80) // 60))]
    path = tmp_path / "bad.zip"
    said: list[str] = []
    for place in places:
        for changed in (whole[place] ^ 0xFF, whole[place] ^ 1):
            path.write_bytes(whole[:place] + bytes([changed]) + whole[place + 1 :])
            try:
                read_parcel(path)
            except PolicyFileError as error:
                said.append(str(error))
    assert len(said) > len(places)
    assert not [text for text in said if not text.endswith(".")]
    path.write_bytes(whole[:central] + b"\x00" + whole[central + 1 :])
    with pytest.raises(PolicyFileError, match=r"bad\.zip is damaged .*; copy it again"):
        read_parcel(path)


def test_changed_weights_are_noticed_by_their_checksum(workspace: Workspace, tmp_path: Path) -> None:
    first = import_policy(workspace, BUNDLED)
    folder = write_parcel(workspace.policy_folder(first.policy_id), tmp_path / "exported")
    weights = bytearray((folder / WEIGHTS).read_bytes())
    weights[-2] ^= 4  # another valid number
    (folder / WEIGHTS).write_bytes(weights)
    with pytest.raises(PolicyFileError, match=r"its checksum differs\); copy the folder again"):
        import_policy(workspace, folder)
    (folder / "checksums.json").unlink()  # as in folders of older versions
    import_policy(workspace, folder)


def test_archives_with_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo(DESCRIPTION)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(PolicyFileError, match="reaches outside"):
        read_parcel(tmp_path / "link.zip")


def test_archives_that_unpack_to_gigabytes_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DESCRIPTION, b" " * (3 * 2**20))
        archive.writestr(WEIGHTS, b"")
    with pytest.raises(PolicyFileError, match=r"config\.json is larger than 1 MiB"):
        read_parcel(tmp_path / "bomb.zip")


def test_damage_is_said(tmp_path: Path, parcel: Path) -> None:
    whole = write_parcel(BUNDLED, tmp_path / "whole.zip").read_bytes()
    middle = whole.index(b"model.safetensors") + 400
    (tmp_path / "torn.zip").write_bytes(whole[:middle] + bytes(80) + whole[middle + 80 :])
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    for name in ("torn.zip", "half.zip"):
        with pytest.raises(PolicyFileError, match=r"damaged|neither"):
            read_parcel(tmp_path / name)
    (parcel / DESCRIPTION).unlink()
    for source in (parcel, parcel / WEIGHTS, zipped(tmp_path / "empty.zip", {"readme": b""})):
        with pytest.raises(PolicyFileError, match=r"no config\.json"):
            read_parcel(source)
    with pytest.raises(PolicyFileError, match="nothing at"):
        read_parcel(tmp_path / "missing")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scene": "tea-making"}, "scene that is not here.*tea-making"),
        ({"hidden": [2_000_000_000]}, "expected at most 32 layers"),
        ({"hidden": [40_000, 40_000]}, "do not belong together"),
        ({"hidden": [1_000_000] * 32}, "do not belong together"),
        ({"hidden": [8] * 100}, "expected at most 32 layers"),
        ({"hidden": [64]}, "do not belong together"),
        ({"observation_size": 3}, "do not belong together"),
        ({"schema": 99}, "newer version"),
        ({"policy_id": 7}, "is not a policy description"),
        ({"network": "transformer"}, "is not a policy description"),
        ({"hidden": []}, "impossible network"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    workspace: Workspace, parcel: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(PolicyFileError, match=words):
        import_policy(workspace, described(parcel, **changes))
    assert Catalogue(workspace).policies() == ()
    assert not any((workspace.folder / "policies").iterdir())


def test_weights_that_are_no_numbers_or_of_other_types_are_refused(workspace: Workspace, parcel: Path) -> None:
    data = (BUNDLED / WEIGHTS).read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    (parcel / WEIGHTS).write_bytes(data[:start] + b"\xff" * (len(data) - start))
    with pytest.raises(PolicyFileError, match="NaN or infinity"):
        import_policy(workspace, parcel)
    (parcel / WEIGHTS).write_bytes(data[:8] + data[8:start].replace(b'"F32"', b'"I32"') + data[start:])
    with pytest.raises(PolicyFileError, match="int32"):
        import_policy(workspace, parcel)


def test_a_policy_whose_folder_is_gone_is_exported_nowhere(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="is not there any more; restore it"):
        write_parcel(tmp_path / "gone", tmp_path / "v0.zip")
    assert list(tmp_path.iterdir()) == []


def test_export_writes_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(FileExistsError, match="not empty"):
        write_parcel(BUNDLED, tmp_path / "full")
    with pytest.raises(FileExistsError, match="not empty"):
        write_parcel(BUNDLED, tmp_path / "full", force=True)
    with pytest.raises(OSError, match="nowhere"):
        write_parcel(BUNDLED, tmp_path / "nowhere" / "policy.zip")


@pytest.mark.parametrize("name", ["v0.zip", "v0"])
def test_an_earlier_export_is_replaced_only_with_force(
    workspace: Workspace, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    export = ["export-policy", str(tmp_path / name), "--workspace", str(workspace.folder)]
    assert main(export) == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("v0*")}
    assert main(export) == 1
    assert "is there already" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("v0*")} == before
    assert main([*export, "--force"]) == 0
    assert import_policy(workspace, tmp_path / name)


def test_long_and_odd_names_are_tidied(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    assert free_name(catalogue, PEG, "  a \n name ") == "a name"
    assert free_name(catalogue, PEG, "") == "imported"
    assert len(free_name(catalogue, PEG, "x" * 500)) <= 40
