"""The learning methods as people choose them: names, titles, sentences, and which settings each uses; no torch.

What a method computes is in ``objectives.OBJECTIVES`` (imitation, with or without ν) and in ``rlif``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mile_desktop.errors import UserError
from mile_desktop.learning.setting_info import SettingGroup
from mile_desktop.learning.settings import SETTINGS, TrainingSettings

RLIF = "rlif"

FEW_TAKEOVERS = 5
"""With fewer takeovers a retrained policy usually got worse (success .71 → .36–.42 in the trials of
``docs/method.md``, trap 7)."""


class UnknownMethodError(UserError, ValueError):
    """There is no learning method of that name."""


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """One learning method in a menu."""

    name: str
    """On the command line and in files."""
    title: str
    summary: str
    """One sentence for people."""
    groups: frozenset[SettingGroup]
    """Groups of settings that it uses."""

    @property
    def learns_from_decisions(self) -> bool:
        """Whether ν itself is learned from: λ > 0."""
        return SettingGroup.INTERVENTION in self.groups

    def uses(self, setting: str) -> bool:
        """Return whether the setting of that name means anything to this method."""
        return SETTINGS[setting].group in self.groups


_IMITATION = frozenset({SettingGroup.COMMON, SettingGroup.IMITATION})
_WITH_DECISIONS = _IMITATION | {SettingGroup.INTERVENTION, SettingGroup.WARM_UP}

METHODS: tuple[MethodInfo, ...] = (
    MethodInfo(
        "mile",
        "MILE",
        "Learns from your corrections and from when you stayed silent.",
        _WITH_DECISIONS | {SettingGroup.SILENT_STEPS},
    ),
    MethodInfo("bc", "Behaviour cloning", "Imitates everything that was executed.", _IMITATION),
    MethodInfo("hg-dagger", "HG-DAgger", "Imitates your corrections only.", _IMITATION),
    MethodInfo("iwr", "IWR", "Imitates corrections and the rest at half the weight each.", _IMITATION),
    MethodInfo("sirius", "Sirius", "Imitates corrections most and what led to them least.", _IMITATION),
    MethodInfo("mile-iwr", "MILE + IWR", "Imitates like IWR and learns from when you stayed silent.", _WITH_DECISIONS),
    MethodInfo(
        RLIF,
        "RLIF",
        "Avoids what made you take over, by reinforcement learning.",
        frozenset({SettingGroup.COMMON, SettingGroup.WARM_UP}),
    ),
)
"""In menu order."""

_BY_NAME: Mapping[str, MethodInfo] = {each.name: each for each in METHODS}


def method_info(name: str) -> MethodInfo:
    """Return the method called ``name``, or raise ``UnknownMethodError`` with the names of all methods."""
    if name not in _BY_NAME:
        known = ", ".join(_BY_NAME)
        raise UnknownMethodError(f"There is no learning method {name!r}; the methods are {known}.")
    return _BY_NAME[name]


def published_settings(settings: TrainingSettings | None = None) -> TrainingSettings:
    """Return ``settings`` with what the publication used.

    300 epochs, batch 1024, a joint mental model tied to nothing else, silent steps in the BCE only, no warm-up.
    """
    return replace(
        settings or TrainingSettings(),
        method="mile",
        epochs=300,
        batch=1024,
        balance=0.5,
        schedule="constant",
        mental_model="published",
        silence=0.0,
        follow_through=0,
        calm=0.0,
        takeover_trial=0,
        hidden=(256, 256),
        networks=1,
        warm_up=0.0,
    )
