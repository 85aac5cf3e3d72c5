"""``mile-desktop install-launcher``: a menu entry and an icon for the window, by the freedesktop.org rules."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from mile_desktop.commands.command import CommandError, Report
from mile_desktop.paths import ICON

_NAME = "mile-desktop"
"""Also the name that the window gives to the desktop (``setDesktopFileName``), so that both get the same icon."""


def run(options: argparse.Namespace, report: Report) -> None:
    """Write or remove the entry of the person who runs the command; raise ``CommandError`` on other systems."""
    if not sys.platform.startswith("linux"):
        raise CommandError("Menu entries are made on Linux only; start the window with `mile-desktop`.")
    entry, icon = launcher_files()
    if options.remove:
        for path in (entry, icon):
            path.unlink(missing_ok=True)
        report.say({"removed": [str(entry), str(icon)]}, f"Removed {entry} and {icon}.")
        return
    for path in (entry, icon):
        path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ICON, icon)
    entry.write_text(_entry(icon), encoding="utf-8")
    report.say({"entry": str(entry), "icon": str(icon)}, f"MILE Desktop is in the menu: {entry}.")


def launcher_files() -> tuple[Path, Path]:
    """Return the paths of the menu entry and of the icon."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "applications" / f"{_NAME}.desktop", data / "icons" / "hicolor" / "scalable" / "apps" / f"{_NAME}.svg"


def _entry(icon: Path) -> str:
    # the interpreter by its path: a menu does not know the virtual environment that the program is installed in
    command = f"{_quoted(sys.executable)} -m mile_desktop window"
    lines = (
        "[Desktop Entry]",
        "Type=Application",
        "Name=MILE Desktop",
        "Comment=Supervise a robot policy, take over, and retrain it",
        f"Exec={command}",
        f"Icon={icon}",
        "Terminal=false",
        "Categories=Science;Robotics;Education;",
        "Keywords=robot;policy;takeover;imitation;",
        f"StartupWMClass={_NAME}",
    )
    return "\n".join(lines) + "\n"


def _quoted(path: str) -> str:
    """Return ``path`` as one argument of ``Exec``."""
    # two rounds of escapes: those inside quotes, then those of every text in the file; % begins a field code
    inside = "".join(f"\\{each}" if each in '"`$\\' else each for each in path)
    return f'"{inside}"'.replace("\\", "\\\\").replace("%", "%%")
