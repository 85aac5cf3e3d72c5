"""The columns of a study's tables: name, type, unit and meaning; the data dictionary is made from them."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "whole", "number", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    only: Literal["", "clock", "free"] = ""
    """Written only when clock times, or free text, were asked for."""


_WHO = Column("participant", "text", "Name in this export; it is not the code that was used in the study.")
_EPISODE = Column("episode", "text", "Key within the participant: block and place, or practice and number.")
_BLOCK = Column("block", "whole", "Number of the block from 1; 0: practice or the end of the session.")
_CONDITION = Column("condition", "text", "Name of the condition in the protocol; empty where none applies.")

PARTICIPANTS = (
    _WHO,
    Column("square_row", "whole", "Row of the balanced Latin square, from 1."),
    Column("stage", "text", "running, finished or aborted."),
    Column("simulated", "flag", "A simulated supervisor, not a person."),
    Column("practice_episodes", "whole", "Episodes before the first block."),
    Column("practice_met", "flag", "Whether the criterion of the practice was met."),
    Column("consented_at", "text", "When the participant agreed.", "UTC, ISO 8601", "clock"),
)
BLOCKS = (
    _WHO,
    _BLOCK,
    _CONDITION,
    Column("scene", "text", "Scene of the block."),
    Column("show_p", "flag", "Whether the strip with p(intervene) was shown."),
    Column("calls", "flag", "Whether the alarm called the participant."),
    Column("device", "text", "The only device that could take over; any: all of them."),
    Column("method", "text", "Learning method between the rounds; empty: none."),
    Column("episodes", "whole", "Episodes that count."),
    Column("success", "number", "Share of them that succeeded."),
    Column("steps", "whole", "Control steps."),
    Column("human_steps", "whole", "Steps that the participant drove."),
    Column("takeovers", "whole", "Takeovers."),
    Column("minutes", "number", "Time supervised, in the robot's time.", "min"),
    Column("success_per_human_step", "number", "Successes for 100 steps that the participant drove; empty without."),
    Column("success_per_minute", "number", "Successes for each minute supervised."),
    Column("success_per_minute_last_round", "number", "The same in the last round of the block alone."),
    Column("success_last_round", "number", "Share of its episodes that succeeded."),
    Column("human_steps_last_round", "whole", "Steps that the participant drove in it."),
    Column("tlx", "number", "Raw NASA-TLX: mean of the six scales.", "0 to 100"),
)
EPISODES = (
    _WHO,
    _EPISODE,
    _BLOCK,
    _CONDITION,
    Column("round", "whole", "Round within the block, from 1."),
    Column("counts", "flag", "Whether it is analysed; not: practice, or cut off and run again."),
    Column("scene", "text", "Scene."),
    Column("start", "whole", "Seed of the start."),
    Column("policy", "text", "What drove: as the protocol names it, or the step after which it was retrained."),
    Column("outcome", "text", "success, failure, time limit or aborted."),
    Column("steps", "whole", "Control steps."),
    Column("human_steps", "whole", "Steps that the participant drove."),
    Column("takeovers", "whole", "Takeovers."),
    Column("rate", "number", "Control rate.", "Hz"),
    Column("drivers", "text", "Devices that took over, with blanks between them."),
    Column("mean_p", "number", "Mean of p(intervene) as it was computed in the episode, shown or not."),
    Column("began_at", "text", "When the episode began.", "UTC, ISO 8601", "clock"),
)
STEPS = (
    _WHO,
    _EPISODE,
    Column("step", "whole", "Number of the step within the episode, from 0."),
    Column("seconds", "number", "Time since the beginning of the episode, in the robot's time.", "s"),
    Column("intervention", "flag", "ν: the participant drove this step."),
    Column("p", "number", "p(intervene) before the step; empty where none was computed."),
    Column("p_low", "number", "Lower edge of its band."),
    Column("p_high", "number", "Upper edge of its band."),
    Column("forecast", "number", "Probability of a takeover within the next ten steps."),
    Column("phase", "text", "Phase of the control loop."),
    Column("operator", "text", "Device that drove the step."),
    Column("reward", "number", "Reward of the scene."),
    Column("success", "flag", "The scene says that the task is done."),
)
VECTORS = (
    ("observation", "What policy and participant saw before the step, entry {}."),
    ("policy_action", "What the policy proposed, entry {}."),
    ("policy_mean", "Mean of the policy's distribution, entry {}."),
    ("policy_std", "Standard deviation of the policy's distribution, entry {}."),
    ("human_action", "What the participant commanded, entry {}; empty where the policy drove."),
    ("action", "What was executed, entry {}."),
)
"""Columns of ``steps`` with a number for each entry: ``observation_0`` … A scene with fewer entries leaves the rest
empty."""
QUESTIONNAIRES = (
    _WHO,
    _BLOCK,
    _CONDITION,
    Column("questionnaire", "text", "Name of the questionnaire."),
    Column("item", "text", "Name of the question; tlx: the mean of the six scales."),
    Column("value", "number", "The answer as a number; empty for free text."),
    Column("text", "text", "Free text; read it before you pass it on.", "", "free"),
)
REMARKS = (
    _WHO,
    Column("at_step", "text", "Key of the step of the session."),
    Column("kind", "text", "note, pause, practice again, practice passed, block cut, not retrained or abort."),
    Column("text", "text", "What the experimenter wrote; read it before you pass it on.", "", "free"),
    Column("at", "text", "When.", "UTC, ISO 8601", "clock"),
)
VERSIONS = (
    Column("what", "text", "program, protocol, scene, withdrawn or exported by."),
    Column("name", "text", "Name of the protocol or scene."),
    Column("version", "text", "Version or digest; for withdrawn, how many."),
    Column("episodes", "whole", "Episodes that were recorded with it."),
)
TABLES: dict[str, tuple[Column, ...]] = {
    "participants": PARTICIPANTS,
    "blocks": BLOCKS,
    "episodes": EPISODES,
    "steps": STEPS,
    "questionnaires": QUESTIONNAIRES,
    "remarks": REMARKS,
    "versions": VERSIONS,
}
"""Table → columns, in the order in which they are written."""
