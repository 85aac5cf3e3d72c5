"""Runs cells on a Ray cluster, or on a Ray started on this machine."""

import importlib.util
from collections.abc import Sequence
from typing import Any

import msgspec

from experiments.cells import AnyCell
from experiments.engines import Cancelled, CellEvent, CellFailed, OnEvent, compute
from mile_desktop.errors import UserError

_POLL_S = 0.5


class RayMissingError(UserError, RuntimeError):
    """Ray is not installed, or the cluster cannot be reached."""


def compute_encoded(cell: bytes) -> bytes:
    """Run one cell on the machine that Ray chose; JSON in, JSON out."""
    return msgspec.json.encode(compute(msgspec.json.decode(cell, type=AnyCell)))


class RayEngine:
    """Runs each cell as one Ray task on one core; used by one thread.

    Settings and results are sent as JSON. All machines of a cluster need the same version of this program.

    Parameters
    ----------
    address
        Address of a running cluster, e.g. ``ray://host:10001`` or ``auto``; None starts one on this machine.
    workers
        Cores of a Ray that is started on this machine.
    """

    def __init__(self, address: str | None = None, workers: int = 1) -> None:
        if importlib.util.find_spec("ray") is None:
            raise RayMissingError("--engine ray needs Ray, which is not installed; pip install -e '.[experiments]'.")
        self._address = address
        self._workers = workers

    def run(self, cells: Sequence[AnyCell], on_event: OnEvent, cancelled: Cancelled) -> None:
        """See ``Engine``."""
        import ray  # noqa: PLC0415 - optional, and slow to import

        self._connect(ray)
        try:
            task = ray.remote(num_cpus=1, max_retries=1)(compute_encoded)  # again when a machine leaves the cluster
            running = {task.remote(msgspec.json.encode(cell)): cell for cell in cells}
            while running and not cancelled():
                ready, _ = ray.wait(list(running), num_returns=1, timeout=_POLL_S)
                for reference in ready:
                    on_event(_outcome(ray, reference, running.pop(reference)))
            for reference in running:
                ray.cancel(reference, force=True)
        finally:
            ray.shutdown()

    def _connect(self, ray: Any) -> None:  # noqa: ANN401 - the module, which has no types
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
        local = {"num_cpus": self._workers, "include_dashboard": False}
        try:
            ray.init(**options, **({"address": self._address} if self._address else local))
        except (ConnectionError, RuntimeError, ValueError) as error:
            where = self._address or "this machine"
            raise RayMissingError(f"Ray cannot be reached at {where}: {error}") from error


def _outcome(ray: Any, reference: Any, cell: AnyCell) -> CellEvent:  # noqa: ANN401 - Ray has no types
    try:
        answer: bytes = ray.get(reference)
    except ray.exceptions.RayError as error:
        return CellFailed(cell, f"{type(error).__name__}: {error}")
    event: CellEvent = msgspec.json.decode(answer, type=CellEvent)
    return event
