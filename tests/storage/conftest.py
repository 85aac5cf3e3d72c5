import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mile_desktop.storage.workspace import Workspace
from tests.storage.small_disk import SmallDisk

_UNMOUNTED_S = 20.0


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as opened:
        yield opened


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    """Mounts the disk, which takes a privileged user on Linux; skips elsewhere."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("mounting a small disk takes a privileged user")
    with tempfile.TemporaryDirectory() as name:
        mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", name]
        mounted = subprocess.run(mount, capture_output=True, check=False)
        if mounted.returncode != 0:
            pytest.skip("no disk can be mounted on this machine")
        try:
            yield SmallDisk(Path(name))
        finally:
            _unmount(name)


def _unmount(folder: str) -> None:
    """Unmount as soon as the window's commands, which were asked to end, have left the folder."""
    deadline = time.monotonic() + _UNMOUNTED_S
    while subprocess.run(["umount", folder], capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, f"{folder} is still in use after {_UNMOUNTED_S} s"
        time.sleep(0.1)
