"""One sentence about each column of a step, written into every episode file for readers without this program."""

MEANINGS: dict[str, str] = {
    "timestamp": "Monotonic time of the control tick, s.",
    "observation": "What policy and operator saw before the step.",
    "policy_action": "What the policy proposed, executed or not; each entry in [-1, 1].",
    "policy_mean": "Mean of the policy's distribution at this step.",
    "policy_std": "Its standard deviation.",
    "human_action": "What the person commanded; null where intervention is false.",
    "action": "The executed action, each entry in [-1, 1].",
    "intervention": "A person (or a simulated supervisor) drove in this step.",
    "intervention_prob": "Probability of an intervention as it was shown; NaN where none was shown.",
    "intervention_prob_low": "Lower edge of its band; NaN where none was shown.",
    "intervention_prob_high": "Upper edge of its band; NaN where none was shown.",
    "forecast": "Probability of a takeover within the next ten steps as it was shown; NaN where none was shown.",
    "control_phase": "Phase of the control loop: autonomous, takeover and others.",
    "reward": "Reward of the step, as the scene gives it.",
    "success": "The scene says that the task is done after this step.",
    "scene_state": "Enough to draw the scene before the step; not meant as an input of a policy.",
    "starts_at_row": (
        "After a rewind: the row from whose state this step was taken; -1: the row before; -2: a row that was trimmed."
    ),
    "operator": "Who drove where intervention is true, for example gamepad; else empty.",
    "reasons": "Why the forecast was higher than usual; empty for no reason.",
    "call_mark": "The person's judgement of the call or takeover before this step; mostly empty.",
    "words": "Where words drove: what was typed and what it was understood as; else empty.",
}
"""Name of the attribute in ``StepColumns`` → its meaning."""
