from pathlib import Path

import pytest

from mile_desktop.study.folder import StudyFolder, StudyFolderError
from mile_desktop.study.names import StudyFileError
from mile_desktop.study.participants import ParticipantError


def test_a_study_is_a_workspace_with_its_protocol(study: StudyFolder) -> None:
    assert StudyFolder.is_study(study.folder)
    again = StudyFolder(study.folder)
    assert again.protocol == study.protocol
    assert again.identity == study.identity
    assert again.participants().participants == ()


def test_a_folder_with_anything_in_it_is_refused(study: StudyFolder, tmp_path: Path) -> None:
    for place in (study.folder, tmp_path):
        with pytest.raises(StudyFolderError, match="not an empty folder"):
            StudyFolder.create(place, "takeover-prediction")
    with pytest.raises(StudyFolderError, match="There is no study"):
        StudyFolder(tmp_path)


def test_a_wrong_protocol_makes_no_folder(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("format = 3")
    with pytest.raises(StudyFileError):
        StudyFolder.create(tmp_path / "new", str(tmp_path / "p.toml"))
    assert not (tmp_path / "new").exists()


def test_a_protocol_that_was_changed_and_damaged_files_are_reported(study: StudyFolder) -> None:
    protocol = study.folder / "study.toml"
    before = protocol.read_text()
    protocol.write_text(before + "\n# a remark")
    with pytest.raises(StudyFileError, match="another protocol"):
        StudyFolder(study.folder)
    protocol.write_text(before)
    (study.folder / "participants.json").write_text('{"format": "x"}')
    with pytest.raises(StudyFileError, match="damaged file"):
        StudyFolder(study.folder)


def test_an_unknown_code_is_named_with_those_there_are(study: StudyFolder) -> None:
    study.add_participant()
    with pytest.raises(ParticipantError, match="no participant 'P9'; it has P01"):
        study.participant("P9")
