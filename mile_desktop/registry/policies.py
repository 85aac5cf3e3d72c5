"""From what people name to what runs: policies and intervention models of a workspace, a folder, or the bundle."""

from dataclasses import dataclass
from pathlib import Path

from mile_desktop.errors import UserError
from mile_desktop.paths import SIM_SCENES
from mile_desktop.policies.checkpoint import load_policy, read_policy_config
from mile_desktop.policies.expert_policy import ExpertPolicy
from mile_desktop.policies.policy import Policy
from mile_desktop.registry.bundled import adopt_bundled, has_bundled
from mile_desktop.registry.zero_policy import find_zero_policy, make_zero_policy
from mile_desktop.rollout.scene import Sized
from mile_desktop.scenes.catalogue import scenes
from mile_desktop.scenes.experts import load_expert
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace

INITIAL = "initial"
EXPERT = "expert"


class UnknownPolicyError(UserError, ValueError):
    """What was named is no policy of the workspace, no folder and no bundled one."""


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy ready to act and its name on screen."""

    policy: Policy
    name: str


def policy_folder(workspace: Workspace, scene: str, reference: str) -> Path:
    """Return the folder of the policy that ``reference`` names.

    Parameters
    ----------
    reference
        A policy id of the workspace, a folder, or ``initial``: the bundled one, else the one that stands still.

    Raises
    ------
    UnknownPolicyError
        It is none of these.
    PolicyFileError
        ``initial`` where the scene has no bundled policy and was never loaded without.
    """
    if reference == INITIAL:
        still = None if has_bundled(scene) else find_zero_policy(workspace, scene)
        reference = still or adopt_bundled(workspace, scene)
    known = [record.policy_id for record in Catalogue(workspace).policies(scene)]
    if reference in known:
        return workspace.policy_folder(reference)
    path = Path(reference)
    if path.is_dir():
        return path
    if path.is_file():
        return path.parent  # model.safetensors or config.json was named
    choices = ", ".join([INITIAL, EXPERT, *known])
    raise UnknownPolicyError(f"There is no policy {reference!r} for {scene}; choose a folder or one of {choices}.")


def load_named_policy(workspace: Workspace, scene: str, reference: str, driven: Sized) -> LoadedPolicy:
    """Load the policy that ``reference`` names and check that it fits the scene.

    Raises
    ------
    UnknownPolicyError
        Nothing is called that.
    PolicyFileError
        The file is damaged, or made for other observations or actions.
    """
    if reference == EXPERT:
        return LoadedPolicy(load_policy_from(EXPERT, scene, driven), "expert")
    if reference == INITIAL and not has_bundled(scene):
        reference = _first(workspace, scene, driven)
    folder = policy_folder(workspace, scene, reference)
    policy = load_policy_from(str(folder), scene, driven)
    return LoadedPolicy(policy, _name(workspace, folder, policy.policy_id))


def _first(workspace: Workspace, task: str, driven: Sized) -> str:
    """Return the policy to begin with where none is bundled, as for robots and people's own scenes: it stands still."""
    for info in scenes():
        if info.name == task and (info.choices or info.folder.parent == SIM_SCENES):
            return INITIAL
    return make_zero_policy(workspace, task, driven)


def load_policy_from(source: str, scene: str, driven: Sized) -> Policy:
    """Load the policy in the folder ``source``, or the scene's ``expert``, and check that it fits the scene.

    Raises
    ------
    PolicyFileError
        The file is damaged, or made for other observations or actions.
    """
    if source == EXPERT:
        return ExpertPolicy(load_expert(scene))
    policy = load_policy(Path(source))
    policy.expect(driven.observation_size, driven.action_size)
    return policy


def _name(workspace: Workspace, folder: Path, policy_id: str) -> str:
    """Return the catalogue's name, which people may have changed, else the one in the file."""
    for record in Catalogue(workspace).policies():
        if record.policy_id == policy_id:
            return record.name
    return read_policy_config(folder).name
