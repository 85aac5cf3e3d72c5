"""What the soak measures: memory, threads, handles, processes and shared memory of the window and its children."""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil
from PySide6.QtWidgets import QApplication

from faults.soak_samples import Figures, Sample

_MIB = 1024 * 1024


def figures_of(process: psutil.Process) -> Figures:
    """Measure one process; raises ``psutil.Error`` when it is gone."""
    with process.oneshot():
        return Figures(
            pid=process.pid,
            age_s=round(time.time() - process.create_time(), 1),
            # USS: shared libraries and shared memory would be counted in every process.
            memory_mb=round(process.memory_full_info().uss / _MIB, 2),
            threads=process.num_threads(),
            handles=process.num_fds(),
        )


def take_sample(at_s: float, roles: Mapping[str, int], *, robot: bool) -> Sample:
    """Measure this process and its children; ``roles``: role → process id, 0 where there is none."""
    own = psutil.Process()
    children = own.children(recursive=True)
    found: dict[str, Figures] = {}
    for role, pid in roles.items():
        try:
            if pid:
                # By the process id of this moment: a role may have a new process since the last sample.
                found[role] = figures_of(psutil.Process(pid))
        except psutil.Error:
            continue  # it was killed on purpose, or ends just now
    return Sample(
        at_s=round(at_s, 1),
        window=figures_of(own),
        widgets=len(QApplication.allWidgets()),
        processes=len(children),
        blocks=len(_mapped_blocks([own, *children])),
        children=found,
        robot=robot,
    )


def _mapped_blocks(processes: Iterable[psutil.Process]) -> set[str]:
    """Return the names of the shared memory that ``processes`` have mapped."""
    found: set[str] = set()
    for process in processes:
        try:
            lines = Path(f"/proc/{process.pid}/maps").read_text("utf-8").splitlines()
        except OSError:
            continue
        found |= {line.split()[-1] for line in lines if "/dev/shm/" in line}  # noqa: S108 - read from the kernel's list
    return found
