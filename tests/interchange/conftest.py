from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.interchange.scene_entries import Entry, SceneEntries
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.records import EpisodeRecord
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import ACTIONS, OBSERVATIONS, a_start, a_step

PEG = "peg-insertion"

ENTRIES = SceneEntries(
    scene=PEG,
    env_id="mile/PegInsertion-v0",
    task="Put the peg into the hole.",
    rate_hz=20.0,
    state=tuple(Entry(f"joint {index}", "rad") for index in range(OBSERVATIONS)),
    action=tuple(Entry(name) for name in ("dx", "dy", "dz", "grip")),
)
assert len(ENTRIES.action) == ACTIONS


def record(workspace: Workspace, human: Sequence[bool], outcome: str = "success", **start: object) -> EpisodeRecord:
    """Record an episode whose actions are in [-1, 1]."""
    journal = EpisodeJournal(workspace)
    journal.begin(a_start(**start))  # type: ignore[arg-type]
    for index, driven in enumerate(human):
        step = a_step(index, human=driven)
        small = {
            name: (getattr(step, name) / 100).astype(np.float32)
            for name in ("policy_action", "policy_mean", "policy_std", "action")
        }
        given = None if step.human_action is None else step.human_action / 100
        journal.append(type(step)(**{**{f: getattr(step, f) for f in step.__dataclass_fields__}, **small,
                                     "human_action": given, "success": index == len(human) - 1}))  # fmt: skip
    closed = journal.close(outcome)  # type: ignore[arg-type]
    assert closed is not None
    return closed


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as workspace:
        yield workspace
