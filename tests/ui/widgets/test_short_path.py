from pathlib import Path

import pytest

from mile_desktop.ui.widgets.short_path import short_path

HOME = Path("/home/ada")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("", ""),
        ("/home/ada/robots", "~/robots"),
        ("/srv/robots", "/srv/robots"),
        ("/home/ada/.local/share/mile-desktop/some/long/folder/peg/workspace", "~/…/peg/workspace"),
        ("/mnt/machine-17/volumes/experiments/2026/november/peg/workspace", "/…/peg/workspace"),
    ],
)
def test_a_long_path_keeps_its_end(path: str, shown: str) -> None:
    assert short_path(path, HOME) == shown
