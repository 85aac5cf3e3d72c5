"""The operator of an unattended run."""

from mile_desktop.operators.operator import OperatorContext, OperatorReading
from mile_desktop.operators.stick_response import fit_action

NO_SUPERVISOR = "none"
"""The name of no simulated supervisor, in settings, on the command line and in recorded episodes."""


class NoOperator:
    """Never takes over and asks for nothing."""

    @property
    def kind(self) -> str:
        """Recorded with the episode."""
        return NO_SUPERVISOR

    @property
    def device(self) -> str:
        """Who is listened to."""
        return "Nobody"

    @property
    def instruction(self) -> str:
        """Empty: this operator cannot take over."""
        return ""

    def reset(self, seed: int) -> None:
        """Begin a new episode."""

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Return no takeover."""
        return OperatorReading(takeover=False, action=fit_action((), len(context.proposal)))

    def close(self) -> None:
        """Release nothing."""
