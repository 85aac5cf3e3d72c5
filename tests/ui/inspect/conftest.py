from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QApplication

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.clients.inspection_client import InspectionClient
from tests.storage.samples import a_policy


class RecordingClient(InspectionClient):
    """Keeps the commands and starts no process."""

    def __init__(self) -> None:
        super().__init__(print)
        self.sent: list[msgspec.Struct] = []

    def send(self, command: msgspec.Struct) -> bool:
        self.sent.append(command)
        return True


@pytest.fixture
def client(themed: QApplication) -> RecordingClient:
    return RecordingClient()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as opened:
        Catalogue(opened).add_policy(a_policy("p1", name="v1"))
        Catalogue(opened).add_policy(a_policy("p2", name="v2", parent_id="p1"))
        yield opened
