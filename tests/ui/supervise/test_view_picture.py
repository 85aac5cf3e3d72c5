from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from mile_desktop.ui.supervise.view_picture import PictureError, save_view_picture

NOW = datetime(2026, 11, 30, 20, 15, 0, tzinfo=UTC)


@pytest.fixture
def view(qtbot: QtBot) -> QLabel:
    shown = QLabel("a robot")
    shown.resize(320, 200)
    qtbot.addWidget(shown)
    return shown


def test_a_picture_is_named_by_scene_and_time_and_replaces_nothing(view: QLabel, tmp_path: Path) -> None:
    first = save_view_picture(view, tmp_path, "peg-insertion", now=NOW)
    second = save_view_picture(view, tmp_path, "peg-insertion", now=NOW)
    assert first == tmp_path / "pictures" / "peg-insertion-2026-11-30-20-15-00.png"
    assert second.name == "peg-insertion-2026-11-30-20-15-00-2.png"
    saved = QImage(str(first))
    assert (saved.width(), saved.height()) == (320, 200)


def test_a_folder_that_cannot_be_made_is_named(view: QLabel, tmp_path: Path) -> None:
    (tmp_path / "pictures").write_text("in the way", "utf-8")
    with pytest.raises(PictureError, match="pictures"):
        save_view_picture(view, tmp_path, "peg-insertion", now=NOW)


def test_a_picture_that_cannot_be_written_is_named(view: QLabel, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="could not be written"):
        save_view_picture(view, tmp_path, "no/such/folder", now=NOW)
