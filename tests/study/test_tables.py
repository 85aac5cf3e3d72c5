"""The tables of a study: what a block says of its last round."""

from pathlib import Path

from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.tables import StudyTables


def test_the_last_round_of_a_block_is_told_apart(rehearsed: Path) -> None:
    study = StudyFolder(rehearsed)
    with Workspace.open(rehearsed, create=False) as workspace:
        tables = StudyTables(study, workspace)
        episodes, blocks = list(tables.episodes()), list(tables.blocks())
    assert len(blocks) == 4
    for block in blocks:
        mine = [
            each
            for each in episodes
            if each["counts"] and (each["participant"], each["block"]) == (block["participant"], block["block"])
        ]
        # The first block has two rounds of one episode, the second block one round of two.
        last = mine[-1:] if block["block"] == 1 else mine
        assert [each["round"] for each in last] == ([2] if block["block"] == 1 else [1, 1])
        assert block["human_steps_last_round"] == sum(int(str(each["human_steps"])) for each in last)
        assert block["success_last_round"] == sum(each["outcome"] == "success" for each in last) / len(last)
