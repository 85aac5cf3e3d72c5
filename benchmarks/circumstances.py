"""Circumstances of a measurement: versions, cores, and the load of other programs."""

import json
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import ArrayLike

_PACKAGES = ("mile-desktop", "torch", "numpy", "pybullet", "pygame", "PySide6-Essentials", "pyqtgraph", "moderngl")


def circumstances() -> dict[str, Any]:
    """Return versions, cores and the load of the last minute."""
    return {
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "machine": {"cores": os.cpu_count(), "load_1_min": round(psutil.getloadavg()[0], 2)},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


class OtherLoad:
    """Measures how much of the machine other programs used meanwhile."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._all = _machine_s()
        self._own = _own_s()

    def cores(self) -> dict[str, float]:
        """Return the mean number of cores that this program with its children, other programs, and the host used."""
        passed = time.monotonic() - self._began
        busy, stolen = (now - then for now, then in zip(_machine_s(), self._all, strict=True))
        own = _own_s() - self._own
        return {
            "own_cores": round(own / passed, 3),
            "other_cores": round(max(0.0, busy - own) / passed, 3),
            "stolen_cores": round(stolen / passed, 3),
        }


def _machine_s() -> tuple[float, float]:
    """Return processor seconds of all cores since the machine started: busy, and taken by the host."""
    times = psutil.cpu_times()
    stolen = float(getattr(times, "steal", 0.0))
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - stolen, stolen


def _own_s() -> float:
    """Return processor seconds of this process, of its children and of those that have ended."""
    me = psutil.Process()
    total = sum(me.cpu_times()[:4])
    for child in me.children(recursive=True):
        try:
            total += sum(child.cpu_times()[:4])
        except psutil.NoSuchProcess:  # it has just ended, and its parent now counts its time
            continue
    return float(total)


def distribution(values: ArrayLike, unit: str, digits: int = 3) -> dict[str, float]:
    """Return count, median, 99th percentile and maximum of ``values``; keys end in ``_unit``."""
    array = np.asarray(values, float)
    if not len(array):
        return {"count": 0}
    return {
        "count": len(array),
        f"p50_{unit}": round(float(np.percentile(array, 50)), digits),
        f"p99_{unit}": round(float(np.percentile(array, 99)), digits),
        f"max_{unit}": round(float(array.max()), digits),
    }


def keep(report: dict[str, Any], path: Path | None) -> None:
    """Print ``report`` as JSON and write it to ``path``, if there is one."""
    text = json.dumps(report, indent=2, ensure_ascii=False)
    print(text)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", "utf-8")
