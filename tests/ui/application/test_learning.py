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
from mile_desktop.ui.supervise.transport_model import Action
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
    opened.click(Action.SUCCESS)
    opened.until(lambda: opened.retraining.panel.can_retrain)
    opened.retraining.panel.set_settings(TINY)
    return opened


@pytest.fixture
def desk(living: LiveWindow) -> LiveWindow:
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


def test_the_threshold_that_is_dragged_reaches_the_worker(desk: LiveWindow) -> None:
    desk.start_episode()
    desk.until(lambda: len(desk.steps) > 5)
    plot = desk.desk.supervise.strips.probability
    x = plot.plot_rect().center().x()
    drag(plot, QPointF(x, plot.y_pixel(plot.threshold)), QPointF(x, plot.y_pixel(0.0)))
    assert desk.store.value.alert_threshold < 0.05

    def alerted() -> bool:
        if desk.phase is Phase.IDLE:  # an episode in which nothing went wrong: p stayed below
            desk.start_episode()
        return bool(desk.status and desk.status.alert)

    desk.until(alerted)
    assert desk.badge == "Autonomous"
    desk.desk.supervise.strips.bar._threshold.setValue(1.0)
    desk.until(lambda: desk.status and not desk.status.alert)


def test_what_was_trained_drives_from_the_next_episode_on(retrained: LiveWindow) -> None:
    desk, panel = retrained, retrained.retraining.panel
    assert desk.said("Retraining is done.", level="success")
    old = desk.library.catalogue.promoted(desk.desk.scene)
    desk.start_episode()
    panel.card.use_button.click()
    new = panel._run.trained.policy if panel._run.trained else ""
    desk.until(lambda: desk.library.catalogue.promoted(desk.desk.scene) == new)
    assert desk.status is not None
    assert desk.status.policy_id == old  # the episode that runs is not disturbed
    desk.start_episode()
    assert desk.status.policy_id == new
    desk.until(lambda: desk.library.catalogue.episodes(desk.desk.scene))
    menu = desk.window.header._policy.menu()
    back = menu.actions()[0]
    assert back.text().startswith("Back to v0")
    back.trigger()
    desk.until(lambda: desk.library.catalogue.promoted(desk.desk.scene) == old)
    desk.start_episode()
    assert desk.status.policy_id == old
    assert desk.window.header._policy.menu().actions()[0].text().startswith("Back to v1")


def test_a_calibration_is_in_force_until_it_is_undone(retrained: LiveWindow) -> None:
    desk, part = retrained, retrained.calibrating.part
    desk.to_idle()
    desk.forget()
    before = desk.library.catalogue.intervention_models(desk.desk.scene)
    part._button.click()
    assert desk.calibrating.running
    desk.until(lambda: part.card.isVisible() or bool(part._note.text()))
    assert part.card.isVisible(), part._note.text()
    assert len(desk.library.catalogue.intervention_models(desk.desk.scene)) == len(before) + 1
    desk.until(lambda: not desk.calibrating.running)
    desk.start_episode()  # the worker has loaded the new one, or does so for the next episode
    part.card._undo.click()
    assert desk.library.catalogue.intervention_models(desk.desk.scene) == before
    desk.start_episode()
    assert not [entry for entry in desk.messages if entry.level == "error"]


def test_the_forecast_is_refitted_in_the_background_without_a_word(retrained: LiveWindow) -> None:
    desk = retrained
    desk.to_idle()
    desk.forget()
    foreseeing = ForecastRefitter(desk.desk)
    foreseeing.refit()
    assert foreseeing.running
    desk.start_episode()  # nobody waits for it: its process works only while nothing else wants to
    desk.to_idle()
    foreseeing._job.cancel()
    desk.until(lambda: not foreseeing.running)
    assert not [entry for entry in desk.messages if entry.level in {"warning", "error"}]


def test_a_damaged_policy_is_refused_and_the_other_one_goes_on(retrained: LiveWindow) -> None:
    desk = retrained
    desk.to_idle()
    desk.forget()
    scene = desk.desk.scene
    driving = desk.library.catalogue.promoted(scene)
    other = next(each.policy_id for each in desk.library.catalogue.policies(scene) if each.policy_id != driving)
    weights = desk.library.folder / "policies" / other / "model.safetensors"
    whole = weights.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"not a safetensors file at all"):
        weights.write_bytes(damaged)
        desk.forget()
        desk.window.header.policy_chosen.emit(other)
        desk.until(lambda: desk.said("goes on", level="error"))
        assert len([entry for entry in desk.messages if entry.level == "error"]) == 1
        assert desk.library.catalogue.promoted(scene) == driving
    weights.write_bytes(whole)
    desk.start_episode()
    assert desk.status is not None
    assert desk.status.policy_id == driving
