"""How long the program takes to start: from the command to the window, the first picture, and a moving robot.

    python -m benchmarks.start [--repeats 7] [--json FILE]

``main.py`` is started as a person starts it, offscreen, with a new workspace; a hook from here notes when the window is
first painted, when the first frame and when the first frame of a moving robot is painted. Start is pressed the moment
the session is loaded. The first start of all, with cold file caches where the machine has not run it before, is given
apart from the median of the others.
"""

import argparse
import json
import os
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.circumstances import OtherLoad, circumstances, keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from mile_desktop.channels.shared import Frame
    from mile_desktop.ui.composition import Composition

_ROOT = Path(__file__).resolve().parent.parent
_LIMIT_S = 120.0
MOMENTS = ("window_shown", "session_loaded", "first_frame", "first_moving_frame")


def start_once() -> dict[str, float]:
    """Start the program; return the seconds from the command to each moment."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--workspace", f"{folder}/workspace", "--preferences", f"{folder}/preferences.json"]
        command = [sys.executable, "-m", "benchmarks.start", "--hooked", f"{folder}/moments.json", *options]
        began = time.time()
        subprocess.run(
            command,
            check=True,
            cwd=_ROOT,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_LIMIT_S,
        )
        moments = json.loads((Path(folder) / "moments.json").read_text())
    return {name: moments[name] - began for name in MOMENTS}


def run_hooked(into: Path, arguments: list[str]) -> None:
    """Run the window with a script that notes the moments and ends the program after the last one."""
    from mile_desktop import app  # noqa: PLC0415 - the measuring process does not need it

    moments: dict[str, float] = {}

    def script(parts: "Composition", _folder: Path, finish: "Callable[[int], None]") -> None:
        from mile_desktop.rollout.messages import StartEpisodes  # noqa: PLC0415

        application = parts.application

        def see(frame: "Frame") -> None:
            parts.supervise.page.view.repaint()  # the frame is on the screen before its time is noted
            moments.setdefault("first_frame", time.time())
            if frame.step > 0:
                moments.setdefault("first_moving_frame", time.time())
                application.viewer.frame_ready.disconnect(see)
                into.write_text(json.dumps(moments))
                application.window.ask_before_closing(lambda: True)
                finish(0)

        def begin(_: object) -> None:
            moments.setdefault("session_loaded", time.time())
            application.worker.send(StartEpisodes(episodes=1))

        application.window.repaint()
        moments["window_shown"] = time.time()
        application.worker.session_loaded.connect(begin)
        application.viewer.frame_ready.connect(see)

    # ``main.py`` itself runs, so that the child processes import what they import in the program
    app.main = partial(app.main, script=script)
    sys.argv = ["main.py", *arguments]
    runpy.run_path(str(_ROOT / "main.py"), run_name="__main__")


def measure(repeats: int) -> dict[str, Any]:
    others = OtherLoad()
    first = start_once()
    starts = [start_once() for _ in range(repeats)]
    return {
        "first_s": {name: round(seconds, 3) for name, seconds in first.items()},
        "median_s": {name: round(statistics.median(each[name] for each in starts), 3) for name in MOMENTS},
        "range_s": {
            name: [round(extreme(each[name] for each in starts), 3) for extreme in (min, max)] for name in MOMENTS
        },
        "repeats": repeats,
        "load": others.cores(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long the window takes to open.")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--hooked", type=Path, help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    if options.hooked is not None:
        run_hooked(options.hooked, rest)
        return
    keep({"benchmark": "start", **circumstances(), **measure(options.repeats)}, options.json)


if __name__ == "__main__":
    main()
