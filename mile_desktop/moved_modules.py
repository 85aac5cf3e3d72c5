"""Old names of the modules that people's own scripts and scene folders import.

Public packages are ``mile_desktop.scenes``, ``.intervention``, ``.learning`` and ``.policies``. When a module of one of
them is renamed, add a row to ``MODULES``; when something inside a module is renamed or moves, add a row to ``NAMES``;
when it is removed, add a sentence to ``GONE``. The old import then works and gives a ``DeprecationWarning``, or fails
with an ``ImportError`` that says what to use now.

``mile_desktop/__init__.py`` installs the finder, so this module imports nothing but what Python has loaded by then.
"""

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

_INTERVENTION = "mile_desktop.intervention"
_LEARNING = "mile_desktop.learning"
_POLICIES = "mile_desktop.policies"
_FLOAT32 = "mile_desktop.arrays.Float32Array"
_FLOAT64 = "mile_desktop.arrays.Float64Array"

MODULES: dict[str, str] = {
    f"{_INTERVENTION}.live": f"{_INTERVENTION}.live_estimator",
    f"{_INTERVENTION}.one_state": f"{_INTERVENTION}.probability_numpy",
    f"{_INTERVENTION}.one_state_model": f"{_INTERVENTION}.model_numpy",
    f"{_LEARNING}.action_models": f"{_INTERVENTION}.action_distributions",
    f"{_LEARNING}.calibrating": f"{_INTERVENTION}.cost_fit",
    f"{_LEARNING}.cancelling": f"{_LEARNING}.cancellation",
    f"{_LEARNING}.clock": f"{_LEARNING}.trainer.epoch_loop",
    f"{_LEARNING}.held_back": f"{_LEARNING}.trainer.held_out_data",
    f"{_LEARNING}.intervention_stage": f"{_LEARNING}.pipeline.intervention_stage",
    f"{_LEARNING}.making": f"{_LEARNING}.pipeline.policy_pipeline",
    f"{_LEARNING}.order": f"{_LEARNING}.pipeline.config",
    f"{_LEARNING}.outcome": f"{_LEARNING}.result",
    f"{_LEARNING}.pipeline.stages": f"{_LEARNING}.progress",
    f"{_LEARNING}.rlif_actors": f"{_LEARNING}.rlif.actors",
    f"{_LEARNING}.runs": f"{_LEARNING}.pipeline.runs",
    f"{_LEARNING}.stages": f"{_LEARNING}.progress",
    f"{_LEARNING}.starting": f"{_LEARNING}.trainer.initial_networks",
    f"{_LEARNING}.threshold": f"{_INTERVENTION}.cost_fit",
    f"{_LEARNING}.trainer_state": f"{_LEARNING}.trainer.state",
    f"{_POLICIES}.one_state": f"{_POLICIES}.networks_numpy",
    f"{_POLICIES}.tensor_folder": f"{_POLICIES}.tensor_file",
    "mile_desktop.scenes.history": "mile_desktop.scenes.snapshots",
    "mile_desktop.scenes.loading": "mile_desktop.scenes.body_loader",
    "mile_desktop.scenes.steering": "mile_desktop.scenes.expert_moves",
}
"""Old module → new module."""

