"""Libraries written in C that talk on the error stream."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_error_stream() -> Iterator[None]:
    """Let the error stream lead nowhere meanwhile, for every thread of the process; for moments at the start only.

    PyBullet writes when it was built as it is imported, and ALSA a page about a sound card that is not there. The
    command line promises one line there, and only for errors.
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
