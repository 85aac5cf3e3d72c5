"""The bundled policy of a scene is copied into the workspace when it is first used there.

From then on it is found by its id like any other. The workspace is complete in itself, and a later version of the
program with another bundled policy changes nothing in it.
"""

import contextlib

from mile_desktop.paths import bundled_models
from mile_desktop.policies.config import CONFIG_FILE, MENTAL_FILE, MODEL_FILE, PolicyConfig, read_policy_config
from mile_desktop.policies.model_folder import raised_as, read_bytes, write_folder
from mile_desktop.policies.policy import PolicyFileError
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.errors import DuplicateRecordError, UnknownRecordError
from mile_desktop.storage.ids import now
from mile_desktop.storage.records import PolicyRecord
from mile_desktop.storage.workspace import Workspace

POLICY_FOLDER = "initial"
_FILES = (CONFIG_FILE, MODEL_FILE, MENTAL_FILE)


def has_bundled(scene: str) -> bool:
    """Whether a policy for ``scene`` comes with the program."""
    return (bundled_models(scene) / POLICY_FOLDER).is_dir()


def adopt_bundled(workspace: Workspace, scene: str) -> str:
    """Make sure that the bundled policy of ``scene`` is in the workspace and return its id.

    Raises
    ------
    PolicyFileError
        When the scene has no bundled policy, or it is damaged.
    WorkspaceError
        When the workspace cannot be written.
    """
    # Looked up each time: ``bundle`` may have made it while the window is open.
    folder = bundled_models(scene) / POLICY_FOLDER
    if not folder.is_dir():
        raise PolicyFileError(f"{scene} has no bundled policy; name a policy folder, or make one with `bundle`.")
    config = read_policy_config(folder)
    catalogue = Catalogue(workspace)
    try:
        catalogue.policy(config.policy_id)
    # Asked by id and not by folder: a later version of the program bundles another policy, which gets a new id.
    except UnknownRecordError:
        target = workspace.policy_folder(config.policy_id)
        # The files first, then the row: a row always names a complete folder.
        if not (target / MODEL_FILE).exists():
            with raised_as(PolicyFileError):
                files = {name: read_bytes(folder / name) for name in _FILES if (folder / name).exists()}
            write_folder(target, files, replace=True)
        with contextlib.suppress(DuplicateRecordError):  # another process adopts it at the same time
            catalogue.add_policy(_record(config))
    return config.policy_id


def _record(config: PolicyConfig) -> PolicyRecord:
    return PolicyRecord(
        policy_id=config.policy_id,
        scene=config.scene,
        name=config.name,
        method=config.method,
        parent_id=None,
        run_id=None,
        # Shipped configurations have no time, so that the same weights give the same file.
        created_at=config.created_at or now(),
        settings=config.settings,
        episode_ids=(),
        note="came with the program",
    )