NAMES: dict[str, dict[str, str]] = {
    **{f"{_INTERVENTION}.{module}": {"FloatArray": _FLOAT64} for module in ("baselines", "compare", "scores")},
    f"{_INTERVENTION}.action_distributions": {
        "ActionModel": f"{_INTERVENTION}.action_distributions.ActionDistribution",
        "Scalar": f"{_INTERVENTION}.probability.Scalar",
        "action_model": f"{_LEARNING}.criterion.actions_of",
    },
    f"{_INTERVENTION}.calibration": {
        name: f"{_INTERVENTION}.cost_fit.{name}" for name in ("CalibrationError", "MOST_STEPS")
    },
    f"{_INTERVENTION}.ensemble": {
        "Distribution": f"{_INTERVENTION}.action_distributions.Distribution",
        "Opinions": f"{_INTERVENTION}.ensemble.MemberOutputs",
        "join_opinions": f"{_INTERVENTION}.ensemble.join_outputs",
    },
    f"{_INTERVENTION}.model": {
        name: f"{_INTERVENTION}.posterior.{name}"
        for name in ("BAND", "average_over_members", "log_probability_of_members")
    },
    f"{_INTERVENTION}.model_numpy": {"Opinion": f"{_INTERVENTION}.model_numpy.OneStateOutputs"},
    f"{_INTERVENTION}.probability": {"OwnLoss": f"{_INTERVENTION}.probability.ThresholdLoss"},
    f"{_INTERVENTION}.probability_numpy": {
        "Array": _FLOAT64,
        "OwnLossOfOne": f"{_INTERVENTION}.probability_numpy.ThresholdLossOfOne",
    },
    f"{_LEARNING}.batches": {"lay_out": f"{_LEARNING}.batches.build_training_data"},
    f"{_LEARNING}.settings": {"published_settings": f"{_LEARNING}.method_info.published_settings"},
    f"{_LEARNING}.dataset": {
        "DEMONSTRATORS": f"{_LEARNING}.data_hygiene.DEMONSTRATORS",
        "MINIMUM_FOR_HOLDING_BACK": f"{_LEARNING}.dataset.MINIMUM_FOR_HOLDING_OUT",
        "is_demonstration": f"{_LEARNING}.data_hygiene.is_demonstration",
    },
    f"{_LEARNING}.objectives": {
        "ImitationMass": f"{_LEARNING}.objectives.SampleWeights",
        "LOG_LEAST": f"{_LEARNING}.criterion.LEAST_LOG",
        "METHODS": f"{_LEARNING}.objectives.OBJECTIVES",
        "MassRule": f"{_LEARNING}.objectives.WeightingRule",
        "Weighing": f"{_LEARNING}.objectives.WeightingContext",
    },
    f"{_LEARNING}.pipeline.config": {
        "ORDER_FILE": f"{_LEARNING}.pipeline.config.RUN_CONFIG_FILE",
        "ORDER_SCHEMA": f"{_LEARNING}.pipeline.config.RUN_CONFIG_SCHEMA",
        "OrderError": f"{_LEARNING}.pipeline.config.RunConfigError",
        "TrainingOrder": f"{_LEARNING}.pipeline.config.RunConfig",
        "read_order": f"{_LEARNING}.pipeline.config.read_run_config",
        "write_order": f"{_LEARNING}.pipeline.config.write_run_config",
    },
    f"{_LEARNING}.pipeline.policy_pipeline": {
        "Cancel": f"{_LEARNING}.result.CancelCheck",
        "PolicyMaker": f"{_LEARNING}.pipeline.policy_pipeline.TrainingPipeline",
    },
    f"{_LEARNING}.result": {
        "AnyTrainer": f"{_LEARNING}.trainer.epoch_loop.EpochTrainer",
        "Cancelled": f"{_LEARNING}.result.CancelCheck",
    },
    # Two modules became packages of the same name.
    f"{_LEARNING}.rlif": {
        name: f"{_LEARNING}.rlif.trainer.{name}"
        for name in ("DISCOUNT", "RlifTrainer", "TwinCritic", "last_steps", "takeover_rewards")
    },
    f"{_LEARNING}.trainer": {
        "FEW_TAKEOVERS": f"{_LEARNING}.method_info.FEW_TAKEOVERS",
        "Trainer": f"{_LEARNING}.trainer.trainer.Trainer",
    },
    f"{_LEARNING}.trainer.held_out_data": {"HeldOut": f"{_LEARNING}.trainer.held_out_data.HeldOutData"},
    f"{_POLICIES}.checkpoint": {
        "POLICY_SCHEMA": f"{_POLICIES}.config.POLICY_SCHEMA",
        "STILL": f"{_POLICIES}.config.ZERO_METHOD",
    },
    f"{_POLICIES}.policy": {"FloatArray": _FLOAT32},
    f"{_POLICIES}.tensor_file": {
        "TensorFileError": f"{_POLICIES}.model_folder.ModelFileError",
        **{name: f"{_POLICIES}.model_folder.{name}" for name in ("read_bytes", "remove_leftovers", "write_folder")},
    },
    "mile_desktop.cameras.replay": {
        name: f"mile_desktop.cameras.video_files.{name}" for name in ("VIDEO_SUFFIX", "videos_in")
    },
    "mile_desktop.scenes.bullet": {
        "Array": _FLOAT64,
        "FloatArray": _FLOAT32,
    },
    "mile_desktop.scenes.description": {
        **{name: f"mile_desktop.scenes.scene_file.{name}" for name in ("AnyDescription", "read_head")},
        "BundleDescription": "mile_desktop.scenes.bundle_description.BundleDescription",
    },
    "mile_desktop.scenes.environment": {
        name: f"mile_desktop.scenes.snapshots.{name}" for name in ("SnapshotT", "Snapshots", "UnknownSnapshotError")
    },
    "mile_desktop.scenes.mirror": {"FloatArray": _FLOAT32},
    "mile_desktop.scenes.panda": {"Array": _FLOAT64},
    "mile_desktop.scenes.urdf": {"Array": _FLOAT64},
    "mile_desktop.scenes.modules": {"module_failed": "mile_desktop.scenes.scene_code.module_failed"},
}
"""Module (as it is called today) → old name in it → module and name of today."""

