"""A model of a person whose every action is zero: networks without weights."""

from collections.abc import Callable

import pytest

from mile_desktop.intervention.model import InterventionModel, ModelConfig, TemporalParameters, build_ensemble

MakeModel = Callable[..., InterventionModel]


@pytest.fixture
def resting_human() -> MakeModel:
    """Return a function that makes the model from cost, temporal parameters and kind of actions."""

    def make(
        cost: float = 2.0,
        temporal: TemporalParameters | None = None,
        *,
        discrete: bool = False,
        episode_ids: tuple[str, ...] = (),
        left_out: tuple[tuple[str, ...], ...] = (),
    ) -> InterventionModel:
        config = ModelConfig(
            members=3,
            observation_size=3,
            action_size=2,
            hidden=(4,),
            cost=cost,
            cdf_scale=0.1,
            temporal=temporal,
            actions="categorical" if discrete else "gaussian",
            episode_ids=episode_ids,
            left_out=left_out,
            takeovers=9,
        )
        return InterventionModel(config, build_ensemble(config).eval())

    return make
