"""Promotion: which policy of the workspace runs in a scene from now on.

The window, the rollout worker's answers and the command line all promote through this module, so that the rule is
the same with and without a window. Nothing heavy is imported here: the window uses it, too.
"""

from dataclasses import dataclass

from mile_desktop.errors import UserError
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.records import PolicyRecord


class PromotionError(UserError):
    """The policy cannot be promoted, or there is no earlier one to roll back to."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the workspace recorded about a policy that was accepted."""

    promoted: bool
    """A promotion was recorded; False where the policy runs already, or where the workspace does not know it."""
    unarchived: str = ""
    """A sentence for people where the policy was archived before; otherwise empty."""


def promote(catalogue: Catalogue, scene: str, policy_id: str) -> Accepted:
    """Promote a policy that was accepted: record that it runs in ``scene`` from now on.

    The expert and policies in folders outside of the workspace can drive, but the workspace has no record of them, so
    they are never promoted. A policy that is promoted already is not promoted a second time: the history would show a
    change that did not happen.

    Parameters
    ----------
    policy_id
        The policy that was accepted.

    Raises
    ------
    WorkspaceError
        When the workspace cannot be read or written.
    """
    record = catalogue.find_policy(policy_id)
    if record is None or record.scene != scene:
        return Accepted(promoted=False)
    if catalogue.promoted(scene) == policy_id:
        if record.archived:  # earlier versions let a policy that runs be archived
            catalogue.archive_policy(policy_id, archived=False)
        return Accepted(promoted=False, unarchived=_unarchived(record) if record.archived else "")
    promotion = catalogue.promote(scene, policy_id)
    return Accepted(promoted=True, unarchived=_unarchived(record) if promotion.unarchived else "")


def _unarchived(record: PolicyRecord) -> str:
    return f"{record.name} was archived. It is not archived any more, because it runs in {record.scene} now."


def previous_policy(catalogue: Catalogue, scene: str) -> str | None:
    """Return the policy that was promoted last before the present one; None where there is none."""
    present = catalogue.promoted(scene)
    # The present one may stand in the history several times; the last other one is what a person means.
    earlier = [each.policy_id for each in catalogue.promotion_history(scene) if each.policy_id != present]
    return earlier[-1] if earlier else None


def roll_back(catalogue: Catalogue, scene: str) -> tuple[str, Accepted]:
    """Promote the policy that ``previous_policy`` returns; return its id and what was recorded.

    Nothing is removed from the history, so rolling back a second time returns to where the first one began.

    Raises
    ------
    PromotionError
        When no other policy was promoted before.
    WorkspaceError
        When the workspace cannot be read or written.
    """
    previous = previous_policy(catalogue, scene)
    if previous is None:
        raise PromotionError(
            f"There is no earlier policy of {scene} to roll back to. "
            "Choose one of those that `mile-desktop policies` lists, and promote it."
        )
    return previous, promote(catalogue, scene, previous)
