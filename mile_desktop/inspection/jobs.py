"""What takes networks or a simulator; imported for the first job only, because tables need neither."""

from collections.abc import Callable

from mile_desktop.inspection.appraisal import appraise
from mile_desktop.inspection.counterfactual import roll_forward
from mile_desktop.inspection.messages import Appraise, Appraised, RolledForward, RollForward
from mile_desktop.inspection.replay import ReplayCancelledError
from mile_desktop.storage.workspace import Workspace

Job = Appraise | RollForward


def answer(
    workspace: Workspace, job: Job, progress: Callable[[float, str], None], cancelled: Callable[[], bool]
) -> Appraised | RolledForward | None:
    """Do ``job``; None where it was cancelled. Raises ``UserError``."""
    if isinstance(job, Appraise):
        return appraise(workspace, job)
    try:
        return roll_forward(workspace, job, progress, cancelled)
    except ReplayCancelledError:
        return None
