"""Whether pip finds versions that fit together: ours beside those that people use. Needs the network: opt-in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    os.environ.get("MILE_DESKTOP_RESOLVE") != "1",
    reason="asks a package index for minutes; MILE_DESKTOP_RESOLVE=1 runs it",
)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("beside", ["stable-baselines3", "metaworld", "panda-gym"])
def test_pip_finds_versions_that_fit_together(beside: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--quiet",
        "--no-build-isolation",
        str(ROOT),
        beside,
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
