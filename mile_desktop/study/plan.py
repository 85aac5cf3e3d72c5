"""The plan of one participant's session: every step in order, from consent to debriefing."""

from dataclasses import dataclass
from typing import Literal

from mile_desktop.study.protocol import Protocol
from mile_desktop.study.questionnaires import Questionnaire

StepKind = Literal["consent", "instructions", "practice", "episode", "training", "break", "questionnaire", "debriefing"]
BEFORE_BLOCKS = -1
"""``PlannedStep.block`` of steps that belong to no block."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a session."""

    key: str
    """The same for every participant, for example ``b2-e3``; unique in the plan."""
    kind: StepKind
    block: int = BEFORE_BLOCKS
    """From 0."""
    scene: str = ""
    start: int = 0
    """Seed of the start of an episode."""
    condition: str = ""
    round: int = 0
    """Round of the block, from 0; a policy is retrained between two rounds."""
    number: int = 0
    """Number of the episode within the block, from 0; of the questionnaire within the protocol."""
    text: str = ""
    """Of a break."""
    minutes: float = 0.0
    """Of a break."""


def session_plan(protocol: Protocol, row: int) -> tuple[PlannedStep, ...]:
    """Return the steps of a participant with this row of the Latin square."""
    steps = [PlannedStep("consent", "consent"), PlannedStep("instructions", "instructions")]
    if protocol.practice is not None:
        steps.append(PlannedStep("practice", "practice", scene=protocol.practice.scene))
    breaks = {each.after_block: each for each in protocol.breaks}
    for block in range(len(protocol.blocks)):
        steps += _block_steps(protocol, block, protocol.order(row)[block].name)
        pause = breaks.get(block + 1)
        if pause is not None:
            steps.append(PlannedStep(f"b{block + 1}-break", "break", block, text=pause.text, minutes=pause.minutes))
    steps += [
        PlannedStep(f"end-{each.name}", "questionnaire", number=number)
        for number, each in enumerate(protocol.questionnaires)
        if each.when == "end"
    ]
    return (*steps, PlannedStep("debriefing", "debriefing"))


def _block_steps(protocol: Protocol, number: int, condition: str) -> list[PlannedStep]:
    block = protocol.blocks[number]
    learns = bool(protocol.condition(condition).method)
    in_round = len(block.starts) // block.rounds
    steps = []
    for place, start in enumerate(block.starts):
        part = place // in_round
        if learns and part and place % in_round == 0:
            key = f"b{number + 1}-t{part}"
            steps.append(PlannedStep(key, "training", number, block.scene, condition=condition, round=part))
        key = f"b{number + 1}-e{place + 1}"
        steps.append(PlannedStep(key, "episode", number, block.scene, start, condition, part, place))
    steps += [
        PlannedStep(f"b{number + 1}-{each.name}", "questionnaire", number, condition=condition, number=place)
        for place, each in enumerate(protocol.questionnaires)
        if each.when == "block"
    ]
    return steps


def questionnaire_of(protocol: Protocol, step: PlannedStep) -> Questionnaire:
    """Return the questionnaire of a step of that kind."""
    return protocol.questionnaires[step.number]


def progress_text(protocol: Protocol, step: PlannedStep) -> str:
    """Return where the session is, for the participant: nothing in it tells the condition."""
    blocks = len(protocol.blocks)
    match step.kind:
        case "episode":
            place = f"{step.number + 1} of {len(protocol.blocks[step.block].starts)}"
            return f"Block {step.block + 1} of {blocks} · episode {place}"
        case "practice":
            return f"Practice, before {blocks} blocks"
        case "consent" | "instructions":
            return f"Before the first of {blocks} blocks"
        case "debriefing":
            return "End of the session"
        case _:
            if step.block == BEFORE_BLOCKS:
                return f"After the last of {blocks} blocks"
            return f"Block {step.block + 1} of {blocks}"
