"""Import and export of a policy: a folder, a zip archive, or a safetensors file with its description.

Nothing that is imported can run code: only named files are read, each up to a size, and none is a pickle. Whether the
files are a valid policy is checked by ``checkpoint``.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from mile_desktop.policies.config import CONFIG_FILE, MENTAL_FILE, MODEL_FILE
from mile_desktop.policies.model_folder import CHECKSUM_FILE
from mile_desktop.policies.policy import PolicyFileError
from mile_desktop.privacy import give_own_rights

DESCRIPTION = CONFIG_FILE
WEIGHTS = MODEL_FILE
_OPTIONAL = (MENTAL_FILE, CHECKSUM_FILE)
_TAKEN = (DESCRIPTION, WEIGHTS, *_OPTIONAL)
MOST_BYTES = 512 * 1024 * 1024
"""A larger file is refused: the policies here have a few hundred thousand weights."""
_MOST_DESCRIPTION_BYTES = 1024 * 1024
_MOST_ENTRIES = 1000
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, LookupError,
    OverflowError, MemoryError,
)  # fmt: skip
"""What ``zipfile`` raises for an archive with changed bytes: a wrong version or method counts as not implemented, a
wrong flag as encrypted, a wrong name as no text."""
_PICKLES = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib", ".npy", ".npz"}


def read_parcel(source: Path) -> dict[str, bytes]:
    """Read the files of a policy from a folder, a zip archive or a safetensors file beside its ``config.json``.

    Returns
    -------
    File name → content: ``config.json``, ``model.safetensors`` and, where they are there, ``mental.safetensors`` and
    ``checksums.json``.

    Raises
    ------
    PolicyFileError
        Nothing is there, a file is missing or too large, it is of another kind, or the archive is damaged or reaches
        outside of itself.
    """
    try:
        if source.is_dir():
            return _read_folder(source, WEIGHTS)
        if not source.exists():
            raise PolicyFileError(f"There is nothing at {source}; choose a folder, a .zip or a .safetensors file.")
        if source.suffix.lower() == ".safetensors":
            return _read_folder(source.parent, source.name)
        if source.suffix.lower() in _PICKLES:
            raise PolicyFileError(_no_pickles(source.name))
        if source.suffix.lower() != ".zip" and not zipfile.is_zipfile(source):
            raise PolicyFileError(
                f"{source.name} is neither a folder nor a zip archive nor a safetensors file; export the policy again."
            )
        return _read_zip(source)
    except OSError as error:
        raise PolicyFileError(f"{source} cannot be read: {error.strerror or error}.") from error


def write_parcel(folder: Path, target: Path, *, force: bool = False) -> Path:
    """Copy the policy in ``folder`` to ``target``: a zip archive where it ends in ``.zip``, else a new folder.

    Parameters
    ----------
    force
        Replace an archive of that name, or the files of a policy in a folder of that name. Any other folder with
        something in it is refused all the same.

    Returns
    -------
    ``target``.

    Raises
    ------
    PolicyFileError
        The policy is incomplete.
    FileExistsError
        ``target`` is there already and must not be replaced.
    OSError
        The disk refuses; nothing half is left behind.
    """
    files = _read_folder(folder, WEIGHTS)
    if target.suffix.lower() == ".zip":
        if target.exists() and not (force and target.is_file()):
            raise FileExistsError(f"{target} is there already; choose another name, or add --force to replace it.")
        _write_archive(files, target)
        give_own_rights(target)
        return target
    if target.exists() and (not target.is_dir() or not _may_fill(target, force=force)):
        raise FileExistsError(f"{target} is there already and not empty; choose another name.")
    target.mkdir(parents=True, exist_ok=True)
    for name in _OPTIONAL:  # of the policy that is replaced
        if name not in files:
            (target / name).unlink(missing_ok=True)
    for name, content in files.items():
        (target / name).write_bytes(content)
        give_own_rights(target / name)
    give_own_rights(target)
    return target


def _may_fill(target: Path, *, force: bool) -> bool:
    there = {path.name for path in target.iterdir()}
    return not there or (force and {DESCRIPTION, WEIGHTS} <= there <= {*_TAKEN})


def _write_archive(files: Mapping[str, bytes], target: Path) -> None:
    beside = target.with_name(f".{target.name}.partial")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(f"{target.stem}/{name}", content)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _read_folder(folder: Path, weights: str) -> dict[str, bytes]:
    if not folder.is_dir():
        raise PolicyFileError(f"The folder of the policy, {folder}, is not there any more; restore it from a backup.")
    there = {path.name for path in folder.iterdir() if path.is_file()}
    named = {DESCRIPTION: DESCRIPTION, WEIGHTS: weights, **{name: name for name in _OPTIONAL if name in there}}
    if weights != WEIGHTS:
        named.pop(CHECKSUM_FILE, None)  # it belongs to the file with the usual name
    _expect_complete([weights if name == WEIGHTS else name for name in there], folder.name, weights)
    return {name: _read_file(folder / file) for name, file in named.items()}


def _read_file(path: Path) -> bytes:
    limit = _limit(path.name)
    with path.open("rb") as file:
        # One byte more than allowed shows that the file is too large without reading it all.
        content = file.read(limit + 1)
    return _within(content, limit, path.name)


def _read_zip(source: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(source) as archive:
            return _read_archive(archive, source.name)
    except PolicyFileError:
        raise
    except _DAMAGE as error:
        # one place for opening and reading: a changed byte may show in either
        raise PolicyFileError(
            f"{source.name} is damaged ({str(error) or type(error).__name__}); copy it again from where it came from."
        ) from error


def _read_archive(archive: zipfile.ZipFile, title: str) -> dict[str, bytes]:
    # Nothing is unpacked to the disk: entries are read one by one into memory, up to their limit.
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith(("/", "\\"))]
    if len(entries) > _MOST_ENTRIES:
        raise PolicyFileError(f"{title} holds {len(entries)} files; a policy is two or three. Export it again.")
    for entry in entries:
        _expect_harmless(entry, title)
    folders = [_path(entry).parent for entry in entries if _base(entry) == DESCRIPTION]
    if len(folders) > 1:
        raise PolicyFileError(f"{title} holds {len(folders)} policies; export the one you want alone.")
    home = folders[0] if folders else PurePosixPath()
    here = {_base(entry): entry for entry in entries if _path(entry).parent == home}
    _expect_complete([_base(entry) for entry in entries] if not folders else here, title, WEIGHTS)
    return {name: _read_entry(archive, here[name]) for name in _TAKEN if name in here}


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    limit = _limit(_base(entry))
    with archive.open(entry) as file:
        content = file.read(limit + 1)  # the size that the archive states may be wrong
    return _within(content, limit, entry.filename)


def _expect_harmless(entry: zipfile.ZipInfo, title: str) -> None:
    path = _path(entry)
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    # A colon is a separator on Windows, where "C:file" leaves the folder.
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename or is_link:
        raise PolicyFileError(
            f"{title} holds {entry.filename!r}, which reaches outside of the archive; it is not opened. "
            "Ask for another copy."
        )
    if entry.flag_bits & 1:
        raise PolicyFileError(f"{title} is encrypted; unpack it and import the folder.")


def _expect_complete(names: Iterable[str], title: str, weights: str) -> None:
    there = set(names)
    missing = [name for name in (DESCRIPTION, weights) if name not in there]
    if not missing:
        return
    pickles = sorted(name for name in there if Path(name).suffix.lower() in _PICKLES)
    if pickles and weights in missing:
        raise PolicyFileError(_no_pickles(pickles[0]))
    raise PolicyFileError(
        f"{title} holds no {' and no '.join(missing)}; a policy is a folder or a zip archive with {DESCRIPTION} and "
        f"{WEIGHTS} in it."
    )


def _no_pickles(name: str) -> str:
    return f"{name} may hold a pickle, and opening one can run code; it is not opened. Only safetensors are read."


def _limit(name: str) -> int:
    return _MOST_DESCRIPTION_BYTES if name in {DESCRIPTION, CHECKSUM_FILE} else MOST_BYTES


def _within(content: bytes, limit: int, name: str) -> bytes:
    if len(content) > limit:
        raise PolicyFileError(
            f"{name} is larger than {limit // 2**20} MiB; policies of this program are smaller, so it is refused."
        )
    return content


def _path(entry: zipfile.ZipInfo) -> PurePosixPath:
    """Return the path inside the archive; older Windows tools write backslashes between folders."""
    return PurePosixPath(entry.filename.replace("\\", "/"))


def _base(entry: zipfile.ZipInfo) -> str:
    return _path(entry).name