GONE: dict[str, dict[str, str]] = {
    f"{_INTERVENTION}.cost_fit": {"fit_threshold": "use fit_cost_and_scale, which takes RecordedDecisions."},
    f"{_INTERVENTION}.ensemble": {
        "categorical_std": f"use CategoricalActions().moments of {_INTERVENTION}.action_distributions."
    },
    f"{_INTERVENTION}.fit": dict.fromkeys(
        ("FALLBACK_COST", "FALLBACK_SCALE"), f"use FALLBACK of {_INTERVENTION}.cost_fit, which holds both numbers."
    ),
    f"{_INTERVENTION}.probability": {
        "categorical_outcome_log_likelihood": f"use outcome_loss of {_INTERVENTION}.objective_terms."
    },
    f"{_LEARNING}.objectives": {"intervention_loss": f"use decision_loss of {_INTERVENTION}.objective_terms."},
    f"{_LEARNING}.trainer.epoch_loop": {
        "run_epochs": "write a subclass of EpochTrainer, whose method run replaces it."
    },
}
"""Module (as it is called today) → removed name → a sentence: what to use instead."""


def install() -> None:
    """Make old names importable from now on, in this process."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        # First in the list, because Python's own finders would fail for an old name and would load a new one without
        # the old names.
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Answers for the modules of the tables; all others go to Python's own finders."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load ``fullname``, or None where the tables have nothing to say."""
        if fullname in MODULES:
            return ModuleSpec(fullname, _OldModule(MODULES[fullname]), origin=MODULES[fullname])
        if fullname not in NAMES and fullname not in GONE:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _WithOldNames(spec.loader.name, spec.loader.path)
        return spec


class _OldModule(Loader):
    """Loads an old name as a module of its own with the content of the new one.

    Not the new module itself: Python would write the old name into that one's ``__spec__``.
    """

    def __init__(self, new: str) -> None:
        self._new = new

    def create_module(self, _spec: ModuleSpec) -> None:
        """Let Python make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill ``module`` from the new one."""
        old = module.__name__
        # Level 2 is the import statement of the caller: Python leaves out the frames of its import system.
        warnings.warn(f"{old} is now {self._new}; import it from there.", DeprecationWarning, stacklevel=2)
        new = importlib.import_module(self._new)
        # Private names are not copied: nothing outside of this program may rely on them.
        vars(module).update({name: value for name, value in vars(new).items() if not name.startswith("_")})
        vars(module)["__getattr__"] = _old_names(old, self._new)


class _WithOldNames(SourceFileLoader):
    """Loads a module from its file and adds the names that it had before."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute the file; unknown names are then looked up in the tables."""
        super().exec_module(module)
        vars(module)["__getattr__"] = _old_names(module.__name__, module.__name__)


def _old_names(asked: str, new: str) -> Callable[[str], object]:
    """Return the ``__getattr__`` of module ``asked``, whose content stands in module ``new``."""
    moved: Mapping[str, str] = NAMES.get(new, {})
    gone: Mapping[str, str] = GONE.get(new, {})

    def find(name: str) -> object:
        if name in moved:
            module, _, today = moved[name].rpartition(".")
            warnings.warn(f"{asked}.{name} is now {moved[name]}; use that.", DeprecationWarning, stacklevel=2)
            return getattr(importlib.import_module(module), today)
        if name in gone:
            raise ImportError(f"{asked}.{name} was removed: {gone[name]}")
        # Python itself asks modules for names such as __path__ and __all__, and expects an AttributeError.
        if asked != new and not name.startswith("__"):
            raise ImportError(f"{asked} is now {new}, and there is no {name} in it; look for it there.")
        raise AttributeError(f"module {asked!r} has no attribute {name!r}")

    return find
