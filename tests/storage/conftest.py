import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mile_desktop.storage.workspace import Workspace
from tests.storage.small_disk import SmallDisk


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
            pytest.skip("this machine lets nobody mount a disk")
        try:
            yield SmallDisk(Path(name))
        finally:
            subprocess.run(["umount", name], check=True)
