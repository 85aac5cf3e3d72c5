import subprocess
import sys

from mile_desktop.processor_time import processor_time

_BUSY = "import time\nprint(flush=True)\nwhile True: pass"


def test_a_process_that_computes_runs_or_waits_and_one_that_has_ended_has_no_times() -> None:
    with subprocess.Popen([sys.executable, "-c", _BUSY], stdout=subprocess.PIPE) as busy:
        assert busy.stdout is not None
        busy.stdout.readline()
        before = processor_time(busy.pid)
        assert before is not None
        while (after := processor_time(busy.pid)) is not None and after.ran <= before.ran:
            continue
        assert after is not None
        assert after.waited >= before.waited >= 0.0
        busy.kill()
        busy.wait()
        assert processor_time(busy.pid) is None
