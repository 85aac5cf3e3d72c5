"""How well takeovers are predicted on the recorded episodes of a workspace."""

import msgspec

from mile_desktop.intervention.compare import ComparedPredictor, compare_predictors
from mile_desktop.learning.dataset import split_episodes
from mile_desktop.registry.intervention_models import model_in_use
from mile_desktop.registry.recorded_steps import recorded_steps
from mile_desktop.storage.call_curve import LineWish
from mile_desktop.storage.workspace import Workspace

HELD_OUT_SHARE = 0.3
"""Share of the episodes on which predictors are scored; the baselines learn from the rest."""


def score_recorded(
    workspace: Workspace, scene: str, reference: str = "", *, line: LineWish, seed: int = 0
) -> tuple[tuple[ComparedPredictor, ...], tuple[str, ...]]:
    """Score every predictor on held-out episodes of the workspace; also return sentences about what is left out.

    Only the members of the intervention model that have not seen an episode predict it. The baselines learn from the
    episodes that are not held out. Raises ``ScoreError`` where there is too little to score.
    """
    recorded = recorded_steps(workspace, scene).attended()
    split = split_episodes(recorded.steps, share=HELD_OUT_SHARE, seed=seed)
    model = model_in_use(workspace, scene, reference)
    return compare_predictors(model, split.train, split.held_out, line=line), recorded.notes


def as_json(predictor: ComparedPredictor) -> dict[str, object]:
    """Return the scores of one predictor as JSON-representable values; a score that does not exist is null."""
    fields: dict[str, object] = msgspec.json.decode(msgspec.json.encode(predictor))
    return fields
