"""What the Study page shows, as plain data; no Qt."""

from dataclasses import dataclass

from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.participants import Participant, participants_text
from mile_desktop.study.plan import PlannedStep, progress_text, session_plan
from mile_desktop.study.session import ParticipantSession

_STAGES = {
    "new": "not begun",
    "running": "interrupted",
    "finished": "finished",
    "aborted": "ended early",
    "withdrawing": "withdrawal not finished",
}


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """One row of the table of participants."""

    code: str
    order: str
    stage: str
    place: str
    episodes: int
    can_go_on: bool


@dataclass(frozen=True, slots=True)
class StudyOverview:
    """A study as the experimenter sees it."""

    title: str
    question: str
    rows: tuple[ParticipantRow, ...]
    square: tuple[tuple[str, ...], ...]
    """The Latin square: name of the condition at each position, one row for each order."""
    summary: str


def overview(study: StudyFolder) -> StudyOverview:
    """Read a study for the page."""
    file, protocol = study.participants(), study.protocol
    finished = sum(each.stage == "finished" for each in file.participants)
    withdrew = "nobody withdrew" if not file.withdrawn else f"{file.withdrawn} withdrew"
    rows = len(protocol.square)
    return StudyOverview(
        title=protocol.title,
        question=" ".join(protocol.question.split()),
        rows=tuple(_row(study, each) for each in file.participants),
        square=tuple(tuple(each.name for each in protocol.order(row)) for row in range(rows)),
        summary=f"{participants_text(len(file.participants))}, {finished} finished, {withdrew}. "
        f"The order is balanced with a multiple of {rows} participants.",
    )


def _row(study: StudyFolder, each: Participant) -> ParticipantRow:
    step = next((step for step in session_plan(study.protocol, each.row) if step.key not in each.done), None)
    going = each.stage in {"new", "running"}
    return ParticipantRow(
        code=each.code,
        order=f"row {each.row + 1}",
        stage=_STAGES[each.stage] + (", simulated" if each.simulated else ""),
        place=progress_text(study.protocol, step) if step is not None and going else "",
        episodes=len(each.episodes),
        can_go_on=going,
    )


@dataclass(frozen=True, slots=True)
class EpisodePrompt:
    """What the line under the view says between and during the episodes."""

    progress: str
    text: str
    button: str
    """Label of the button that begins the next episode; empty while one runs or is being prepared."""


def training_prompt(session: ParticipantSession, step: PlannedStep, share: float | None) -> EpisodePrompt:
    """Return the prompt of a retraining; ``share``: how much of it is done, None: it has failed."""
    progress = progress_text(session.protocol, step)
    if share is None:
        return EpisodePrompt(progress, "The robot could not learn; please call the experimenter.", "Try again")
    return EpisodePrompt(progress, f"The robot learns from what you did. Please wait ({share:.0%}).", "")


def episode_prompt(session: ParticipantSession, step: PlannedStep, state: str) -> EpisodePrompt:
    """Return the prompt for a state of ``EpisodeState``."""
    progress = progress_text(session.protocol, step)
    practice = "Practice episode" if step.kind == "practice" else "Episode"
    texts = {
        "failed": ("The robot could not be prepared; please call the experimenter.", "Try again"),
        "loading": ("The robot is being prepared.", ""),
        "ready": (_ready_text(session, step), f"Begin {practice.lower()}"),
        "running": ("Take over whenever you think that the robot needs you.", ""),
        "saving": ("The episode is being saved.", ""),
        "uncounted": ("The last episode is saved, but cannot be counted; please call the experimenter.", "Try again"),
        "again": ("The last episode was cut short. It is run again from the same start.", f"Begin {practice.lower()}"),
    }
    text, button = texts[state]
    return EpisodePrompt(progress, text, button)


def _ready_text(session: ParticipantSession, step: PlannedStep) -> str:
    practice = session.protocol.practice
    if step.kind == "practice" and practice is not None:
        done = sum(each.outcome == "success" for each in session.participant.practised)
        return f"Practise until {practice.successes} of {practice.within} episodes succeed ({done} so far)."
    return "Press the button when you are ready."
