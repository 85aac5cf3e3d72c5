"""Python ends while the window is still shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.supervise.page import SupervisePage

application = QApplication([])
window = MainWindow(PreferenceStore(Path(sys.argv[1]) / "preferences.json"))
window.add_page("supervise", SupervisePage())
window.show()
application.processEvents()
if sys.argv[2] == "error":
    raise RuntimeError("the script ends")
"""


@pytest.mark.parametrize(("ending", "status"), [("error", 1), ("end", 0)])
def test_python_ends_without_a_signal_while_the_window_is_shown(tmp_path: Path, ending: str, status: int) -> None:
    """A page that is hidden by Qt's clean-up must raise nothing into Qt: that was a segmentation fault."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), ending],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == status, run.stderr
