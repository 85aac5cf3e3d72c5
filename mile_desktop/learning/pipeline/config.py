"""What a training run was asked to do: ``config.json`` of its folder, enough to repeat or to continue it."""

from pathlib import Path

import msgspec

from mile_desktop.errors import UserError
from mile_desktop.learning.data_hygiene import TakeoverPlace
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.policies.model_folder import raised_as, read_description
from mile_desktop.policies.symmetry import NO_SYMMETRY, Symmetry
from mile_desktop.storage.durable import write_durably

RUN_CONFIG_FILE = "config.json"
RUN_CONFIG_SCHEMA = 1


class RunConfigError(UserError, ValueError):
    """The run's description cannot be read; the message says why and what to do."""


class RunConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One training: from which policy, on which episodes, how."""

    schema: int = RUN_CONFIG_SCHEMA
    scene: str
    parent: str
    """Folder of the parent policy."""
    demonstrations: str | None = None
    """Folder of demonstrations (Parquet episodes) that anchor every batch."""
    episode_ids: tuple[str, ...] | None = None
    """Episodes of the workspace to learn from; None: all of the scene. Filled in when the run begins."""
    left_out_takeovers: tuple[TakeoverPlace, ...] = ()
    """Takeovers of these episodes that the policy does not learn from, besides ``settings.left_out``."""
    generated: tuple[str, ...] = ()
    """Sets of generated episodes that the policy learns from, too; the intervention model never does."""
    shifted: bool = False
    """Whether it learns from episodes that were recorded under a shift."""
    operator_names: tuple[str, ...] = ()
    """Whose episodes it learns from; empty: everyone's. ``NO_NAME`` stands for episodes without a name."""
    settings: TrainingSettings = TrainingSettings()
    symmetry: Symmetry = NO_SYMMETRY
    """Settled when the run begins, so that a run that continues uses the same; none in files of earlier versions."""
    symmetry_refused: tuple[str, ...] = ()
    """Why a symmetry of the scene is not used, a sentence each."""
    fit_intervention: bool = True
    """Whether an intervention model is fitted after the policy."""


def write_run_config(folder: Path, config: RunConfig) -> None:
    """Write ``config`` into the run's ``folder``."""
    write_durably(folder / RUN_CONFIG_FILE, msgspec.json.format(msgspec.json.encode(config), indent=2))


def read_run_config(folder: Path) -> RunConfig:
    """Read the description of the run in ``folder``.

    Raises
    ------
    RunConfigError
        When it is missing, damaged or of a newer version.
    """
    with raised_as(RunConfigError):
        return read_description(
            folder / RUN_CONFIG_FILE,
            RunConfig,
            schema=RUN_CONFIG_SCHEMA,
            noun="description of a training",
            remedy="start a new training",
        )
