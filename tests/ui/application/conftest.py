from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication

from mile_desktop.ui.clients.trainer_client import TrainerClient
from mile_desktop.ui.theme import theme
from tests.ui.application.live_window import LiveWindow

OpenWindow = Callable[..., LiveWindow]


@pytest.fixture(scope="session", autouse=True)
def own_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from the pad profiles, logs and default workspace of the user who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name)))
        yield


@pytest.fixture(scope="module", autouse=True)
def trainers_of_ordinary_priority() -> Iterator[None]:
    """Give trainings their share of the processor: in the suite both are busy, and low priority gets a tenth of one.

    ``tests/ui/clients/test_trainer_client.py`` tests the priority.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainerClient, "niceness", 0)
        yield


@pytest.fixture(autouse=True)
def nothing_left_over() -> None:
    """Windows stay for a whole module here, and are closed by ``open_window``."""


@pytest.fixture(scope="module")
def open_window(qapp: QApplication) -> Iterator[OpenWindow]:
    """Start windows; those that are still open at the end of the module are closed."""
    opened: list[LiveWindow] = []
    theme.apply(qapp, "dark")

    def start(*arguments: object, **named: object) -> LiveWindow:
        opened.append(LiveWindow(*arguments, **named))  # type: ignore[arg-type]
        return opened[-1]

    yield start
    for each in opened:
        each.close()
