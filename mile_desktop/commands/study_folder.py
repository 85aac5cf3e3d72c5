"""The actions of ``mile-desktop study`` that need no robot: check, new, status and withdraw."""

import argparse
import sys

from mile_desktop.commands.command import CancelledError, CommandError, Report
from mile_desktop.privacy import share_like
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.participants import Participant, participants_text
from mile_desktop.study.plan import progress_text, session_plan
from mile_desktop.study.protocol import Protocol, find_protocol, read_protocol
from mile_desktop.study.withdrawal import withdraw


def check(options: argparse.Namespace, report: Report) -> None:
    """Read a protocol and show what a session consists of, and the Latin square."""
    path = find_protocol(options.protocol)
    protocol = read_protocol(path)
    fields = {
        "file": str(path),
        "name": protocol.name,
        "title": protocol.title,
        "conditions": [each.name for each in protocol.conditions],
        "square": [[each.name for each in protocol.order(row)] for row in range(len(protocol.square))],
        "blocks": len(protocol.blocks),
        "episodes": sum(len(block.starts) for block in protocol.blocks),
        "participants": f"a multiple of {len(protocol.square)}",
        "steps": [each.key for each in session_plan(protocol, 0)],
    }
    report.say(fields, _protocol_text(protocol))


def _protocol_text(protocol: Protocol) -> str:
    episodes = sum(len(block.starts) for block in protocol.blocks)
    rows = len(protocol.square)
    lines = [
        f"{protocol.title} ({protocol.name})",
        f"{len(protocol.blocks)} blocks with {episodes} episodes, {len(protocol.questionnaires)} questionnaires.",
        f"Order of the conditions (balanced Latin square, {rows} rows; plan a multiple of {rows} participants):",
    ]
    width = max(len(each.name) for each in protocol.conditions) + 2
    for row in range(rows):
        names = "".join(each.name.ljust(width) for each in protocol.order(row)).rstrip()
        lines.append(f"  row {row + 1}:  {names}")
    if not protocol.planned:
        lines.append("No comparison is planned: the report will call every one of them looked at afterwards.")
    return "\n".join(lines)


def new(options: argparse.Namespace, report: Report) -> None:
    """Make a study."""
    share_like(options.folder)
    study = StudyFolder.create(options.folder, options.protocol)
    fields = {"folder": str(study.folder), "protocol": study.protocol.name}
    report.say(fields, f"The study “{study.protocol.title}” is in {study.folder}. Open the page Study to run it.")


def status(options: argparse.Namespace, report: Report) -> None:
    """Say how far each participant has come, and how many withdrew."""
    study = StudyFolder(options.folder)
    file = study.participants()
    for each in file.participants:
        report.say(_fields_of(study, each), _line_of(study, each))
    rows = len(study.protocol.square)
    counted = [each.row for each in file.participants if each.stage not in {"aborted", "withdrawing"}]
    by_row = [counted.count(row) for row in range(rows)]
    finished = sum(each.stage == "finished" for each in file.participants)
    fields = {
        "study": study.protocol.name,
        "participants": len(file.participants),
        "finished": finished,
        "withdrawn": file.withdrawn,
        "by_row": by_row,
    }
    withdrew = "nobody withdrew" if not file.withdrawn else f"{file.withdrawn} withdrew"
    balance = "balanced" if len(set(by_row)) == 1 else "not balanced yet"
    text = f"{participants_text(len(file.participants))}, {finished} finished, {withdrew}. "
    report.say(fields, f"{text}Participants in each row of the square: {by_row} ({balance}).")


def _fields_of(study: StudyFolder, each: Participant) -> dict[str, object]:
    plan = session_plan(study.protocol, each.row)
    step = next((step for step in plan if step.key not in each.done), None)
    return {
        "participant": each.code,
        "stage": each.stage,
        "row": each.row + 1,
        "steps": len(each.done),
        "of": len(plan),
        "next": step.key if step else "",
        "episodes": len(each.episodes),
        "simulated": each.simulated,
    }


def _line_of(study: StudyFolder, each: Participant) -> str:
    plan = session_plan(study.protocol, each.row)
    step = next((step for step in plan if step.key not in each.done), None)
    place = progress_text(study.protocol, step) if step is not None and each.stage == "running" else ""
    return f"{each.code}  {each.stage:10} row {each.row + 1}  {len(each.episodes):3} episodes  {place}".rstrip()


def withdrawal(options: argparse.Namespace, report: Report) -> None:
    """Erase a participant, after a question."""
    study = StudyFolder(options.folder)
    study.participant(options.code)  # an unknown code is reported before the question
    share_like(study.folder)
    with Workspace.open(study.folder, create=False) as workspace, workspace.hold_window_lock():
        if not options.yes:
            _ask(options.code, as_json=options.json)
        found = withdraw(study, workspace, options.code)
    fields = {"participant": found.code, "episodes": found.episodes, "policies": found.policies}
    text = f"{found.code} has withdrawn: {found.episodes} episodes and {found.policies} policies were erased."
    report.say({**fields, "notes": list(found.remaining)}, "\n".join((text, *found.remaining)))


def _ask(code: str, *, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise CommandError(f"Nothing was erased. Erasing {code} cannot be undone; add --yes.")
    sys.stderr.write(f"Erase everything that was recorded of {code}? This cannot be undone. Type the code: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != code:
        raise CancelledError


ACTIONS = {"check": check, "new": new, "status": status, "withdraw": withdrawal}
