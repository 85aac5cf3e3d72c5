"""What the timeline shows as values and text; no Qt."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mile_desktop.storage.reasons import decode_reasons, reasons_text
from mile_desktop.ui.inspect.model import RecordedEpisode
from mile_desktop.ui.plots.table import Table
from mile_desktop.ui.widgets.discrete_actions import choice_text


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """p of every row as a model predicts it now; float64[t] each, NaN where it predicts nothing."""

    title: str
    """A few words for the legend."""
    probability: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    forecast: NDArray[np.float64]


def values_text(
    recording: RecordedEpisode, row: int, prediction: Prediction | None = None, choices: tuple[str, ...] = ()
) -> str:
    """Return the values of ``row``: time, step, p, who drove, and which of ``choices`` was proposed and executed."""
    episode = recording.episode
    parts = [f"{recording.time(row):.2f} s", f"step {int(recording.step[row])}"]
    p, low, high = (
        float(each[row])
        for each in (episode.intervention_prob, episode.intervention_prob_low, episode.intervention_prob_high)
    )
    if not math.isnan(p):
        # The published model has no band.
        band = "" if math.isnan(low) or math.isnan(high) else f" [{low:.2f}–{high:.2f}]"
        parts.append(f"p {p:.2f}{band}")
    if not math.isnan(float(episode.forecast[row])):
        parts.append(f"forecast {episode.forecast[row]:.2f}")
    if prediction is not None and row < len(prediction.probability) and not math.isnan(prediction.probability[row]):
        parts.append(f"{prediction.title} {prediction.probability[row]:.2f}")
    operator = episode.operator[row] or episode.record.start.operator
    parts.append(f"{operator or 'a person'} drove" if episode.intervention[row] else "policy drove")
    if typed := episode.words[row]:
        parts.append(f"typed: {typed}")
    if why := reasons_text(decode_reasons(episode.reasons[row]), episode.record.start.rate_hz):
        parts.append(f"why: {why}")
    if choices:
        proposed, executed = episode.policy_action[row].tolist(), episode.action[row].tolist()
        parts.append(choice_text(proposed, executed, choices, episode.policy_mean[row].tolist()))
    # Only events that no other part of the text names already.
    parts += [event.text for event in recording.events if event.row == row and event.kind in {"rewind", "hold", "end"}]
    return " · ".join(parts)


def step_table(
    recording: RecordedEpisode, prediction: Prediction | None, action_names: tuple[str, ...], *, discrete: bool
) -> Table:
    """Return everything that the timeline draws, one row for each step."""
    episode = recording.episode
    columns = ["row", "time (s)", "step", "intervention", "p", "p low", "p high", "forecast"]
    arrays = [
        range(len(recording)),
        [recording.time(row) for row in range(len(recording))],
        recording.step.tolist(),
        episode.intervention.astype(int).tolist(),
        episode.intervention_prob.tolist(),
        episode.intervention_prob_low.tolist(),
        episode.intervention_prob_high.tolist(),
        episode.forecast.tolist(),
    ]
    if prediction is not None:
        columns.append(f"p {prediction.title}")
        arrays.append(prediction.probability.tolist())
    # A policy with discrete actions proposes probabilities, the others propose a mean with a spread.
    detail_name, detail = ("probable", episode.policy_mean) if discrete else ("spread", episode.policy_std)
    for lane, name in enumerate(action_names):
        columns += [f"proposed {name}", f"{detail_name} {name}", f"executed {name}"]
        arrays += [each[:, lane].tolist() for each in (episode.policy_action, detail, episode.action)]
    return Table(tuple(columns), tuple(zip(*arrays, strict=True)))
