"""``mile-desktop import-policy``: add a policy from elsewhere; the Policies page starts it as a separate process.

The policy is checked, loaded and written again; no foreign file enters the workspace unchanged.
"""

import argparse
import itertools
import tempfile
from contextlib import closing
from pathlib import Path

import msgspec

from mile_desktop.commands.command import CommandError, Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.interchange.native_spaces import native_spaces
from mile_desktop.interchange.sb3_policy import is_sb3, read_sb3
from mile_desktop.policies.checkpoint import (
    PolicyConfig,
    PolicyFileError,
    PolicyNetwork,
    describe_network,
    load_mental_model,
    load_network,
    load_policy,
    read_policy_config,
    save_policy,
)
from mile_desktop.policies.parcel import read_parcel
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.catalogue import UnknownSceneError, scene_info
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.errors import NameTakenError
from mile_desktop.storage.ids import new_id, now
from mile_desktop.storage.records import PolicyRecord
from mile_desktop.storage.workspace import Workspace

MOST_NAME = 40
"""Most characters of a policy's name."""
SB3_METHOD = "stable-baselines3"
"""What the list of policies shows as the method of an imported model."""


def run(options: argparse.Namespace, report: Report) -> None:
    """Check the policy at the source and add it."""
    with opened_workspace(options, report, create=True) as workspace:
        record = import_policy(workspace, options.source, options.scene)
    fields = {"policy": record.policy_id, "name": record.name, "scene": record.scene, "method": record.method}
    report.say(fields, f"{record.name} is now a policy of {record.scene} ({record.policy_id}).")


def import_policy(workspace: Workspace, source: Path, scene: str = "") -> PolicyRecord:
    """Check what is at ``source`` and add it to the workspace, for the scene that its description names.

    It gets a new id, and another name if its own is taken. The episodes it learned from are not here; its parent is
    kept if the workspace has it.

    Parameters
    ----------
    source
        A folder, a ``.zip`` or a ``.safetensors`` file beside its ``config.json``; or a zip of Stable-Baselines3.
    scene
        The scene of a zip of Stable-Baselines3, which does not name one; not used otherwise.

    Raises
    ------
    InterchangeError
        When a zip of Stable-Baselines3 cannot be taken.
    PolicyFileError
        When it is not a policy, damaged, made for other observations or actions, or for a scene that is not here.
    WorkspaceError
        When the workspace cannot be written.
    """
    if is_sb3(source):
        return _add(workspace, *_foreign(source, scene), source.name)
    with tempfile.TemporaryDirectory(prefix="mile-import-") as temporary:
        # Everything is checked in a folder that disappears by itself: a refused policy leaves nothing in the workspace.
        folder = Path(temporary)
        for name, content in read_parcel(source).items():
            (folder / name).write_bytes(content)
        config = read_policy_config(folder)
        _expect_scene(config, folder)
        network, _ = load_network(folder)
        mental = load_mental_model(folder)
    return _add(workspace, network, config, source.name, mental=mental)


def _foreign(source: Path, scene: str) -> tuple[PolicyNetwork, PolicyConfig]:
    if not scene:
        raise CommandError(
            f"{source.name} is a model of Stable-Baselines3, which does not name its scene; add --scene NAME."
        )
    found = read_sb3(source, native_spaces(scene))
    config = PolicyConfig(
        policy_id="",
        scene=scene,
        name=source.stem,
        method=SB3_METHOD,
        created_at=now(),
        settings={"algorithm": found.algorithm, "stable_baselines3": found.version},
        **describe_network(found.network),
    )
    return found.network, config


def _add(
    workspace: Workspace,
    network: PolicyNetwork,
    config: PolicyConfig,
    title: str,
    *,
    mental: PolicyNetwork | None = None,
) -> PolicyRecord:
    """Write the policy under a new id and a free name, and register it; ``title``: name of the file it came from."""
    catalogue = Catalogue(workspace)
    known = {record.policy_id for record in catalogue.policies()}
    policy_id = new_id("policy")
    # Another process may take the free name between the question and the registration; then the next free one is tried.
    while True:
        adopted = msgspec.structs.replace(
            # The old id may belong to another policy here, and everything in the catalogue refers to policies by their
            # id.
            config,
            policy_id=policy_id,
            name=free_name(catalogue, config.scene, config.name),
            parent_id=config.parent_id if config.parent_id in known else None,
        )
        # The files before the row: a row always names a complete folder. ``replace``, because a second round writes it
        # again.
        save_policy(workspace.policy_folder(policy_id), network, adopted, mental=mental, replace=True)
        there = f", {config.name} there" * (config.name != adopted.name)
        record = _record(adopted, f"imported from {title}{there}")
        try:
            catalogue.add_named_policy(record)
        except NameTakenError:
            continue  # by another process, since the name was chosen
        return record


def free_name(catalogue: Catalogue, scene: str, wanted: str) -> str:
    """Return ``wanted``, or with a number behind it, such that no policy of ``scene`` is called that."""
    taken = {record.name for record in catalogue.policies(scene)}
    # Room for the number that may follow.
    base = " ".join(wanted.split())[: MOST_NAME - 5] or "imported"
    numbered = (f"{base}-{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain((base,), numbered) if name not in taken)


def _expect_scene(config: PolicyConfig, folder: Path) -> None:
    try:
        scene_info(config.scene)
    except UnknownSceneError as error:
        raise PolicyFileError(f"The policy is for a scene that is not here. {error}") from error
    with closing(GymScene.make(config.scene)) as driven:
        # The file may name the scene and still be made for other sizes; found now, not when the first episode starts.
        load_policy(folder).expect(driven.observation_size, driven.action_size)


def _record(config: PolicyConfig, note: str) -> PolicyRecord:
    return PolicyRecord(
        policy_id=config.policy_id,
        scene=config.scene,
        name=config.name,
        method=config.method,
        parent_id=config.parent_id,
        run_id=None,
        created_at=now(),
        settings=config.settings,
        episode_ids=(),
        note=note,
    )
