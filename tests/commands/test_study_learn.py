"""``mile-desktop study learn``: the retraining between two rounds, from this person's episodes of this block alone."""

import json
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.population import POPULATION, draw_person, read_population
from mile_desktop.study.rehearsal import RehearsalError, rehearse
from mile_desktop.study.session import ParticipantSession
from tests.study.conftest import ROUNDS


def test_a_policy_is_retrained_for_the_rest_of_the_block_and_for_nobody_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.toml").write_text(ROUNDS.replace('name = "off"', 'name = "off"\nmethod = "bc"'), encoding="utf-8")
    study = StudyFolder.create(tmp_path / "study", str(tmp_path / "p.toml"))
    code = study.add_participant(simulated=True).code
    learn = ["study", "--json", "learn", str(study.folder), code, "--epochs", "1"]
    assert main(learn) == 1
    assert "is not at a retraining" in capsys.readouterr().err
    with pytest.raises(RehearsalError, match="b1-t1"):
        rehearse(study, code, draw_person(read_population(POPULATION), 0))
    session = ParticipantSession(study, code)
    (first,) = session.participant.episodes
    assert main(learn) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any("progress" in each for each in answers)
    session.trained(answers[-1]["policy"])
    assert session.step is not None
    assert session.policy_of(session.step) == answers[-1]["policy"]
    with Workspace.open(study.folder, create=False) as workspace:
        record = Catalogue(workspace).policy(answers[-1]["policy"])
        promoted = Catalogue(workspace).promotion_history("button-press")
    assert record.episode_ids == (first.episode_id,)
    assert not promoted
    assert main(["study", "withdraw", str(study.folder), code, "--yes"]) == 0
    with Workspace.open(study.folder, create=False) as workspace:
        left = [each.note for each in Catalogue(workspace).policies()]
    assert left == ["came with the program"]
