"""Silences libraries written in C that print to the error stream."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_error_stream() -> Iterator[None]:
    """Discard the error stream inside the block, for all threads of the process; only for short moments at the start.

    PyBullet prints its build time when it is imported, and ALSA prints a page if there is no sound card. The command
    line promises one line on the error stream, and only for errors. File descriptor 2 is replaced, because C code does
    not use ``sys.stderr``.
    """
    with _quiet(2):
        yield


@contextmanager
def quiet_streams() -> Iterator[None]:
    """Discard standard output and the error stream inside the block, as ``quiet_error_stream`` does with one of them.

    A PyBullet client that draws off screen prints its options to standard output, which belongs to reports.
    """
    with _quiet(1), _quiet(2):
        yield


@contextmanager
def _quiet(descriptor: int) -> Iterator[None]:
    # What Python still holds back would otherwise be written into nowhere.
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    kept = os.dup(descriptor)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, descriptor)
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)
        os.close(nowhere)
