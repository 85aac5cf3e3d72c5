"""``mile-desktop episodes``: the recorded episodes of a workspace, filtered as on the Inspect page."""

import argparse

from mile_desktop.commands.command import CommandError, Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.storage.browse import EpisodeFilter, EpisodeRow, driving_policies, find_episodes, read_rows
from mile_desktop.storage.workspace import Workspace


def run(options: argparse.Namespace, report: Report) -> None:
    """Report one episode per line, the newest first."""
    with opened_workspace(options, report) as workspace:
        wanted = EpisodeFilter(
            text=options.text,
            scene=options.scene,
            outcome=options.outcome,
            policy_id=_policy_id(workspace, options.policy, options.scene) if options.policy else "",
            operator_name=options.operator_name or "",
            tag=options.tag,
            since=options.since or "",
            until=options.until or "",
            deleted=options.deleted,
        )
        ids = find_episodes(workspace, wanted)
        rows = read_rows(workspace, ids)
    if not ids and not options.json:
        report.say({}, f"No episode in {options.workspace} matches.")
    for name in ids:
        # A row that another process has removed since is left out, as if it had been removed before.
        if (row := rows.get(name)) is not None:
            report.say(_fields(row), _line(row))


def _policy_id(workspace: Workspace, policy: str, scene: str) -> str:
    """Return the id of a policy that drove episodes, by its id or its name."""
    known = driving_policies(workspace, scene)
    found = list(dict.fromkeys(each.policy_id for each in known if policy in {each.policy_id, each.name}))
    if len(found) != 1:
        names = ", ".join(f"{each.name} of {each.scene} ({each.policy_id})" for each in known) or "none"
        problem = "is the name of several policies" if found else "drove no episode"
        raise CommandError(f"{policy} {problem}; policies that did: {names}.")
    return found[0]


def _fields(row: EpisodeRow) -> dict[str, object]:
    return {
        "episode": row.episode_id,
        "scene": row.scene,
        "started_at": row.started_at,
        "policy": row.policy_id,
        "policy_name": row.policy,
        "operator": row.operator,
        "operator_name": row.operator_name,
        "outcome": row.outcome,
        "steps": row.steps,
        "takeovers": row.takeovers,
        "human_steps": row.human_steps,
        "tags": list(row.tags),
        "note": row.note,
    }


def _line(row: EpisodeRow) -> str:
    who = f"{row.operator_name} ({row.operator})" if row.operator_name else row.operator
    counts = f"{row.steps:4} steps, {row.takeovers} takeover{'' if row.takeovers == 1 else 's'}"
    tags = " ".join(f"#{tag}" for tag in row.tags)
    text = f"{row.episode_id}  {row.scene:16} {row.policy:10} {row.outcome:15} {counts}  {who:20} {tags}"
    return text.rstrip()
