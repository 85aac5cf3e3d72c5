"""What a command says about a shift of its scene."""

from mile_desktop.commands.command import Report
from mile_desktop.scenes.catalogue import SceneInfo
from mile_desktop.scenes.shift import Shift


def note_what_has_no_effect(shift: Shift | None, info: SceneInfo, report: Report, *, pictures: bool) -> None:
    """Say which values of ``shift`` change nothing in the scene; a silent one would be taken for a tested one."""
    if shift is None:
        return
    idle = shift.without_effect(panda=info.kind == "panda", discrete=bool(info.choices), pictures=pictures)
    if idle:
        report.note(f"The shift {shift.name} names {', '.join(idle)}, which change nothing in {info.name} here.")
