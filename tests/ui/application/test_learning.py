"""From corrections to the next policy, in the window: alert, retrain, use, go back, cancel."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.learn.forecast_refitter import ForecastRefitter
from mile_desktop.ui.learn.model import RunState, Settings
from mile_desktop.ui.plots.probability_strip import ProbabilityStrip
from mile_desktop.ui.supervise.model import EpisodeAction
from tests.ui.application.living import LiveWindow, plan
from tests.ui.ui_children import viewer

TINY = Settings(epochs=1, batch=64, evaluation_episodes=1, ensemble=1, fit_epochs=5)
"""One member instead of eight: what is tested here is the way, not what is at its end."""


@pytest.fixture(scope="module")
def living(open_window: Callable[..., LiveWindow], tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    """A desk with one supervised episode of the bundled policy."""
    folder = tmp_path_factory.mktemp("learning")
    opened = open_window(folder, plan(folder / "workspace", policy="initial"), viewer_target=viewer)
    opened.start_episode()
    opened.until(lambda: len(opened.steps) > 5)
    opened.press(Qt.Key.Key_Space)
    # a busy machine may take the keyboard for gone: the robot holds then, and what was done until then is enough
    opened.until(lambda: sum(step.intervention for step in opened.steps) > 5 or opened.phase is Phase.HOLD)
    opened.release(Qt.Key.Key_Space)
    opened.until_phase(Phase.AUTONOMOUS, Phase.HOLD)
    opened.click(EpisodeAction.SUCCESS)
    opened.until(lambda: opened.retraining.panel.can_retrain)
    opened.retraining.panel.set_settings(TINY)
    return opened


@pytest.fixture
def live(living: LiveWindow) -> LiveWindow:
    living.to_idle()
    living.forget()
    return living


@pytest.fixture(scope="module")
def retrained(living: LiveWindow) -> LiveWindow:
    """The desk when a retraining is over and its result waits for a word."""
    living.to_idle()
    living.forget()
    living.retraining.panel._retrain.click()
    living.retraining.panel.retrain_requested.emit(TINY.as_dict())  # pressed twice before the panel could change
    assert living.said("A training run is at work", level="error")
    living.until(lambda: living.retraining.panel.state is RunState.DONE)
    living.until(lambda: not living.retraining.trainer.running)
    return living


def drag(plot: ProbabilityStrip, start: QPointF, end: QPointF) -> None:
    moves = [start + (end - start) * (part / 5) for part in range(6)]
    steps = [
        (QEvent.Type.MouseMove, start, False),
        (QEvent.Type.MouseButtonPress, start, True),
        *((QEvent.Type.MouseMove, at, True) for at in moves),
        (QEvent.Type.MouseButtonRelease, end, False),
    ]
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, at, held in steps:
        button = none if kind is QEvent.Type.MouseMove else left
        place = plot.viewport().mapToGlobal(at)
        modifier = Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, at, place, button, left if held else none, modifier)
        QApplication.sendEvent(plot.viewport(), event)
        QTest.qWait(12)  # pyqtgraph takes at most a hundred moves a second


def test_the_threshold_that_is_dragged_reaches_the_worker(live: LiveWindow) -> None:
    live.start_episode()
    live.until(lambda: len(live.steps) > 5)
    plot = live.application.supervise.strips.probability
    x = plot.plot_rect().center().x()
    drag(plot, QPointF(x, plot.y_pixel(plot.threshold)), QPointF(x, plot.y_pixel(0.0)))
    assert live.store.value.alert_threshold < 0.05

    def alerted() -> bool:
        if live.phase is Phase.IDLE:  # an episode in which nothing went wrong: p stayed below
            live.start_episode()
        return bool(live.status and live.status.alert)

    live.until(alerted)
    assert live.badge == "Autonomous"
    live.application.supervise.strips.bar._threshold.setValue(1.0)
    live.until(lambda: live.status and not live.status.alert)


def test_what_was_trained_drives_from_the_next_episode_on(retrained: LiveWindow) -> None:
    live, panel = retrained, retrained.retraining.panel
    assert live.said("Retraining is done.", level="success")
    old = live.workspace.catalogue.promoted(live.application.scene)
    live.start_episode()
    panel.card.use_button.click()
    new = panel._run.trained.policy if panel._run.trained else ""
    live.until(lambda: live.workspace.catalogue.promoted(live.application.scene) == new)
    assert live.status is not None
    assert live.status.policy_id == old  # the episode that runs is not disturbed
    live.start_episode()
    assert live.status.policy_id == new
    live.until(lambda: live.workspace.catalogue.episodes(live.application.scene))
    menu = live.window.header._policy.menu()
    back = menu.actions()[0]
    assert back.text().startswith("Back to v0")
    back.trigger()
    live.until(lambda: live.workspace.catalogue.promoted(live.application.scene) == old)
    live.start_episode()
    assert live.status.policy_id == old
    assert live.window.header._policy.menu().actions()[0].text().startswith("Back to v1")


def test_a_calibration_is_in_force_until_it_is_undone(retrained: LiveWindow) -> None:
    live, part = retrained, retrained.calibrating.part
    live.to_idle()
    live.forget()
    before = live.workspace.catalogue.intervention_models(live.application.scene)
    part._button.click()
    assert live.calibrating.running
    live.until(lambda: part.card.isVisible() or bool(part._note.text()))
    assert part.card.isVisible(), part._note.text()
    assert len(live.workspace.catalogue.intervention_models(live.application.scene)) == len(before) + 1
    live.until(lambda: not live.calibrating.running)
    live.start_episode()  # the worker has loaded the new one, or does so for the next episode
    part.card._undo.click()
    assert live.workspace.catalogue.intervention_models(live.application.scene) == before
    live.start_episode()
    assert not [entry for entry in live.messages if entry.level == "error"]


def test_the_forecast_is_refitted_in_the_background_without_a_word(retrained: LiveWindow) -> None:
    live = retrained
    live.to_idle()
    live.forget()
    foreseeing = ForecastRefitter(live.application)
    foreseeing.refit()
    assert foreseeing.running
    live.start_episode()  # nobody waits for it: its process works only while nothing else wants to
    live.to_idle()
    foreseeing._job.cancel()
    live.until(lambda: not foreseeing.running)
    assert not [entry for entry in live.messages if entry.level in {"warning", "error"}]


def test_a_damaged_policy_is_refused_and_the_other_one_goes_on(retrained: LiveWindow) -> None:
    live = retrained
    live.to_idle()
    live.forget()
    scene = live.application.scene
    driving = live.workspace.catalogue.promoted(scene)
    other = next(each.policy_id for each in live.workspace.catalogue.policies(scene) if each.policy_id != driving)
    weights = live.workspace.folder / "policies" / other / "model.safetensors"
    whole = weights.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"not a safetensors file at all"):
        weights.write_bytes(damaged)
        live.forget()
        live.window.header.policy_chosen.emit(other)
        live.until(lambda: live.said("goes on", level="error"))
        assert len([entry for entry in live.messages if entry.level == "error"]) == 1
        assert live.workspace.catalogue.promoted(scene) == driving
    weights.write_bytes(whole)
    live.start_episode()
    assert live.status is not None
    assert live.status.policy_id == driving
