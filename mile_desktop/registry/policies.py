"""Policies by name: an id of the workspace, a folder, ``initial`` or ``expert``."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mile_desktop.errors import UserError
from mile_desktop.paths import SIM_SCENES
from mile_desktop.policies.checkpoint import load_policy, read_policy_config
from mile_desktop.policies.expert_policy import ExpertPolicy
from mile_desktop.policies.policy import Policy
from mile_desktop.registry.bundled import adopt_bundled, has_bundled
from mile_desktop.registry.names import EXPERT, INITIAL
from mile_desktop.registry.running_policy import LoadedPolicy, Sized
from mile_desktop.registry.zero_policy import find_zero_policy, make_zero_policy
from mile_desktop.scenes.catalogue import scene_info, scenes
from mile_desktop.scenes.environment import make_scene, supervised
from mile_desktop.scenes.experts import load_expert
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace


class UnknownPolicyError(UserError):
    """The name is neither a policy of the workspace, nor a folder, nor a bundled policy."""


def policy_folder(workspace: Workspace, scene: str, reference: str) -> Path:
    """Return the folder of the policy that ``reference`` names.

    Parameters
    ----------
    reference
        A policy's id or name in the workspace, a folder, or ``initial``: the bundled policy, else the zero policy,
        which is made where nothing has been loaded in this scene yet.

    Raises
    ------
    UnknownPolicyError
        When it is none of these, or the expert.
    PolicyFileError
        When it is ``initial``, and the scene has neither a bundled policy nor a zero policy.
    SceneDescriptionError
        When it is ``initial``, and the scene's environment is needed for its sizes and cannot be made.
    """
    if reference == EXPERT:
        raise UnknownPolicyError(
            f"The expert of {scene} is a program and not a file; choose a folder, a policy's id or {INITIAL}."
        )
    if reference == INITIAL:
        reference = _first_policy(workspace, scene)
    # Only of this scene: an id of another scene falls through and fails with the list of choices.
    records = Catalogue(workspace).policies(scene)
    known = [record.policy_id for record in records]
    if reference in known:
        return workspace.policy_folder(reference)
    # As the window names it; a person may have given one name twice.
    named = [record.policy_id for record in records if record.name == reference]
    if len(named) == 1:
        return workspace.policy_folder(named[0])
    if named:
        raise UnknownPolicyError(f"{len(named)} policies are called {reference}; use an id: {', '.join(named)}.")
    path = Path(reference)
    if path.is_dir():
        return path
    if path.is_file():
        return path.parent  # model.safetensors or config.json was named
    choices = ", ".join([INITIAL, EXPERT, *known])
    raise UnknownPolicyError(f"There is no policy {reference!r} for {scene}; choose a folder or one of {choices}.")


def _first_policy(workspace: Workspace, scene: str) -> str:
    """Return the id of the policy that ``scene`` begins with."""
    if has_bundled(scene):
        return adopt_bundled(workspace, scene)
    known = find_zero_policy(workspace, scene)
    if known is not None:
        return known
    # A robot's sizes are known to the robot alone, which makes its zero policy when it is loaded.
    if any(info.name == scene for info in scenes()):
        # Only here, because making the environment imports its simulator and takes seconds.
        made = _initial(workspace, scene, _sizes_of(scene))
        if made != INITIAL:
            return made
    return adopt_bundled(workspace, scene)  # says that there is none


@dataclass(frozen=True, slots=True)
class _SceneSizes:
    observation_size: int
    action_size: int


def _sizes_of(scene: str) -> _SceneSizes:
    """Make the environment once for its sizes; imports its simulator."""
    with closing(make_scene(scene)) as env:
        return _SceneSizes(len(supervised(env).observation_labels), len(scene_info(scene).action_labels))


def load_named_policy(workspace: Workspace, scene: str, reference: str, driven: Sized) -> LoadedPolicy:
    """Load the policy that ``reference`` names and check that it fits the scene.

    Raises
    ------
    UnknownPolicyError
        When there is no policy of that name.
    PolicyFileError
        When the file is damaged, or made for other observations or actions.
    """
    if reference == EXPERT:
        # No folder and no row in the catalogue, so nothing of what follows applies to it.
        return LoadedPolicy(load_policy_from(EXPERT, scene, driven), EXPERT)
    if reference == INITIAL and not has_bundled(scene):
        reference = _initial(workspace, scene, driven)
    folder = policy_folder(workspace, scene, reference)
    policy = load_policy_from(str(folder), scene, driven)
    return LoadedPolicy(policy, _name(workspace, folder, policy.policy_id))


def _initial(workspace: Workspace, task: str, driven: Sized) -> str:
    """Return the policy to begin with where none is bundled (robots, scenes of the user): the zero policy.

    Scenes of kind ``panda`` and ``own`` that ship with the program, and discrete scenes whose module says nothing about
    resting, get no zero policy: their missing bundled policy stays an error.
    """
    info = next((info for info in scenes() if info.name == task), None)
    if info is None:  # a robot's task is not among the scenes
        return make_zero_policy(workspace, task, driven)
    if info.kind == "gymnasium":
        return make_zero_policy(workspace, task, driven, info.resting)
    if info.choices or info.folder.parent == SIM_SCENES:
        return INITIAL
    return make_zero_policy(workspace, task, driven)


def load_policy_from(source: str, scene: str, driven: Sized) -> Policy:
    """Load the policy in the folder ``source``, or the scene's ``expert``, and check that it fits the scene.

    Raises
    ------
    PolicyFileError
        When the file is damaged, or made for other observations or actions.
    """
    if source == EXPERT:
        return ExpertPolicy(load_expert(scene))
    policy = load_policy(Path(source))
    # Checked at once: a policy of other sizes would fail only in the first tick.
    policy.expect(driven.observation_size, driven.action_size)
    return policy


def _name(workspace: Workspace, folder: Path, policy_id: str) -> str:
    """Return the name in the catalogue, which a person may have changed, else the one in the file."""
    # Of every scene: a folder that was named may hold a policy of another one.
    for record in Catalogue(workspace).policies():
        if record.policy_id == policy_id:
            return record.name
    return read_policy_config(folder).name
