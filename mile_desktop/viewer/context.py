"""OpenGL without a window; run as a program, this module says whether OpenGL is available.

A broken driver can end the process that uses it. So the viewer first tries it in a short process of its own:
``python -m mile_desktop.viewer.context`` writes the driver's name and exits with 0, or the reason and exits with 1.
"""

import subprocess
import sys
from functools import cache
from typing import Any

import moderngl

from mile_desktop.viewer.renderer import RendererUnavailableError

_TRIAL_TIMEOUT_S = 20.0


def open_context() -> moderngl.Context:
    """Return an OpenGL 3.3 context without a window, or raise ``RendererUnavailableError``."""
    # On Linux, EGL needs no display server and no window. On other systems the library chooses.
    settings: dict[str, Any] = {"backend": "egl"} if sys.platform == "linux" else {}
    try:
        return moderngl.create_context(require=330, standalone=True, **settings)
    except Exception as error:
        # The driver's loader may raise an error of any type. In every case there is no context.
        raise RendererUnavailableError(f"OpenGL 3.3 is not available here ({error}).") from error


def driver_name(context: moderngl.Context) -> str:
    """Return the name of the driver that draws, e.g. ``llvmpipe``."""
    return str(context.info["GL_RENDERER"]).split("(", maxsplit=1)[0].strip()


# A failure is not remembered: ``cache`` keeps no exceptions, and the next scene tries again.
@cache
def try_context() -> str:
    """Return the driver's name after a trial in a process of its own, or raise ``RendererUnavailableError``.

    A success is remembered for the life of this process.
    """
    command = [sys.executable, "-m", "mile_desktop.viewer.context"]
    try:
        trial = subprocess.run(command, capture_output=True, text=True, timeout=_TRIAL_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RendererUnavailableError(f"OpenGL could not be tested ({error}).") from error
    said = trial.stdout.strip()
    if trial.returncode:
        raise RendererUnavailableError(said or f"OpenGL ended the process that tested it (status {trial.returncode}).")
    return said


def main() -> int:
    """Draw a few pixels and write the driver's name."""
    try:
        context = open_context()
    except RendererUnavailableError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    # Drawn and read back: some drivers create a context and fail only when something is drawn.
    target = context.framebuffer(context.renderbuffer((8, 8), 4))
    target.clear(1.0, 1.0, 1.0, 1.0)
    sys.stdout.write(f"{driver_name(context)}\n")
    return 0 if set(target.read(components=3)) == {255} else 1


if __name__ == "__main__":
    sys.exit(main())
