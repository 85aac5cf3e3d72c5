"""A script in place of the person: it performs one step after the other, and waits for a condition in between."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.application import Application

Condition = Callable[[], bool]

_POLL_MS = 50
_SIZE = (1440, 900)
_RESUME_S = 1.0
"""A person needs a moment as well, and a second press within it could hold again what has just gone on."""
_LONGEST_HOLD_S = 60.0
"""A hold whose reason stays for so long is not the computer being busy."""


@dataclass(frozen=True, slots=True)
class _Hold:
    """A hold of the robot; resuming is in vain as long as the robot makes no step."""

    place: tuple[int, int] = (-1, -1)
    """Episode and step at which it holds."""
    began: float = 0.0
    pressed: float = 0.0
    """When it was resumed last."""


class ScriptedRun(QObject):
    """Runs a script in the window, on its thread; subclasses write ``_script`` and ``_ended``.

    Parameters
    ----------
    application
        The window's context.
    folder
        Where pictures are written.
    limit_s
        A script that takes longer than this has failed.
    """

    def __init__(self, application: Application, folder: Path, *, limit_s: float) -> None:
        super().__init__(application)
        self.pictures: list[str] = []
        self.problems: list[str] = []
        self._application = application
        self._folder = folder
        self._limit_s = limit_s
        self._began = time.monotonic()
        self._seen_picture = False
        self._hold = _Hold()
        self._steps: Iterator[Condition] = iter(())
        # The first step waits for the scene and for a picture of it: what is done before that would be refused.
        self._condition: Condition = self._loaded
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)
        application.viewer.frame_ready.connect(self._see)
        application.worker.fault.connect(self._fault)
        application.worker.died.connect(self.problem)

    def start(self) -> None:
        """Begin; call it after the application has started."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._application.window.resize(*_SIZE)  # the offscreen screen is smaller than this
        self._steps = self._script()
        self._timer.start()

    @property
    def seconds(self) -> float:
        """How long the script has run."""
        return time.monotonic() - self._began

    def problem(self, text: str) -> None:
        """Note what went wrong; the script ends."""
        self.problems.append(text)

    def resume_holds(self) -> None:
        """Resume whenever the robot holds, as a person would: on a busy computer it waits for the disk.

        For scripts that do not hold the robot themselves. A hold that cannot be resumed is a problem.
        """
        self._application.worker.status_changed.connect(self._resume)

    def _resume(self, status: m.Status) -> None:
        if status.phase is not Phase.HOLD:
            return
        now, place = time.monotonic(), (status.episode, status.step)
        if place != self._hold.place:
            self._hold = _Hold(place, now, now)
        elif now - self._hold.began > _LONGEST_HOLD_S and not self.problems:
            self.problem(f"The robot held and could not go on. {status.reason}")
        elif now - self._hold.pressed >= _RESUME_S:
            self._hold = replace(self._hold, pressed=now)
            self._application.worker.send(m.ToggleHold())

    def _script(self) -> Iterator[Condition]:
        """Perform one step after the other; yield the condition that the next one waits for."""
        raise NotImplementedError

    def _ended(self) -> None:
        """Finish: every step was performed, or something went wrong."""
        raise NotImplementedError

    def _after(self, seconds: float) -> Condition:
        until = time.monotonic() + seconds

        def passed() -> bool:
            return time.monotonic() >= until

        return passed

    def _shoot(self, name: str, part: QWidget | None = None, width: int = 0) -> None:
        """Save a picture of the window, or of a part of it; ``width``: scale it to so many pixels."""
        path = self._folder / f"{name}.png"
        picture = (part or self._application.window).grab()
        if width:
            picture = picture.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)
        if picture.save(str(path)):
            self.pictures[:] = dict.fromkeys(
                [*self.pictures, path.name]
            )  # a second picture of the same name replaces the first
        else:
            self.problem(f"The picture {path} could not be written.")

    def _say(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        # The output is often read through a pipe, and must show at once how far the run is.
        sys.stdout.flush()

    def _loaded(self) -> bool:
        return self._application.worker.session is not None and self._seen_picture

    def _poll(self) -> None:
        # Before the condition: a script that waits for something that never comes must end as well.
        if self.seconds > self._limit_s:
            self.problem(f"It took longer than {self._limit_s:.0f} s.")
        if self.problems:
            self._end()
        elif self._condition():
            try:
                self._condition = next(self._steps)
            except StopIteration:
                self._end()

    def _end(self) -> None:
        self._timer.stop()
        self._ended()

    def _see(self, _: object) -> None:
        self._seen_picture = True

    def _fault(self, fault: m.Fault) -> None:
        self.problem(fault.text)
