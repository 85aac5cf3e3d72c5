"""What a training run was asked to do: ``config.json`` of its folder, enough to do it again or go on with it."""

from pathlib import Path

import msgspec

from mile_desktop.errors import UserError
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.storage.durable import write_durably

ORDER_FILE = "config.json"
ORDER_SCHEMA = 1


class RunConfigError(UserError, ValueError):
    """The run's description cannot be read; the message says why and what to do."""


class RunConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One training: from which policy, on which episodes, how."""

    schema: int = ORDER_SCHEMA
    scene: str
    parent: str
    """Folder of the parent policy."""
    demonstrations: str | None = None
    """Folder of demonstrations (Parquet episodes) that anchor every batch."""
    episode_ids: tuple[str, ...] | None = None
    """Episodes of the workspace to learn from; None: all of the scene. Filled in when the run begins."""
    settings: TrainingSettings = TrainingSettings()
    fit_intervention: bool = True
    """Whether an intervention model is fitted after the policy."""


def write_order(folder: Path, order: RunConfig) -> None:
    """Write ``order`` into the run's ``folder``."""
    write_durably(folder / ORDER_FILE, msgspec.json.format(msgspec.json.encode(order), indent=2))


def read_order(folder: Path) -> RunConfig:
    """Read the order of the run in ``folder``.

    Raises
    ------
    OrderError
        When it is missing, damaged or of a newer version.
    """
    path = folder / ORDER_FILE
    try:
        order = msgspec.json.decode(path.read_bytes(), type=RunConfig)
    except (OSError, msgspec.MsgspecError) as error:
        raise RunConfigError(f"{path} cannot be read ({error}); start a new training.") from error
    if order.schema > ORDER_SCHEMA:
        raise RunConfigError(f"{path} was written by a newer version (schema {order.schema}); update the program.")
    return order
