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
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
