"""``mile-desktop import-policy``: add a policy from elsewhere; the Policies page starts it as a separate process.

The policy is checked, loaded and written again; no foreign file enters the workspace unchanged.
"""

import argparse
import itertools
import tempfile
from contextlib import closing
from pathlib import Path

import msgspec

from mile_desktop.commands.command import Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.policies.checkpoint import (
    PolicyConfig,
    PolicyFileError,
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


def run(options: argparse.Namespace, report: Report) -> None:
    """Check the policy at the source and add it."""
    with opened_workspace(options, report, create=True) as workspace:
        record = import_policy(workspace, options.source)
    fields = {"policy": record.policy_id, "name": record.name, "scene": record.scene, "method": record.method}
    report.say(fields, f"{record.name} is now a policy of {record.scene} ({record.policy_id}).")


def import_policy(workspace: Workspace, source: Path) -> PolicyRecord:
    """Check what is at ``source`` and add it to the workspace, for the scene that its description names.

    It gets a new id, and another name if its own is taken. The episodes it learned from are not here; its parent is
    kept if the workspace has it.

    Parameters
    ----------
    source
        A folder, a ``.zip`` or a ``.safetensors`` file beside its ``config.json``.

    Raises
    ------
    PolicyFileError
        When it is not a policy, damaged, made for other observations or actions, or for a scene that is not here.
    WorkspaceError
        When the workspace cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="mile-import-") as temporary:
        # Everything is checked in a folder that disappears by itself: a refused policy leaves nothing in the workspace.
        folder = Path(temporary)
        for name, content in read_parcel(source).items():
            (folder / name).write_bytes(content)
        config = read_policy_config(folder)
        _expect_scene(config, folder)
        network, _ = load_network(folder)
        mental = load_mental_model(folder)
    catalogue = Catalogue(workspace)
    known = {record.policy_id for record in catalogue.policies()}
    policy_id = new_id("policy")
    while True:
        adopted = msgspec.structs.replace(
            # The old id may belong to another policy here, and everything in the catalogue refers to policies by their
            # id.
            config,
            policy_id=policy_id,
            name=free_name(catalogue, config.scene, config.name),
            parent_id=config.parent_id if config.parent_id in known else None,
        )
        save_policy(workspace.policy_folder(policy_id), network, adopted, mental=mental, replace=True)
        there = f", {config.name} there" * (config.name != adopted.name)
        record = _record(adopted, f"imported from {source.name}{there}")
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
