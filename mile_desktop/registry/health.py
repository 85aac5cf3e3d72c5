"""Whether the models of a workspace can be loaded; damaged ones are moved aside on request."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mile_desktop.errors import UserError
from mile_desktop.intervention.model import load_intervention_model
from mile_desktop.paths import bundled_models
from mile_desktop.policies.checkpoint import load_mental_model, load_network
from mile_desktop.policies.config import read_policy_config
from mile_desktop.registry.bundled import POLICY_FOLDER, adopt_bundled
from mile_desktop.scenes.catalogue import broken_scenes, scenes
from mile_desktop.scenes.modules import load_module
from mile_desktop.storage.aside import move_aside
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.tables import INTERVENTION_MODELS, POLICIES
from mile_desktop.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DamagedModel:
    """A folder that the catalogue names and that cannot be loaded."""

    kind: str
    """``policy``, ``intervention model`` or ``forecast``."""
    identity: str
    scene: str
    folder: Path
    problem: str
    """One sentence."""


def damaged_models(workspace: Workspace) -> Iterator[DamagedModel]:
    """Load every policy, intervention model and refitted forecast; yield those that cannot be loaded."""
    catalogue = Catalogue(workspace)
    for policy in catalogue.policies():
        folder = workspace.policy_folder(policy.policy_id)
        if problem := _problem(_load_policy, folder):
            yield DamagedModel("policy", policy.policy_id, policy.scene, folder, problem)
    for model in catalogue.intervention_models():
        folder = workspace.intervention_folder(model.model_id)
        if problem := _problem(load_intervention_model, folder):
            yield DamagedModel("intervention model", model.model_id, model.scene, folder, problem)
    # Refitted forecasts have no row in the catalogue, so their folders are listed. Names that begin with a dot are
    # folders that are just being written.
    for folder in sorted((workspace.folder / "forecasts").glob("[!.]*")):
        if problem := _problem(load_intervention_model, folder):
            yield DamagedModel("forecast", folder.name, "", folder, problem)


def damaged_scenes() -> Iterator[str]:
    """Import the module of every scene; yield one sentence for each scene that cannot be used."""
    for broken in broken_scenes():
        yield f"The scene {broken.name} cannot be used: {broken.error}."
    for info in scenes():
        try:
            load_module(info.name)
        except UserError as error:
            yield f"The scene {info.name} cannot be used: {str(error).rstrip('.')}."


def repair_models(workspace: Workspace) -> Iterator[str]:
    """Move damaged models aside and use what is left; yield one sentence for each thing that was done.

    A bundled policy is copied again. Where the promoted policy of a scene was damaged, the one that was promoted before
    is promoted again, else the bundled one.
    """
    catalogue = Catalogue(workspace)
    # As a list, because the rows and folders that the generator walks over are removed below.
    for damaged in list(damaged_models(workspace)):
        # Asked first: once the row is removed, the catalogue can no longer tell.
        promoted = damaged.kind == "policy" and catalogue.promoted(damaged.scene) == damaged.identity
        moved = f"It is now {move_aside(workspace, damaged.folder)}." if damaged.folder.exists() else ""
        if damaged.kind == "policy":
            done = _replace_policy(workspace, catalogue, damaged, promoted=promoted)
        elif damaged.kind == "intervention model":
            INTERVENTION_MODELS.remove(workspace, damaged.identity)
            done = "The model that was used before it is used again."
        else:
            done = "The forecast is fitted again after the next episode."
        yield f"{damaged.problem} {moved} {done}".replace("  ", " ")


def _replace_policy(workspace: Workspace, catalogue: Catalogue, damaged: DamagedModel, *, promoted: bool) -> str:
    POLICIES.remove(workspace, damaged.identity)
    bundled = bundled_models(damaged.scene) / POLICY_FOLDER
    if bundled.is_dir() and read_policy_config(bundled).policy_id == damaged.identity:
        adopt_bundled(workspace, damaged.scene)
        return "The bundled policy was copied again."
    if not promoted:
        return "It is taken out of the list of policies."
    known = {record.policy_id for record in catalogue.policies(damaged.scene)}
    earlier = [each.policy_id for each in catalogue.promotion_history(damaged.scene) if each.policy_id in known]
    if earlier:
        replacement = earlier[-1]
    elif bundled.is_dir():
        replacement = adopt_bundled(workspace, damaged.scene)
    else:
        return "It was promoted; promote another policy."
    catalogue.promote(damaged.scene, replacement)
    return f"It was promoted; now {catalogue.policy(replacement).name} ({replacement}) is."


def _load_policy(folder: Path) -> None:
    # Both files: a damaged mental model is read only when a training starts, and would be found late.
    load_network(folder)
    load_mental_model(folder)


def _problem(load: Callable[[Path], object], folder: Path) -> str:
    try:
        load(folder)
    except UserError as error:
        return str(error)
    return ""
