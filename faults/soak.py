"""A long run: the real window supervises while takeovers, faults, retraining and page changes come at random.

    python -m faults.soak [--minutes 60] [--seed 0] [--json FILE]

Exit status 1 means that something grew, a fault was not answered, or an error was not caught.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer

from faults.soak_faults import FaultInjector
from faults.soak_person import Person
from faults.soak_probe import take_sample
from faults.soak_result import RESULTS, SoakResult
from faults.soak_samples import Sample
from faults.soak_verdict import grown
from mile_desktop import app
from mile_desktop.app import WindowScript
from mile_desktop.ui.composition import Composition

_SAMPLE_MS = 10_000
_KEPT_EVERY = 3
"""One sample in so many is kept in the file."""
_PATIENCE_S = 90.0
"""A window in which no step was taken for this long has stalled."""


class Soak(QObject):
    """Runs person and faults for a time, and samples."""

    def __init__(self, parts: Composition, folder: Path, seconds: float, seed: int) -> None:
        super().__init__(parts.application)
        self.samples: list[Sample] = []
        self.problems: list[str] = []
        self.finished = False
        self._parts = parts
        self._seconds = seconds
        self._began = self._stepped_at = time.monotonic()
        self._person = Person(parts, seed, self)
        self._faults = FaultInjector(parts, folder, seed, self)
        parts.application.worker.step_taken.connect(self._step)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)

    @property
    def counts(self) -> Counter[str]:
        """What was done and what was injected, counted."""
        return self._person.counts + self._faults.counts

    @property
    def passed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def start(self) -> None:
        """Begin."""
        self._person.start()
        self._faults.start()
        self._timer.start(_SAMPLE_MS)

    def _step(self, _: object) -> None:
        self._stepped_at = time.monotonic()

    def _turn(self) -> None:
        sample = take_sample(self.passed_s, self._faults.roles(), robot=self._parts.application.robot is not None)
        self.samples.append(sample)
        # Faults stop the robot for seconds on purpose. Only a window that never comes back has a problem.
        stalled_s = time.monotonic() - self._stepped_at
        if stalled_s > _PATIENCE_S:
            self.problems.append(f"No step for {stalled_s:.0f} s at {self.passed_s:.0f} s; {self._state()}")
            # Counted again from here, or one stall would be reported with every sample.
            self._stepped_at = time.monotonic()
        window = sample.window
        sys.stdout.write(
            f"{sample.at_s:6.0f} s  {window.memory_mb:6.1f} MiB  {window.threads} threads  {window.handles} handles  "
            f"{sample.widgets} widgets  {sample.processes} processes  {sample.blocks} blocks\n"
        )
        # At once: in a pipe or a file the lines of an hour would otherwise come in blocks.
        sys.stdout.flush()
        if self.passed_s >= self._seconds:
            self._end()

    def _state(self) -> str:
        application = self._parts.application
        status = application.worker.status
        texts = [entry.text for entry in application.window.messages.entries[-4:]]
        return f"phase {status.phase if status else 'none'} ({status.reason if status else ''}); messages {texts}"

    def _end(self) -> None:
        self._timer.stop()
        self._person.stop()
        self._faults.stop()
        errors = [each.text for each in self._parts.application.window.messages.entries if "unexpected" in each.text]
        self.problems += sorted(set(errors)) + self._faults.problems + grown(self.samples)
        self.finished = True


def run(minutes: float, seed: int) -> SoakResult:
    """Run the window for ``minutes`` and return what was found."""
    found: list[Soak] = []
    with tempfile.TemporaryDirectory(prefix="mile-soak-") as name:
        folder = Path(name)
        status = _open_window(folder, _script(folder, minutes, seed, found))
        soak = found[0]
        problems = [*soak.problems, *([f"The window ended with status {status}."] if status else [])]
        return SoakResult(round(soak.passed_s / 60.0, 1), seed, dict(soak.counts), soak.samples, problems)


def _script(folder: Path, minutes: float, seed: int, found: list[Soak]) -> WindowScript:
    def script(parts: Composition, _: Path, finish: Callable[[int], None]) -> None:
        soak = Soak(parts, folder, 60.0 * minutes, seed)
        found.append(soak)
        parts.application.window.ask_before_closing(lambda: True)
        # Asked by a timer and not called by the soak: the window must not be closed within a slot of its own parts.
        watch = QTimer(soak)

        def end_when_finished() -> None:
            if soak.finished:
                watch.stop()
                finish(0)

        watch.timeout.connect(end_when_finished)
        watch.start(100)
        soak.start()

    return script


def _open_window(folder: Path, script: WindowScript) -> int:
    os.environ.update(
        QT_QPA_PLATFORM="offscreen",
        SDL_AUDIODRIVER="dummy",
        # nothing here may reach the user's own settings, cameras and robots
        **{f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")},
    )
    arguments = ["--workspace", str(folder / "workspace"), "--preferences", str(folder / "preferences.json")]
    arguments += ["--scene", "peg-insertion", "--policy", "initial", "--operator", "segment"]
    return app.main(arguments, script=script)


def main() -> int:
    """Run the soak, keep its figures and return the exit status."""
    parser = argparse.ArgumentParser(description="Supervise for a long time and measure what grows.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="where to keep it (%(default)s)")
    options = parser.parse_args()
    result = run(options.minutes, options.seed)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    kept = msgspec.structs.replace(result, samples=result.samples[::_KEPT_EVERY])
    options.json.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=0) + b"\n")
    for problem in result.problems:
        sys.stdout.write(f"Problem: {problem}\n")
    counted = ", ".join(f"{count} {name}" for name, count in sorted(result.counts.items()))
    sys.stdout.write(f"{result.minutes} minutes: {counted}. {'Failed' if result.problems else 'Nothing grew'}.\n")
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
