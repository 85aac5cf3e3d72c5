"""What takes networks or a simulator; imported for the first job only, because tables need neither."""

from collections.abc import Callable

from mile_desktop.inspection.messages import Appraise, Appraised, RolledForward, RollForward
from mile_desktop.inspection.prediction import appraise
from mile_desktop.inspection.replay import ReplayCancelledError, ReplayError
from mile_desktop.inspection.roll_forward import roll_forward
from mile_desktop.intervention.model import InterventionModelError
from mile_desktop.policies.policy import PolicyFileError
from mile_desktop.registry.policies import UnknownPolicyError
from mile_desktop.scenes.catalogue import UnknownSceneError
from mile_desktop.scenes.description import SceneDescriptionError
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.workspace import Workspace

Job = Appraise | RollForward
REFUSALS = (
    WorkspaceError,
    ReplayError,
    InterventionModelError,
    PolicyFileError,
    UnknownPolicyError,
    UnknownSceneError,
    SceneDescriptionError,
)
"""What says in words why a job came to nothing."""


def answer(
    workspace: Workspace, job: Job, progress: Callable[[float, str], None], cancelled: Callable[[], bool]
) -> Appraised | RolledForward | None:
    """Do ``job``; None where it was cancelled. Raises one of ``REFUSALS``."""
    if isinstance(job, Appraise):
        return appraise(workspace, job)
    try:
        return roll_forward(workspace, job, progress, cancelled)
    except ReplayCancelledError:
        return None
