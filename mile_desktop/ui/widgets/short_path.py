"""A folder's path as short as a person can still recognise it."""

from pathlib import Path

_MOST = 44


def short_path(path: str, home: Path | None = None) -> str:
    """Return ``path`` with ``~`` for the home folder, and ``…`` for the middle where it is still long.

    Parameters
    ----------
    path
        As it is stored; empty stays empty.
    home
        The home folder, by default that of the user.
    """
    if not path:
        return ""
    folder, home = Path(path), home or Path.home()
    text = f"~/{folder.relative_to(home).as_posix()}" if folder.is_relative_to(home) else path
    if len(text) <= _MOST:
        return text
    # The end tells two folders apart. The tooltip has the whole path.
    end = folder.parts[-2:]
    return f"{'~' if text.startswith('~') else folder.anchor.rstrip('/')}/…/{'/'.join(end)}"
