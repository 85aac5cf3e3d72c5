"""How long a change between the dark and the light theme takes in the whole window, with all its pages.

    python -m benchmarks.theme_change [--repeats 5] [--json FILE]

No process is started. Each change is timed on the window's thread until all its events are handled. In turn with it,
the stylesheet is set on the application in place of the window, as it was before; ``ratio`` compares the medians.
Processor time is counted, so that other programs change both figures alike.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Literal

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from benchmarks.circumstances import OtherLoad, circumstances, keep
from mile_desktop.ui.composition import compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.theme import theme
from mile_desktop.ui.theme.tokens import load_tokens, stylesheet

TONES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def measure(app: QApplication, repeats: int) -> dict[str, object]:
    changes: list[float] = []
    whole_application: list[float] = []
    for _ in range(repeats):
        for tone in TONES:
            began = time.thread_time()
            theme.apply(app, tone)
            QCoreApplication.processEvents()
            changes.append(time.thread_time() - began)
        for tone in TONES:
            began = time.thread_time()
            app.setStyleSheet(stylesheet(load_tokens(tone), 1.0))
            QCoreApplication.processEvents()
            whole_application.append(time.thread_time() - began)
    median, before = statistics.median(changes), statistics.median(whole_application)
    return {
        "median_s": round(median, 3),
        "max_s": round(max(changes), 3),
        "application_sheet_median_s": round(before, 3),
        "ratio": round(before / median, 2),
        "changes": len(changes),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long a change of the theme takes.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication([])
    theme.apply(app, "dark")
    others = OtherLoad()
    with tempfile.TemporaryDirectory() as folder:
        window = compose(PreferenceStore(Path(folder) / "preferences.json")).application.window
        window.restore()
        window.show()
        QCoreApplication.processEvents()
        widgets = [each for each in QApplication.allWidgets() if window.isAncestorOf(each)]
        figures = measure(app, options.repeats)
        figures |= {"widgets": len(widgets), "visible": sum(each.isVisible() for each in widgets)}
        window.close()
    keep({"benchmark": "theme_change", **circumstances(), **figures, "load": others.cores()}, options.json)


if __name__ == "__main__":
    main()
