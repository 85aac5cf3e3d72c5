"""The table of what an exported step holds; writers, readers and the description of a data set follow it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mile_desktop.interchange.scene_entries import SceneEntries
from mile_desktop.storage.records import Episode

Kind = Literal["float32", "float64", "int64", "bool", "string"]
Values = NDArray[np.generic] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the exported steps."""

    name: str
    """Name in a LeRobot data set."""
    kind: Kind
    column: str
    """Attribute of ``Episode``; empty where the value is computed."""
    meaning: str
    """One sentence for people, written into the data set."""
    entries: Literal["state", "action", "scene state", ""] = ""
    """What its entries are; empty for a single value."""


STATE = "observation.state"
ACTION = "action"
INTERVENTION = "intervention"
REWARD = "next.reward"
SUCCESS = "next.success"
DONE = "next.done"
_INFO = "complementary_info."
POLICY_ACTION = f"{_INFO}policy_action"
POLICY_MEAN = f"{_INFO}policy_mean"
POLICY_STD = f"{_INFO}policy_std"
HUMAN_ACTION = f"{_INFO}human_action"
PHASE = f"{_INFO}control_phase"
OPERATOR = f"{_INFO}operator"
REASONS = f"{_INFO}reasons"
LANGUAGE = "language"
STARTS_AT_ROW = f"{_INFO}starts_at_row"
SCENE_STATE = f"{_INFO}scene_state"
CLOCK = f"{_INFO}clock"

FEATURES = (
    Feature(STATE, "float32", "observation", "What policy and operator saw before the step.", "state"),
    Feature(ACTION, "float32", "action", "The executed action, each entry in [-1, 1].", "action"),
    Feature(INTERVENTION, "bool", "intervention", "A person (or a simulated supervisor) drove in this step."),
    Feature(REWARD, "float32", "reward", "Reward of the step, as the scene gives it."),
    Feature(SUCCESS, "bool", "success", "The scene says that the task is done after this step."),
    Feature(DONE, "bool", "", "The last step of the episode."),
    Feature(POLICY_ACTION, "float32", "policy_action", "What the policy proposed, executed or not.", "action"),
    Feature(POLICY_MEAN, "float32", "policy_mean", "Mean of the policy's distribution at this step.", "action"),
    Feature(POLICY_STD, "float32", "policy_std", "Its standard deviation.", "action"),
    Feature(
        HUMAN_ACTION, "float32", "human_action",
        "What the person commanded; the executed action where intervention is false.", "action",
    ),
    Feature(
        f"{_INFO}intervention_prob", "float32", "intervention_prob",
        "Probability of an intervention as it was shown; NaN where none was shown.",
    ),
    Feature(f"{_INFO}intervention_prob_low", "float32", "intervention_prob_low", "Lower edge of its band; or NaN."),
    Feature(f"{_INFO}intervention_prob_high", "float32", "intervention_prob_high", "Upper edge of its band; or NaN."),
    Feature(
        f"{_INFO}forecast", "float32", "forecast",
        "Probability of a takeover within the next ten steps as it was shown; NaN where none was shown.",
    ),
    Feature(PHASE, "string", "control_phase", "Who was in control: autonomous, takeover and others."),
    Feature(OPERATOR, "string", "operator", "Who drove where intervention is true, for example gamepad; else empty."),
    Feature(REASONS, "string", "reasons", "Why the forecast was higher than usual; empty for no reason."),
    Feature(LANGUAGE, "string", "words", "Where words drove: what was typed and how it was understood; else empty."),
    Feature(
        STARTS_AT_ROW, "int64", "starts_at_row",
        "After a rewind: the frame from whose state this step was taken; -1: the frame before; "
        "-2: a frame that was trimmed away.",
    ),
    Feature(CLOCK, "float64", "timestamp", "Measured time since the first step, s; timestamp is a grid."),
    Feature(
        SCENE_STATE, "float32", "scene_state", "Enough to draw the scene before the step; not an input of policies.",
        "scene state",
    ),
)  # fmt: skip
"""All columns of an exported step, in the order in which they are written."""


def values_of(feature: Feature, episode: Episode) -> Values:
    """Return the values of ``feature``, as they are exported: an array [t] or [t, size], or ``t`` texts."""
    if feature.name == DONE:
        return np.asarray(np.arange(len(episode)) == len(episode) - 1)
    # From 0: the clock of the recording machine means nothing elsewhere, and float32 readers would lose its digits.
    if feature.name == CLOCK:
        return np.asarray(episode.timestamp - episode.timestamp[0])
    if feature.kind == "string":
        return tuple(getattr(episode, feature.column))
    values: NDArray[np.generic] = getattr(episode, feature.column)
    if feature.name == HUMAN_ACTION:
        # NaN would spoil the statistics that a loader normalises with; an import puts NaN back where ν = 0.
        values = np.where(episode.intervention[:, None], values, episode.action)
    return values.astype(feature.kind)


def sizes_of(episode: Episode) -> dict[str, int]:
    """Return how many entries the vectors of ``episode`` have, by the word in ``Feature.entries``."""
    return {
        "state": episode.observation.shape[1],
        "action": episode.action.shape[1],
        "scene state": episode.scene_state.shape[1],
    }


def names_of(feature: Feature, sizes: dict[str, int], entries: SceneEntries | None) -> tuple[str, ...]:
    """Return the names of the entries of ``feature``: those of the scene, or numbered ones; none for a single value."""
    if not feature.entries:
        return ()
    known = {} if entries is None else {"state": entries.state, "action": entries.action}
    # An episode of an earlier version of the scene can have other sizes; names that do not fit would be wrong names.
    labels = known.get(feature.entries, ())
    size = sizes[feature.entries]
    if len(labels) != size:
        return tuple(f"{feature.entries.replace(' ', '_')}_{index}" for index in range(size))
    return tuple(each.label for each in labels)
