"""Exports read back by the released packages, which need environments of their own.

``docs/formats.md`` says how to make them. Two variables name their interpreters; without them the tests are skipped.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from mile_desktop.interchange.dataset_export import DatasetExport
from mile_desktop.interchange.lerobot_writer import write_lerobot
from mile_desktop.interchange.recorded_episodes import chosen_records
from mile_desktop.interchange.robomimic_writer import write_robomimic
from mile_desktop.storage.workspace import Workspace
from tests.interchange.conftest import ENTRIES, PEG, record
from tests.interchange.test_lerobot_videos import TOP, film

LEROBOT, ROBOMIMIC = (os.environ.get(f"MILE_DESKTOP_{name}_PYTHON", "") for name in ("LEROBOT", "ROBOMIMIC"))


def read_by(interpreter: str, *arguments: str) -> dict[str, object]:
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(Path(arguments[-1]).parent / "hf"), "PYTHONPATH": ""}
    done = subprocess.run(
        [interpreter, *arguments[:-1]], capture_output=True, text=True, check=False, env=os.environ | offline
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.skipif(not LEROBOT, reason="MILE_DESKTOP_LEROBOT_PYTHON names no interpreter with lerobot")
@pytest.mark.parametrize("videos", [False, True])
def test_lerobot_loads_our_export_and_trains_on_it(workspace: Workspace, tmp_path: Path, videos: bool) -> None:
    for human, outcome in (([False] * 20 + [True] * 10, "success"), ([False] * 15, "failure")):
        made = record(workspace, human, outcome)
        if videos:
            film(workspace, made.episode_id, [(100.0 + 0.05 * n, 20 + 6 * n) for n in range(30)])
    folder = write_lerobot(
        DatasetExport(workspace, chosen_records(workspace, PEG, ()), ENTRIES, tmp_path / "set")
    ).place
    script = Path(__file__).with_name("released_lerobot.py")

    found = read_by(LEROBOT, str(script), str(folder), TOP if videos else "", str(folder))

    assert (found["frames"], found["episodes"], found["outcome"]) == (45, 2, "failure")
    assert found["task"] == ENTRIES.task
    assert found["padded"] == [False, True, True]
    losses: list[float] = found["losses"]  # type: ignore[assignment]
    assert len(losses) == 50
    assert losses[-1] < losses[0]
    if videos:
        assert found["greys"] == pytest.approx([20, 80, 194, 20], abs=8)


@pytest.mark.skipif(not ROBOMIMIC, reason="MILE_DESKTOP_ROBOMIMIC_PYTHON names no interpreter with robomimic")
def test_robomimic_loads_our_export(workspace: Workspace, tmp_path: Path) -> None:
    for length in (7, 5):
        record(workspace, [False] * length)
    path = write_robomimic(
        DatasetExport(workspace, chosen_records(workspace, PEG, ()), ENTRIES, tmp_path / "peg.hdf5")
    ).place
    code = (
        "import json, sys; from robomimic.utils.dataset import SequenceDataset\n"
        "d = SequenceDataset(hdf5_path=sys.argv[1], obs_keys=('state',), dataset_keys=('actions', 'rewards', 'dones'),"
        " load_next_obs=True, seq_length=3, hdf5_cache_mode=None, filter_by_attribute='train')\n"
        "i = d[0]; print(json.dumps({'windows': len(d), 'state': list(i['obs']['state'].shape),"
        " 'actions': list(i['actions'].shape)}))"
    )

    found = read_by(ROBOMIMIC, "-c", code, str(path), str(path))

    assert found == {"windows": 12, "state": [3, 12], "actions": [3, 4]}
