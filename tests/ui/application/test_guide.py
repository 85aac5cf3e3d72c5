"""The guided start in the real window with its real processes, followed with real keys."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QRect

from mile_desktop.learning.progress import Finished
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.automation.guide_script import GuideScript
from mile_desktop.ui.guide.model import STEPS
from mile_desktop.ui.supervise.model import EpisodeAction
from tests.ui.application.live_window import LiveWindow, plan


@pytest.fixture(scope="module")
def live(open_window: Callable[..., LiveWindow], tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("guide")
    opened = open_window(folder, plan(folder / "workspace", speed=1.0))
    opened.until_loaded()
    return opened


def test_it_is_offered_once(live: LiveWindow) -> None:
    guide = live.parts.guide
    assert not guide.bar.isVisible(), "only the program itself offers it"
    guide.offer()
    assert guide.bar.isVisible()
    guide.bar._secondary.click()
    assert not guide.bar.isVisible()
    guide.offer()
    assert not guide.bar.isVisible()


def test_a_person_is_led_from_watching_to_a_new_policy(live: LiveWindow) -> None:
    guide, trainer = live.parts.guide, live.parts.retrain.trainer
    asked: list[str] = []
    done: list[str] = []
    guide.step_changed.connect(asked.append)

    def train() -> None:
        # A real training takes a minute and has tests of its own.
        trainer.event_read.emit(Finished(policy="p", method="mile", loss=0.1))

    for condition in GuideScript(live.parts, retrain=train, noticed=done.append).run():
        if guide.step is not None and guide.step.name == "use":
            # No card without a training: the person keeps the old policy.
            live.parts.retrain.panel.keep_requested.emit()
        live.until(condition)
    assert asked == [*(step.name for step in STEPS), ""]
    # An episode may end before a step was noticed; the script then tries the step again.
    assert list(dict.fromkeys(done)) == [step.name for step in STEPS if step.name != "use"]
    assert guide.bar.title == "Done"
    assert live.closed[0].takeovers == 1
    assert not live.closed[0].discarded
    live.until_phase(Phase.IDLE)


def test_it_can_begin_again_and_be_skipped(live: LiveWindow) -> None:
    guide = live.parts.guide
    live.window.show_page("settings")
    live.window.guide_asked.emit()
    assert (live.window.page, guide.bar.title) == ("supervise", "Watch")
    for _ in STEPS:
        guide.bar._primary.click()
    assert guide.step is None
    guide.end()


def test_no_card_covers_stop(live: LiveWindow) -> None:
    stop = live.supervise.controls.button(EpisodeAction.STOP)
    live.window.show_page("supervise")
    for number in range(3):
        live.window.say("error", f"{number}: The disk is full. Free some room, and press the button again.")
    live.window.resize(960, 640)
    for visible in (True, False):
        live.store.change(panel_visible=visible)
        live.window.toggle_panel()
        cards = live.window.toasts.geometry()
        assert live.window.toasts.isVisible()
        corner = stop.mapTo(live.window, stop.rect().topLeft())
        assert not cards.intersects(QRect(corner, stop.size()))
