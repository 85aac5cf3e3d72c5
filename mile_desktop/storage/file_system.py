"""The kind of file system a workspace is on: databases and locks are not safe on every one."""

from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_UNSAFE = ("nfs", "cifs", "smb", "fuse.sshfs", "fuse.rclone", "9p", "afs", "ceph", "fuse.gcsfuse", "fuse.s3fs", "davfs")
"""File systems of a network; their locks hold between computers only with luck, and SQLite's log needs them."""


def file_system_of(folder: Path, mounts: Path = _MOUNTS) -> str:
    """Return the kind of file system that ``folder`` is on; empty where the system does not say it."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    place = folder.resolve()
    best, kind = -1, ""
    for line in lines:
        before, _, behind = line.partition(" - ")
        point = Path(before.split(" ")[4].replace("\\040", " "))
        # of mounts in one place the last one counts; deeper ones hide those above
        if (place == point or point in place.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), behind.split(" ")[0]
    return kind


def network_problem(folder: Path, mounts: Path = _MOUNTS) -> str:
    """Return a sentence if ``folder`` is on a network file system; otherwise an empty text."""
    kind = file_system_of(folder, mounts)
    if not kind.startswith(_UNSAFE):
        return ""
    return (
        f"{folder} is on a network file system ({kind}), where two programs may not see each other's locks; move the "
        "workspace to a local disk, and copy it from there."
    )
