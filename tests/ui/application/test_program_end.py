"""However the program or a script ends, no window is left shown: that was a segmentation fault while Python ended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# No end depends on what is loaded, so the rollout worker is a stand-in: the real one takes 3 s of a processor.
ROOT = Path(__file__).parents[3]

PROGRAM = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from mile_desktop import app
from tests.ui.ui_children import worker

folder, ending = Path(sys.argv[1]), sys.argv[2]
shown = []

def script(parts, _folder, finish):
    shown.append(parts.application.window)
    parts.application.window.ask_before_closing(lambda: False)  # a question without an answer
    if ending == "finish":
        parts.application.window.ask_before_closing(lambda: True)
        finish(3)
    else:
        QApplication.instance().exit(3)

if ending == "error":
    execute = QApplication.exec
    def exec_and_fail(*arguments):
        execute()
        raise RuntimeError("the event loop fails")
    QApplication.exec = exec_and_fail
if __name__ == "__main__":
    try:
        places = ["--workspace", str(folder / "w"), "--preferences", str(folder / "p.json")]
        status = app.main(places, script=script, worker=worker)
    finally:
        assert shown and not shown[0].isVisible()
    sys.exit(status)
"""

SCRIPT = """
import sys, time
from pathlib import Path
from PySide6.QtWidgets import QApplication
from mile_desktop.rollout.messages import LoadSession
from mile_desktop.ui.composition import compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from tests.ui.ui_children import viewer, worker

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    application = QApplication([])
    plan = LoadSession(workspace=str(folder / "w"), scene="peg-insertion", policy="initial")
    parts = compose(PreferenceStore(folder / "p.json"), plan=plan, worker=worker, viewer_target=viewer)
    parts.application.start()
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        application.processEvents()
    if sys.argv[2] == "error":
        raise RuntimeError("the script fails")
"""


def run(folder: Path, text: str, ending: str) -> subprocess.CompletedProcess[str]:
    path = folder / "run.py"  # a file: child processes import the main module again
    path.write_text(text)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(path), str(folder), ending]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize(("ending", "status"), [("finish", 3), ("exit", 3), ("error", 1)])
def test_the_program_closes_its_windows(tmp_path: Path, ending: str, status: int) -> None:
    done = run(tmp_path, PROGRAM, ending)
    assert done.returncode == status, done.stderr
    assert "AssertionError" not in done.stderr


@pytest.mark.parametrize(("ending", "status"), [("end", 0), ("error", 1)])
def test_a_script_that_leaves_the_window_shown_ends_without_a_signal(tmp_path: Path, ending: str, status: int) -> None:
    done = run(tmp_path, SCRIPT, ending)
    assert done.returncode == status, done.stderr
