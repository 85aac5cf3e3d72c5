"""An export that is a single file: written beside its target and renamed at the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mile_desktop.interchange.errors import TargetTakenError
from mile_desktop.interchange.export_folder import PARTIAL_SUFFIX
from mile_desktop.privacy import give_own_rights
from mile_desktop.storage.durable import sync_folder


@contextmanager
def export_file(target: Path, *, force: bool, is_export: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield the path to write to; rename it to ``target`` if the block ends well, and remove it otherwise.

    Parameters
    ----------
    force
        Replace ``target`` if ``is_export`` says that this program wrote it.

    Raises
    ------
    TargetTakenError
        There is something at the target that must not be replaced.
    """
    target = target.expanduser().absolute()
    _expect_free(target, force=force, is_export=is_export)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + PARTIAL_SUFFIX)
    try:
        yield part
        _expect_free(target, force=force, is_export=is_export)  # again: the export may have taken an hour
        give_own_rights(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    # The new name itself is on the disk only when its folder is.
    sync_folder(target.parent)


def _expect_free(target: Path, *, force: bool, is_export: Callable[[Path], bool]) -> None:
    if not target.exists():
        return
    if not target.is_file() or not is_export(target):
        raise TargetTakenError(
            f"{target} exists and was not written by an earlier export, so it is not replaced; choose another name."
        )
    if not force:
        raise TargetTakenError(f"{target} exists already; choose another name, or add --force to replace it.")
