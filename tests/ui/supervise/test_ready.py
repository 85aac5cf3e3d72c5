"""READY and the Start button agree at every moment of a load: a person presses Start when the view says READY."""

from collections.abc import Iterator

import msgspec
import pytest

from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.supervise.model import EpisodeAction
from tests.ui.clients.test_rollout_client import answer_to, load
from tests.ui.ui_children import status

IDLE = msgspec.structs.replace(status(step=0), phase=Phase.IDLE)


@pytest.fixture
def parts(store: PreferenceStore) -> Iterator[Composition]:
    made = compose(store)
    yield made
    made.application.window.close()
    made.application.window.deleteLater()
    made.application.deleteLater()


def ready(parts: Composition) -> bool:
    """Whether the view says READY; Start must be enabled then, and only then."""
    page, known = parts.supervise.page, parts.application.worker.status
    shown = page.view._status is not None and page.view._status.phase is Phase.IDLE
    assert page.controls.button(EpisodeAction.START).isEnabled() == shown
    assert (known is not None and known.phase is Phase.IDLE) or not shown
    return shown


def test_ready_and_start_agree_from_load_to_load(parts: Composition) -> None:
    worker = parts.application.worker
    worker.send(load())
    worker._receive((answer_to(1),))
    assert not ready(parts), "loaded, but its first status is still on its way"
    worker._receive((IDLE,))
    assert ready(parts)

    worker.send(load())
    worker._receive((IDLE, answer_to(2)))
    assert not ready(parts)
    assert worker.status is None, "the last status was of the session before"
    worker._receive((IDLE,))
    assert ready(parts)

    worker.send(load("peg-insertion"))
    worker.send(load("drawer-open"))
    worker._receive((answer_to(3), IDLE))
    assert not ready(parts), "the scene that was chosen later is still being loaded"
    worker._receive((answer_to(4), IDLE))
    assert ready(parts)


def test_start_is_grey_after_the_scene_has_broken_down(parts: Composition) -> None:
    worker, view = parts.application.worker, parts.supervise.page.view
    worker.send(load())
    worker._receive((answer_to(1), IDLE))
    assert ready(parts)
    worker._receive((m.Fault(text="The scene failed at a step."),))
    assert not ready(parts)
    assert view.blocked.text == "The scene failed at a step."
    assert not view.blocked.isHidden()
