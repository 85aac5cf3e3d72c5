"""The zero policy: it stands still in a robot's task or a scene without any policy, until a person takes over."""

import shutil

import torch

from mile_desktop.policies.checkpoint import PolicyNetwork, save_policy
from mile_desktop.policies.config import ZERO_METHOD, PolicyConfig
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp
from mile_desktop.registry.running_policy import Sized
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.errors import NameTakenError, translated
from mile_desktop.storage.ids import new_id, now
from mile_desktop.storage.records import PolicyRecord
from mile_desktop.storage.workspace import Workspace

_NAME = "v0"
# The smallest network that every loader accepts; its weights are never trained further.
_HIDDEN = (16,)
_CERTAIN = 3.0
"""Score of the resting action, of others 0: a probability of about 0.9, so that p is neither 0 nor 1 everywhere."""


def make_zero_policy(workspace: Workspace, task: str, sizes: Sized, resting: int | None = None) -> str:
    """Return the id of the workspace's zero policy for ``task``; make it where there is none.

    Parameters
    ----------
    resting
        Where actions are discrete, the one that it always takes; None where they are continuous.

    Raises
    ------
    WorkspaceError
        When the workspace cannot be written.
    """
    known = find_zero_policy(workspace, task)
    if known is not None:
        return known
    catalogue = Catalogue(workspace)
    policy_id = new_id("policy")
    config = _config(policy_id, task, sizes, resting)
    # The files before the row, as for every policy.
    with translated(workspace.folder):
        save_policy(workspace.policy_folder(policy_id), _zero_network(sizes, resting), config)
    record = PolicyRecord(
        policy_id=policy_id,
        scene=task,
        name=_NAME,
        method=ZERO_METHOD,
        parent_id=None,
        run_id=None,
        created_at=config.created_at,
        settings={},
        episode_ids=(),
        note="stands still until you have shown it what to do and retrained",
    )
    try:
        catalogue.add_named_policy(record)
    except NameTakenError:  # another process has made it at the same time, or an imported policy has its name
        made = find_zero_policy(workspace, task)
        if made is not None:
            # The other process has won; this one's files have no row and would never be found.
            shutil.rmtree(workspace.policy_folder(policy_id), ignore_errors=True)
            return made
        catalogue.add_policy(record)
    return policy_id


def _config(policy_id: str, task: str, sizes: Sized, resting: int | None) -> PolicyConfig:
    return PolicyConfig(
        policy_id=policy_id,
        scene=task,
        name=_NAME,
        method=ZERO_METHOD,
        network="gaussian" if resting is None else "categorical",
        observation_size=sizes.observation_size,
        action_size=sizes.action_size,
        hidden=_HIDDEN,
        created_at=now(),
    )


def find_zero_policy(workspace: Workspace, task: str) -> str | None:
    """Return the id of the workspace's zero policy for ``task``; None where there is none."""
    for record in Catalogue(workspace).policies(task):
        if record.method == ZERO_METHOD:
            return record.policy_id
    return None


def _zero_network(sizes: Sized, resting: int | None) -> PolicyNetwork:
    """Return a network whose mean is 0 everywhere, or whose action is ``resting`` everywhere."""
    if resting is None:
        gaussian = GaussianMlp(sizes.observation_size, sizes.action_size, _HIDDEN)
        _set_to_zero(gaussian)
        return gaussian.eval()
    categorical = CategoricalMlp(sizes.observation_size, sizes.action_size, _HIDDEN)
    _set_to_zero(categorical)
    with torch.no_grad():
        categorical.logit_head.bias[resting] = _CERTAIN
    return categorical.eval()


def _set_to_zero(network: PolicyNetwork) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
