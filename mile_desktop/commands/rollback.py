"""``mile-desktop rollback``: promote the policy again that was promoted before."""

import argparse

from mile_desktop.commands.command import Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.policies.checkpoint import load_policy
from mile_desktop.registry.promotion import previous_policy, roll_back
from mile_desktop.storage.catalogue import Catalogue


def run(options: argparse.Namespace, report: Report) -> None:
    """Load the previous policy, so that a damaged one is not promoted, and promote it."""
    with opened_workspace(options, report) as workspace:
        catalogue = Catalogue(workspace)
        previous = previous_policy(catalogue, options.scene)
        # Without one, roll_back raises the error that explains it.
        if previous is not None:
            load_policy(workspace.policy_folder(previous))
        policy_id, accepted = roll_back(catalogue, options.scene)
        record = catalogue.policy(policy_id)
    fields = {"scene": record.scene, "policy": record.policy_id, "name": record.name}
    report.say(
        fields,
        f"{record.name} ({record.policy_id}) is promoted again in {record.scene}. {accepted.unarchived}".rstrip(),
    )
