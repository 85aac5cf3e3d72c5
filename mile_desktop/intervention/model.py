"""The intervention model as an artefact of its own: ``config.json`` and ``model.safetensors`` in a folder."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import torch

from mile_desktop.errors import UserError
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.ensemble import (
    CategoricalEnsemble,
    GaussianEnsemble,
    HumanEnsemble,
    MemberOutputs,
    StackedMlp,
    join_outputs,
)
from mile_desktop.intervention.forecast import SIGNALS, Forecast, build_forecast_networks
from mile_desktop.intervention.model_config import MODEL_SCHEMA, HeldOutScore, ModelConfig, TemporalParameters
from mile_desktop.intervention.posterior import Predictions, posterior_predictive
from mile_desktop.intervention.strata import unseen_by
from mile_desktop.policies.limits import STD_FLOOR
from mile_desktop.policies.model_folder import check_unchanged, raised_as, read_description, write_folder
from mile_desktop.policies.tensor_file import check_finite, check_tensors, encode_tensors, read_tensors

__all__ = [
    "HeldOutScore",
    "InterventionModel",
    "InterventionModelError",
    "ModelConfig",
    "TemporalParameters",
    "load_intervention_model",
    "save_intervention_model",
]

CONFIG_FILE = "config.json"
MODEL_FILE = "model.safetensors"

_MOST_MEMBERS, _MOST_UNITS = 256, 1 << 20
_CORRECTED = "corrected"  # name of the forecast's remembered states
_CHUNK = 4096  # steps evaluated at once


class InterventionModelError(UserError, ValueError):
    """An intervention model cannot be used; the message says what was found, what was expected and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class InterventionModel:
    """An ensemble of human-action models with cost, scale and what it came from."""

    config: ModelConfig
    ensemble: HumanEnsemble
    mental: HumanEnsemble | None = None
    """One member guessing π̂; there where ``config.mental_rule`` is ``learned``."""
    forecast: Forecast | None = None
    """What is forecast for the next steps; None where it could not be fitted."""

    def with_config(self, **changes: Any) -> "InterventionModel":  # noqa: ANN401 - the fields of ModelConfig
        """Return the same networks under a changed description."""
        return replace(self, config=msgspec.structs.replace(self.config, **changes))

    def with_forecast(self, forecast: Forecast | None) -> "InterventionModel":
        """Return the same model with another forecast."""
        config = msgspec.structs.replace(self.config, forecast=forecast.config if forecast else None)
        return replace(self, config=config, forecast=forecast)

    def expect(self, observation_size: int, action_size: int) -> None:
        """Raise ``InterventionModelError`` unless the model is for observations and actions of these sizes."""
        found = (self.config.observation_size, self.config.action_size)
        if found != (observation_size, action_size):
            raise InterventionModelError(
                f"Intervention model {self.config.model_id or 'without a name'} is for {found[0]} observation and "
                f"{found[1]} action entries, the scene has {observation_size} and {action_size}; choose one that was "
                "fitted in this scene."
            )

    def distances(self, observation: torch.Tensor, policy_mean: torch.Tensor, policy_std: torch.Tensor) -> torch.Tensor:
        """Return K of every member, float64[members, t], against π̂ as ``mental_rule`` says.

        ``observation`` float32[t, n]; ``policy_mean`` and ``policy_std`` float32[t, a], of the policy running then.
        """
        return self.member_outputs(observation, policy_mean, policy_std).distances

    def member_outputs(
        self, observation: torch.Tensor, policy_mean: torch.Tensor, policy_std: torch.Tensor
    ) -> MemberOutputs:
        """Evaluate every member at each step; arguments as in ``distances``."""
        chunks = []
        with torch.no_grad():
            # At least once, so that no steps give outputs of the right shapes.
            for first in range(0, max(1, len(observation)), _CHUNK):
                part = slice(first, first + _CHUNK)
                mental = self._mental(observation[part], policy_mean[part], policy_std[part])
                chunks.append(self.ensemble.member_outputs(observation[part], *mental))
        return chunks[0] if len(chunks) == 1 else join_outputs(chunks)

    def _mental(
        self, observation: torch.Tensor, policy_mean: torch.Tensor, policy_std: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return π̂."""
        if self.mental is None:
            return policy_mean, policy_std
        mean, std = self.mental.actions.moments(self.mental.distribution(observation))
        return mean[0], std[0]

    def unseen(self, steps: SupervisedSteps) -> torch.Tensor:
        """Return bool[members, t]: the member was not fitted to the episode the step belongs to."""
        config = self.config
        return unseen_by(steps, config.episode_ids, config.left_out or ((),) * config.members)

    def predict(self, steps: SupervisedSteps, *, honest: bool = True) -> Predictions:
        """Predict ν of recorded steps against the π̂ recorded with them.

        Parameters
        ----------
        honest : bool
            Ask only members that have not seen the episode (all of them where every member has).
        """
        outputs = self.member_outputs(steps.observation, steps.policy_mean, steps.policy_std)
        asked = self.unseen(steps) if honest else torch.ones_like(outputs.distances, dtype=torch.bool)
        return posterior_predictive(
            outputs.distances,
            outputs.threshold_loss,
            cost=self.config.cost,
            cdf_scale=self.config.cdf_scale,
            asked=asked | ~asked.any(0),
        )


def build_ensemble(config: ModelConfig) -> HumanEnsemble:
    """Make untrained networks of the described sizes; ``ValueError`` where they are impossible."""
    if config.actions == "categorical":
        return CategoricalEnsemble(config.members, config.observation_size, config.action_size, config.hidden)
    return GaussianEnsemble(
        config.members,
        config.observation_size,
        config.action_size,
        config.hidden,
        std_floor=config.std_floor,
        std_ceiling=config.std_ceiling,
    )


def build_forecast(config: ModelConfig) -> Forecast | None:
    """Make the untrained parts of the forecast where ``config`` describes one."""
    described = config.forecast
    if described is None:
        return None
    onset, progress = build_forecast_networks(described)
    return Forecast(described, onset, progress, torch.zeros(len(described.corrected), described.observation_size))


def build_mental(config: ModelConfig) -> HumanEnsemble | None:
    """Make the untrained network for π̂ where ``config`` asks for one."""
    if config.mental_rule == "running":
        return None
    # a policy may be surer of itself than the floor for humans allows
    return build_ensemble(msgspec.structs.replace(config, members=1, std_floor=min(config.std_floor, STD_FLOOR)))


def save_intervention_model(folder: Path, model: InterventionModel, *, replace: bool = False) -> None:
    """Write ``model`` so that it is there whole or not at all.

    Raises
    ------
    InterventionModelError
        When weights or parameters are not finite.
    FileExistsError
        When the folder exists and is not to be replaced.
    WorkspaceError
        When the disk refuses, or is full.
    """
    tensors = _tensors(model)
    with raised_as(InterventionModelError):
        check_finite(folder / MODEL_FILE, tensors)
    # Before writing, as in ``read``: a file that could not be read again must not be made.
    _check_config(folder / CONFIG_FILE, model.config)
    text = msgspec.json.format(msgspec.json.encode(model.config), indent=2)
    write_folder(folder, {CONFIG_FILE: text, MODEL_FILE: encode_tensors(tensors)}, replace=replace)


def read_model_config(folder: Path) -> ModelConfig:
    """Read and check ``config.json``; ``InterventionModelError`` where it is missing, damaged, impossible or newer."""
    path = folder / CONFIG_FILE
    with raised_as(InterventionModelError):
        config = read_description(
            path,
            ModelConfig,
            schema=MODEL_SCHEMA,
            noun="description of an intervention model",
            remedy="copy the model again",
        )
    _check_config(path, config)
    return config


def load_intervention_model(folder: Path) -> InterventionModel:
    """Load the intervention model in ``folder``.

    Raises
    ------
    InterventionModelError
        When a file is missing, truncated, not safetensors, from a newer version, when tensors are not those of the
        description, or when numbers are not finite.
    """
    config = read_model_config(folder)
    path = folder / MODEL_FILE
    try:
        with torch.device("meta"):  # sizes only: a description must not be able to claim all memory
            model = InterventionModel(config, build_ensemble(config), build_mental(config), build_forecast(config))
    except ValueError as error:
        raise InterventionModelError(f"{folder / CONFIG_FILE} describes an impossible model: {error}") from error
    with raised_as(InterventionModelError):
        tensors = read_tensors(path)
        check_tensors(path, tensors, _tensors(model))
        check_unchanged(folder)
    for prefix, network in _networks(model).items():
        # By prefix, because all networks share one file.
        own = {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}
        network.load_state_dict(own, assign=True)
        network.eval().requires_grad_(requires_grad=False)
    if model.forecast is None:
        return model
    return replace(model, forecast=replace(model.forecast, corrected=tensors[_CORRECTED]))


def _networks(model: InterventionModel) -> dict[str, StackedMlp]:
    """Return the networks of ``model`` by the prefix of their tensors."""
    networks: dict[str, StackedMlp] = {"ensemble.": model.ensemble}
    if model.mental is not None:
        networks["mental."] = model.mental
    if model.forecast is not None:
        networks |= {"onset.": model.forecast.onset, "progress.": model.forecast.progress}
    return networks


def _tensors(model: InterventionModel) -> dict[str, torch.Tensor]:
    tensors = {
        prefix + name: each
        for prefix, network in _networks(model).items()
        for name, each in network.state_dict().items()
    }
    return tensors if model.forecast is None else {**tensors, _CORRECTED: model.forecast.corrected}


def _check_config(path: Path, config: ModelConfig) -> None:
    if not (math.isfinite(config.cost) and math.isfinite(config.cdf_scale) and config.cdf_scale > 0):
        raise InterventionModelError(
            f"{path}: cost is {config.cost:g} and cdf_scale {config.cdf_scale:g}; both must be finite and the scale "
            "positive. Fit or calibrate the model again."
        )
    units = (config.observation_size, config.action_size, *config.hidden)
    # The numbers come from a file, perhaps of another person. Without limits it could ask for any amount of memory.
    if not 1 <= config.members <= _MOST_MEMBERS or not all(1 <= each <= _MOST_UNITS for each in units):
        raise InterventionModelError(
            f"{path} describes {config.members} members with layers {units}; expected 1 to {_MOST_MEMBERS} members and "
            "positive sizes."
        )
    if config.forecast is not None:
        _check_forecast(path, config)
    temporal = config.temporal
    if temporal is not None and not (
        temporal.cdf_scale > 0 and 0 <= temporal.retention < 1 and temporal.delay_steps >= 0 < temporal.hand_back <= 1
    ):
        raise InterventionModelError(
            f"{path}: temporal parameters {temporal} are out of range; fit the temporal model again."
        )
    if config.left_out and len(config.left_out) != config.members:
        raise InterventionModelError(
            f"{path} says for {len(config.left_out)} members which episodes they left out, but there are "
            f"{config.members}; copy the model again."
        )


def _check_forecast(path: Path, config: ModelConfig) -> None:
    described = config.forecast
    if described is None:
        return
    tables = (described.weights, described.centre, described.scale)
    numbers = [described.bias, *(number for table in tables for number in table)]
    if not all(map(math.isfinite, numbers)) or min((*described.weights, *described.scale), default=0) < 0:
        raise InterventionModelError(f"{path}: the forecast's weights are not finite or negative; fit it again.")
    fits = described.observation_size == config.observation_size
    fits &= described.inputs == config.observation_size + config.action_size and len(described.corrected) >= 1
    if not fits or {len(table) for table in tables} != {len(SIGNALS)} or max(described.hidden) > _MOST_UNITS:
        raise InterventionModelError(
            f"{path}: the forecast is for {described.observation_size} observation entries and "
            f"{len(described.weights)} signals, expected {config.observation_size} and {len(SIGNALS)}; fit it again."
        )
