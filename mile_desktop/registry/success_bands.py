"""Bands from a policy's own successes, as they are kept in a workspace: one file a policy."""

import hashlib
import logging

import msgspec

from mile_desktop.intervention.live_estimator import FAMILIAR_EPISODES
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.success_band import SuccessBand
from mile_desktop.storage.workspace import Workspace

_log = logging.getLogger(__name__)


def model_mark(model: InterventionModel) -> str:
    """Return sixteen characters that stand for the model and its forecast: a refit gets other ones."""
    # The description is enough: weights and bias of the forecast's logistic are in it, and differ after every fit.
    return hashlib.blake2b(msgspec.json.encode(model.config), digest_size=8).hexdigest()


def needs_band(episodes_with_policy: int) -> bool:
    """Whether a policy is still so new that its own successes decide about calls."""
    return episodes_with_policy < FAMILIAR_EPISODES


def save_success_band(workspace: Workspace, band: SuccessBand) -> None:
    """Write the band, whole or not at all; raises ``OSError``."""
    path = workspace.band_path(band.policy_id)
    path.parent.mkdir(exist_ok=True)
    scratch = path.with_suffix(".tmp")
    scratch.write_bytes(msgspec.json.encode(band))
    scratch.replace(path)  # the rollout worker may read it at any moment


def load_success_band(workspace: Workspace, policy_id: str, model: InterventionModel) -> SuccessBand | None:
    """Return the band of a policy under ``model``; None where there is none, or it was made with another model.

    A file that cannot be read is logged and not used: it is made again from the same starts.
    """
    path = workspace.band_path(policy_id)
    try:
        band = msgspec.json.decode(path.read_bytes(), type=SuccessBand)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError):
        _log.warning("The band in %s cannot be read and is not used", path, exc_info=True)
        return None
    return band if band.policy_id == policy_id and band.model_mark == model_mark(model) else None
