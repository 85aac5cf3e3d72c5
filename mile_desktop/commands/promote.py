"""``mile-desktop promote``: choose the policy that runs in its scene from now on."""

import argparse

from mile_desktop.commands.command import CommandError, Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.policies.checkpoint import load_policy
from mile_desktop.registry.promotion import promote
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.records import PolicyRecord


def run(options: argparse.Namespace, report: Report) -> None:
    """Load the policy, as the rollout worker would before it accepts it, and promote it."""
    with opened_workspace(options, report) as workspace:
        catalogue = Catalogue(workspace)
        record = _named(catalogue, options.policy, options.scene)
        load_policy(workspace.policy_folder(record.policy_id))  # a damaged policy must not become the one that runs
        accepted = promote(catalogue, record.scene, record.policy_id)
    fields = {"scene": record.scene, "policy": record.policy_id, "name": record.name, "changed": accepted.promoted}
    state = "is promoted" if accepted.promoted else "was promoted already"
    report.say(fields, f"{record.name} ({record.policy_id}) {state} in {record.scene}. {accepted.unarchived}".rstrip())


def _named(catalogue: Catalogue, name: str, scene: str | None) -> PolicyRecord:
    """Return the policy with this id, or with this name where that is unambiguous."""
    records = catalogue.policies(scene)
    # An id comes before a name: a policy may have the id of another one as its name.
    found = [each for each in records if each.policy_id == name] or [each for each in records if each.name == name]
    if len(found) == 1:
        return found[0]
    of_scene = f" of {scene}" if scene else ""
    if found:
        choices = ", ".join(f"{each.policy_id} ({each.scene})" for each in found)
        raise CommandError(f"{len(found)} policies{of_scene} are called {name!r}: {choices}. Give the id of one.")
    choices = ", ".join(f"{each.policy_id} ({each.name})" for each in records) or "none yet"
    raise CommandError(f"This workspace has no policy {name!r}{of_scene}; its policies are: {choices}.")
