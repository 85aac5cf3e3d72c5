import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.messages import (
    EndEpisode,
    EpisodeClosed,
    RequestReset,
    RequestStop,
    StartEpisodes,
    ToggleHold,
    UndoDiscard,
)
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.supervise.episode_controls import QUESTION_MS, EpisodeControls
from mile_desktop.ui.supervise.model import EpisodeAction, enabled_actions
from mile_desktop.ui.theme import theme
from tests.ui.supervise.examples import status


@pytest.fixture
def controls(qtbot: QtBot) -> EpisodeControls:
    controls = EpisodeControls()
    qtbot.addWidget(controls)
    controls.show()
    return controls


@pytest.fixture
def sent(controls: EpisodeControls) -> list[object]:
    sent: list[object] = []
    controls.commanded.connect(sent.append)
    return sent


def closed(*, discarded: bool) -> EpisodeClosed:
    outcome = "aborted" if discarded else "success"
    return EpisodeClosed(episode_id="e", outcome=outcome, steps=1, takeovers=0, human_steps=0, discarded=discarded)


@pytest.mark.parametrize("phase", [None, *Phase])
def test_buttons_follow_the_table(controls: EpisodeControls, phase: Phase | None) -> None:
    if phase is not None:
        controls.show_status(status(phase=phase))
    assert {action for action in EpisodeAction if controls.button(action).isEnabled()} == enabled_actions(phase)


def test_every_button_has_a_label_and_names_its_key(controls: EpisodeControls) -> None:
    controls.resize(1200, 56)
    for action in EpisodeAction:
        button = controls.button(action)
        assert button.text()
        assert not button.icon().isNull()
        assert "(" in button.toolTip()


def test_start_runs_the_requested_number_of_episodes(controls: EpisodeControls, sent: list[object]) -> None:
    controls.show_status(status(phase=Phase.IDLE))
    controls.set_episodes(5)
    controls.button(EpisodeAction.START).click()
    assert sent == [StartEpisodes(episodes=5)]


def test_after_a_stop_reset_replaces_start(controls: EpisodeControls, sent: list[object]) -> None:
    controls.show_status(status())
    controls.button(EpisodeAction.STOP).click()
    controls.show_status(status(phase=Phase.STOPPED))
    assert controls.button(EpisodeAction.START).isHidden()
    controls.start_or_reset()
    assert sent == [RequestStop(), RequestReset()]


def test_a_partial_success_is_one_press_and_its_button_says_what_it_means(
    controls: EpisodeControls, sent: list[object]
) -> None:
    controls.show_status(status())
    button = controls.button(EpisodeAction.PARTIAL)
    button.click()
    assert sent == [EndEpisode(outcome="partial success")]
    assert "your takeovers are learned from, but it counts as no success (B)" in button.toolTip()


def test_hold_becomes_resume(controls: EpisodeControls, sent: list[object]) -> None:
    controls.show_status(status(phase=Phase.HOLD))
    assert controls.button(EpisodeAction.HOLD).isHidden()
    controls.button(EpisodeAction.RESUME).click()
    assert sent == [ToggleHold()]


def test_keys_do_nothing_where_the_buttons_are_disabled(controls: EpisodeControls, sent: list[object]) -> None:
    controls.show_status(status(phase=Phase.IDLE))
    controls.mark_success()
    controls.mark_failure()
    controls.ask_discard()
    controls.toggle_hold()
    controls.reset()
    assert sent == []


def test_a_discard_is_confirmed_inline_and_can_be_declined(controls: EpisodeControls, sent: list[object]) -> None:
    controls.show_status(status())
    controls.button(EpisodeAction.DISCARD).click()
    assert controls.is_asking
    controls._no.click()
    assert not controls.is_asking
    assert sent == []
    controls.ask_discard()
    controls.ask_discard()
    assert sent == [EndEpisode(outcome="discard")]
    assert not controls.is_asking


def test_without_an_answer_the_episode_is_kept(controls: EpisodeControls, sent: list[object]) -> None:
    controls.show_status(status())
    controls.ask_discard()
    assert controls._question_timer.interval() == QUESTION_MS
    controls._question_timer.timeout.emit()
    assert not controls.is_asking
    assert not controls._question_timer.isActive()
    assert sent == []


def test_the_question_is_hidden_when_the_episode_ends(controls: EpisodeControls) -> None:
    controls.show_status(status())
    controls.ask_discard()
    controls.show_status(status(phase=Phase.RESETTING))
    assert not controls.is_asking


def test_a_discard_can_be_undone_until_the_next_episode_closes(controls: EpisodeControls, sent: list[object]) -> None:
    controls.show_closed(closed(discarded=True))
    assert not controls._undo.isHidden()
    controls._undo.click()
    assert sent == [UndoDiscard()]
    assert controls._undo.isHidden()
    controls.show_closed(closed(discarded=True))
    controls.show_closed(closed(discarded=False))
    assert controls._undo.isHidden()


def test_narrow_bars_show_icons_without_labels(controls: EpisodeControls, qtbot: QtBot) -> None:
    controls.resize(560, 56)
    qtbot.waitUntil(lambda: controls.button(EpisodeAction.SUCCESS).text() == "")
    assert controls.button(EpisodeAction.STOP).text() == "Stop"
    assert controls.button(EpisodeAction.SUCCESS).accessibleName() == "Success"
    controls.resize(1200, 56)
    qtbot.waitUntil(lambda: controls.button(EpisodeAction.SUCCESS).text() == "Success")


def test_a_participant_of_a_study_has_no_button_for_the_outcome(controls: EpisodeControls, sent: list[object]) -> None:
    controls.show_status(status())
    controls.guide(True)
    for press in (controls.mark_success, controls.mark_failure, controls.ask_discard):
        press()
    assert sent == []
    outcomes = (EpisodeAction.SUCCESS, EpisodeAction.FAILURE, EpisodeAction.DISCARD)
    assert all(controls.button(each).isHidden() for each in outcomes)
    controls.guide(False)
    controls.mark_success()
    assert len(sent) == 1


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("phase", [Phase.AUTONOMOUS, Phase.HOLD])
def test_stop_does_not_move_while_a_discard_is_asked(
    themed: QApplication, qtbot: QtBot, phase: Phase, scale: float
) -> None:
    theme.apply(themed, "dark", scale)
    controls = EpisodeControls()
    qtbot.addWidget(controls)
    controls.show()
    controls.show_status(status(phase=phase))
    moved = []
    for width in range(theme.px(400), theme.px(1400), theme.px(25)):
        controls.resize(width, theme.px(56))
        QApplication.processEvents()
        before = controls.button(EpisodeAction.STOP).geometry()
        controls.ask_discard()
        QApplication.processEvents()
        if controls.button(EpisodeAction.STOP).geometry() != before:
            moved.append((width, before, controls.button(EpisodeAction.STOP).geometry()))
        clipped = [each.text() for each in (controls._yes, controls._no) if each.sizeHint().width() > each.width()]
        assert not clipped, width
        controls._no.click()
        QApplication.processEvents()
    assert not moved, [(each[0], each[1].getRect(), each[2].getRect()) for each in moved]
