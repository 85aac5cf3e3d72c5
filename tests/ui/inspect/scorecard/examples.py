"""A scorecard small enough to be checked by hand."""

import msgspec

from mile_desktop.evaluation.scorecard import CurvePoint, ReliabilityPoint, Scorecard, ScoredEpisode, ScoredPredictor

NU = (False,) * 6 + (True,) * 3 + (False,) * 3
ASKED = (True,) * 7 + (False, False, False, True, True)
AHEAD = (False,) * 2 + (True,) * 5 + (False,) * 5
RISING = (0.1, 0.1, 0.1, 0.2, 0.7, 0.8, 0.9, None, None, None, 0.1, 0.1)
JUMPY = (0.1, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1, None, None, None, 0.1, 0.9)


def predictor(name: str, *traces: tuple[float | None, ...]) -> ScoredPredictor:
    return ScoredPredictor(
        name=name,
        steps=18,
        rate=0.3,
        log_likelihood=-0.3,
        brier=0.1,
        auroc=0.9,
        average_precision=0.8,
        phase_matched_auroc=None,
        calibration_error=0.05,
        roc=(CurvePoint(0.0, 0.0, 1.0), CurvePoint(0.0, 0.6, 0.7), CurvePoint(1.0, 1.0, 0.1)),
        precision_recall=(CurvePoint(0.2, 1.0, 0.9), CurvePoint(0.6, 1.0, 0.7), CurvePoint(1.0, 0.3, 0.1)),
        reliability=(ReliabilityPoint(0.1, 0.05, 9, 0.1, 0.1), ReliabilityPoint(0.8, 1.0, 4, 0.2, 0.9)),
        traces=traces,
    )


def card(**changes: object) -> Scorecard:
    fields: dict[str, object] = {
        "scene": "peg-insertion",
        "model_id": "m-1",
        "rate_hz": 20.0,
        "horizon_steps": 5,
        "episodes": (
            ScoredEpisode(
                episode_id="ep-1", policy_id="p", outcome="success", intervention=NU, asked=ASKED, ahead=AHEAD
            ),
            ScoredEpisode(
                episode_id="ep-2",
                policy_id="p",
                outcome="failure",
                first_row=100,
                intervention=NU,
                asked=ASKED,
                ahead=AHEAD,
            ),
        ),
        "learned_from": 7,
        "notes": ("The model was fitted to 2 of the 2 episodes.",),
        "predictors": (predictor("majority", JUMPY, JUMPY), predictor("forecast", RISING, JUMPY)),
    }
    return Scorecard(**{**fields, **changes})  # type: ignore[arg-type]


def all_successes() -> Scorecard:
    plain = card()
    return msgspec.structs.replace(
        plain, episodes=tuple(msgspec.structs.replace(each, outcome="success") for each in plain.episodes)
    )
