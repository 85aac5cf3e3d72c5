"""The simulated supervisors by name."""

from collections.abc import Callable, Mapping

import msgspec

from mile_desktop.errors import UserError
from mile_desktop.operators.inaccurate import InaccurateSupervisor
from mile_desktop.operators.no_operator import NO_SUPERVISOR, NoOperator
from mile_desktop.operators.novice import NoviceSettings, NoviceSupervisor
from mile_desktop.operators.operator import Expert, Operator
from mile_desktop.operators.probit import ProbitSettings, ProbitSupervisor
from mile_desktop.operators.segment import ATTENTIVE, SegmentSettings, SegmentSupervisor
from mile_desktop.operators.stall import StallSettings, StallSupervisor
from mile_desktop.operators.tired import TiredSettings, TiredSupervisor

Settings = ProbitSettings | SegmentSettings | NoviceSettings | StallSettings | TiredSettings
Factory = Callable[[Expert, Settings | None], Operator]


class UnknownSupervisorError(UserError, ValueError):
    """There is no simulated supervisor of that name, or the settings are of another one."""


def _no_operator(expert: Expert, settings: Settings | None) -> Operator:  # noqa: ARG001 - the table's signature
    return NoOperator()


def _probit(expert: Expert, settings: Settings | None) -> Operator:
    if settings is not None and not isinstance(settings, ProbitSettings):
        raise UnknownSupervisorError(f"The probit supervisor takes ProbitSettings, not {type(settings).__name__}.")
    return ProbitSupervisor(expert, settings)


def _segment(expert: Expert, settings: Settings | None, kind: str = "segment") -> Operator:
    if settings is not None and not isinstance(settings, SegmentSettings):
        raise UnknownSupervisorError(f"The {kind} supervisor takes SegmentSettings, not {type(settings).__name__}.")
    return SegmentSupervisor(expert, settings, kind=kind)


def _attentive(expert: Expert, settings: Settings | None) -> Operator:
    return _segment(expert, settings or ATTENTIVE, "attentive")


def _inaccurate_probit(expert: Expert, settings: Settings | None) -> Operator:
    return InaccurateSupervisor(_probit(expert, settings))


def _inaccurate_segment(expert: Expert, settings: Settings | None) -> Operator:
    return InaccurateSupervisor(_segment(expert, settings))


def _novice(expert: Expert, settings: Settings | None) -> Operator:
    if settings is not None and not isinstance(settings, NoviceSettings):
        raise UnknownSupervisorError(f"The novice supervisor takes NoviceSettings, not {type(settings).__name__}.")
    return NoviceSupervisor(expert, settings)


def _stall(expert: Expert, settings: Settings | None) -> Operator:
    if settings is not None and not isinstance(settings, StallSettings):
        raise UnknownSupervisorError(f"The stall supervisor takes StallSettings, not {type(settings).__name__}.")
    return StallSupervisor(expert, settings)


def _tired(expert: Expert, settings: Settings | None) -> Operator:
    if settings is not None and not isinstance(settings, TiredSettings):
        raise UnknownSupervisorError(f"The tired supervisor takes TiredSettings, not {type(settings).__name__}.")
    return TiredSupervisor(expert, settings)


SUPERVISORS: dict[str, Factory] = {
    NO_SUPERVISOR: _no_operator,
    "probit": _probit,
    "segment": _segment,
    "inaccurate-probit": _inaccurate_probit,
    "inaccurate-segment": _inaccurate_segment,
    "attentive": _attentive,
    "novice": _novice,
    "stall": _stall,
    "tired": _tired,
}
"""Name, as on the command line → function that makes it."""


def settings_of(name: str, values: Mapping[str, float]) -> Settings:
    """Return named values as the settings of the supervisor ``name``: what a message or a file can carry.

    Raises ``UnknownSupervisorError`` where the supervisor takes no settings, or none of such a name or type.
    """
    kinds: dict[str, type[Settings]] = {
        "probit": ProbitSettings,
        "segment": SegmentSettings,
        "attentive": SegmentSettings,
        "novice": NoviceSettings,
        "stall": StallSettings,
        "tired": TiredSettings,
    }
    if name not in kinds:
        raise UnknownSupervisorError(f"The supervisor {name!r} takes no settings; {', '.join(kinds)} do.")
    try:
        # Not strict: JSON and msgpack write a whole number of steps as 4.0 as well as 4.
        return msgspec.convert(dict(values), type=kinds[name], strict=False)
    except msgspec.ValidationError as error:
        raise UnknownSupervisorError(f"The settings of the supervisor {name!r} cannot be used: {error}") from error


def make_supervisor(name: str, expert: Expert, settings: Settings | None = None) -> Operator:
    """Return the simulated supervisor called ``name`` over ``expert``.

    Raises ``UnknownSupervisorError`` with the valid names, or if ``settings`` belong to another supervisor.
    """
    try:
        factory = SUPERVISORS[name]
    except KeyError:
        raise UnknownSupervisorError(
            f"There is no simulated supervisor {name!r}; there are {', '.join(SUPERVISORS)}."
        ) from None
    return factory(expert, settings)
