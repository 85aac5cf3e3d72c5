import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# the offscreen platform's own screen, 800 × 800, is smaller than the window
os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={Path(__file__).with_name('offscreen.json')}"

from PySide6.QtWidgets import QApplication

from mile_desktop.ui import theme
from mile_desktop.ui.preferences import PreferenceStore


@pytest.fixture
def themed(qapp: QApplication) -> Iterator[QApplication]:
    theme.apply(qapp, "dark")
    yield qapp
    theme.apply(qapp, "dark")


@pytest.fixture
def store(themed: QApplication, tmp_path: Path) -> PreferenceStore:
    return PreferenceStore(tmp_path / "config" / "preferences.json")
