"""Runs the code of a scene's module: each failure becomes one sentence with file, line and method."""

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self, SupportsFloat, cast

import numpy as np

from mile_desktop.arrays import Float64Array
from mile_desktop.errors import Interruption
from mile_desktop.processor_time import processor_time
from mile_desktop.scenes.description import SceneDescriptionError

CALL_S = 5.0
"""A method of a scene that does not return within this time is interrupted. A control step takes 50 ms, so it must be
an endless loop. The window waits much longer for a silent worker."""
START_S = 60.0
"""The same for the import of a module and the making of its environment, which load packages and models."""
_LAST_SHARE = 0.2
"""The last part of the time, in which it is measured whether the process gets a processor at all. A scene that catches
the interruption is interrupted again after this part, too."""
_STARVED_SHARE = 0.5
"""A process that waited for a processor for more than this share of the last part is not slow; the machine is busy."""
_MOST_PATIENCE = 6
"""After so many times the patience it is interrupted in any case."""


class SceneModuleError(SceneDescriptionError):
    """The module of a scene cannot be imported, lacks something, or failed; says file, found and expected."""


class _NoAnswerError(BaseException):
    """The time is over. It is no ``Exception``, so that ``except Exception`` in a scene does not catch it."""


class _EndedError(BaseException):
    """The scene called ``os._exit``."""


class _InSceneCode(threading.local):
    """Depth of nested scene code in this thread; ``os._exit`` and the timer read it."""

    depth = 0


_here = _InSceneCode()
# Kept before it is replaced below.
_exit = os._exit


def _exit_unless_in_scene_code(status: int) -> NoReturn:
    if _here.depth:
        raise _EndedError(status)
    _exit(status)


# A scene that ends the process would take the recording of the running episode with it, and an exit status of 0 would
# look like success. ``os._exit`` raises nothing that could be caught, so it is replaced; elsewhere it works as before.
os._exit = _exit_unless_in_scene_code


class SceneCode:
    """A context in which code of the scene's module at ``path`` runs.

    Every early end is raised as ``SceneModuleError``: an exception of any kind, ``sys.exit``, ``os._exit``, and on the
    main thread no answer within ``patience_s``, or longer on a machine so busy that the process gets no processor.
    Printed text goes to the error stream, because standard output belongs to the report of the command. Contexts may be
    nested; the outermost one measures the time.

    Parameters
    ----------
    what
        Method or name that is called, for the sentence.
    """

    def __init__(self, path: Path, what: str, patience_s: float = CALL_S) -> None:
        self._path = path
        self._what = what
        self._patience_s = patience_s
        self._printing = contextlib.redirect_stdout(sys.stderr)
        self._timed = False
        self._handler: object = None
        self._alarms = 0
        self._waited_s = 0.0
        self._process = 0

    def __enter__(self) -> Self:
        self._printing.__enter__()
        self._process = os.getpid()
        # signals reach the main thread only; other threads that run scene code have no limit
        self._timed = not _here.depth and threading.current_thread() is threading.main_thread()
        _here.depth += 1
        if self._timed:
            self._handler = signal.signal(signal.SIGALRM, self._too_long)
            # Repeated, because a scene may catch the first interruption and go on.
            part_s = self._patience_s * _LAST_SHARE
            signal.setitimer(signal.ITIMER_REAL, self._patience_s - part_s, part_s)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if os.getpid() != self._process:
            # The scene has forked, and this is the copy. It must end here: it would record the same episode once more.
            _exit(0)
        if self._timed:
            # The timer first: an interruption between the two lines would reach the old handler.
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, cast("signal.Handlers", self._handler))
        _here.depth -= 1
        self._printing.__exit__(kind, error, trace)
        # Ctrl-C is the person's wish and no fault of the scene; a sentence of an inner context is complete already.
        if error is None or isinstance(error, (SceneModuleError, Interruption)) or _is_ctrl_c(error):
            return
        if isinstance(error, _NoAnswerError):
            raise SceneModuleError(
                f"{self._path}{_line(error, self._path)}: {self._what}: found no answer in {self._patience_s:.0f} s, "
                "expected one; is there a loop without an end?"
            ) from error
        raise module_failed(self._path, self._what, error) from error

    def _too_long(self, _: int, __: FrameType | None) -> None:
        self._alarms += 1
        times = processor_time(os.getpid())
        before_s, self._waited_s = self._waited_s, times.waited if times is not None else 0.0
        part_s = self._patience_s * _LAST_SHARE
        if self._alarms == 1:  # before the last part
            return
        starved = self._waited_s - before_s > _STARVED_SHARE * part_s
        if not starved or self._alarms * part_s > _MOST_PATIENCE * self._patience_s:
            raise _NoAnswerError


def _is_ctrl_c(error: BaseException) -> bool:
    # Commands and workers have handlers of their own for the signal. Where Python's own one is not in place, nobody but
    # the scene can have raised it, and it would end the worker as if a person had wanted that.
    return isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def module_failed(path: Path, what: str, error: BaseException) -> SceneModuleError:
    """Return the error for people after ``what`` (a method of the module at ``path``) has raised ``error``."""
    method = f"{what}: " if what else ""
    expected = "none" if what else "a module that imports"
    return SceneModuleError(f"{path}{_line(error, path)}: {method}{_found(error)}, expected {expected}")


def _line(error: BaseException, path: Path) -> str:
    """Return ``, line 12`` for the last line of ``path`` that took part in ``error``."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f", line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    return f", line {lines[-1]}" if lines else ""


def _found(error: BaseException) -> str:
    if isinstance(error, _EndedError):
        return f"found os._exit({error})"
    text = " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
    return f"found {type(error).__name__} ({text})"


def checked_values(path: Path, what: str, values: object, labels: Sequence[str]) -> Float64Array:
    """Return the result of a method of the scene as float64[len(labels)].

    Raises ``SceneModuleError`` if it is no row of numbers of that length, or if one of them is not finite. The sentence
    then names the measurement; otherwise the policy would be blamed, because its action is not finite either.
    """
    try:
        # In double precision: the scene may compute in any type.
        row = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise SceneModuleError(
            f"{path}: {what}: found {_short(values)}, expected {len(labels)} numbers, one for each label"
        ) from None
    if row.shape != (len(labels),):
        raise SceneModuleError(
            f"{path}: {what}: found an array of shape {row.shape}, expected ({len(labels)},), one value for each of "
            "measurements"
        )
    wrong = np.flatnonzero(~np.isfinite(row))
    if wrong.size:
        raise SceneModuleError(
            f"{path}: {what}: found {row[wrong[0]]} for {labels[wrong[0]]!r}, expected a finite number"
        )
    return row


def checked_flag(path: Path, what: str, value: object) -> bool:
    """Return True or False; raises ``SceneModuleError`` for everything else, also for None."""
    # None is a forgotten return and would silently mean "not done".
    if not isinstance(value, (bool, np.bool_)):
        raise SceneModuleError(f"{path}: {what}: found {_short(value)}, expected True or False")
    return bool(value)


def checked_number(path: Path, what: str, value: object) -> float:
    """Return a finite number; raises ``SceneModuleError`` for everything else."""
    try:
        number = float(cast("SupportsFloat", value))
    except (TypeError, ValueError):
        raise SceneModuleError(f"{path}: {what}: found {_short(value)}, expected a number") from None
    if not np.isfinite(number):
        raise SceneModuleError(f"{path}: {what}: found {number}, expected a finite number")
    return number


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:60]}…"
