import pytest
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
from mile_desktop.ui.supervise.transport import ASKED_MS, Transport
from mile_desktop.ui.supervise.transport_model import Action, enabled
from tests.ui.supervise.examples import status


@pytest.fixture
def transport(qtbot: QtBot) -> Transport:
    transport = Transport()
    qtbot.addWidget(transport)
    transport.show()
    return transport


@pytest.fixture
def sent(transport: Transport) -> list[object]:
    sent: list[object] = []
    transport.commanded.connect(sent.append)
    return sent


def closed(*, discarded: bool) -> EpisodeClosed:
    outcome = "aborted" if discarded else "success"
    return EpisodeClosed(episode_id="e", outcome=outcome, steps=1, takeovers=0, human_steps=0, discarded=discarded)


@pytest.mark.parametrize("phase", [None, *Phase])
def test_buttons_follow_the_table(transport: Transport, phase: Phase | None) -> None:
    if phase is not None:
        transport.show_status(status(phase=phase))
    assert {action for action in Action if transport.button(action).isEnabled()} == enabled(phase)


def test_every_button_says_its_word_and_its_key(transport: Transport) -> None:
    transport.resize(1200, 56)
    for action in Action:
        button = transport.button(action)
        assert button.text()
        assert not button.icon().isNull()
        assert "(" in button.toolTip()


def test_start_begins_as_many_episodes_as_asked_for(transport: Transport, sent: list[object]) -> None:
    transport.show_status(status(phase=Phase.IDLE))
    transport.set_episodes(5)
    transport.button(Action.START).click()
    assert sent == [StartEpisodes(episodes=5)]


def test_after_a_stop_reset_stands_where_start_was(transport: Transport, sent: list[object]) -> None:
    transport.show_status(status())
    transport.button(Action.STOP).click()
    transport.show_status(status(phase=Phase.STOPPED))
    assert transport.button(Action.START).isHidden()
    transport.start_or_reset()
    assert sent == [RequestStop(), RequestReset()]


def test_hold_becomes_resume(transport: Transport, sent: list[object]) -> None:
    transport.show_status(status(phase=Phase.HOLD))
    assert transport.button(Action.HOLD).isHidden()
    transport.button(Action.RESUME).click()
    assert sent == [ToggleHold()]


def test_keys_do_nothing_where_the_buttons_do_nothing(transport: Transport, sent: list[object]) -> None:
    transport.show_status(status(phase=Phase.IDLE))
    transport.mark_success()
    transport.mark_failure()
    transport.ask_discard()
    transport.toggle_hold()
    transport.reset()
    assert sent == []


def test_a_discard_is_asked_for_inline_and_can_be_refused(transport: Transport, sent: list[object]) -> None:
    transport.show_status(status())
    transport.button(Action.DISCARD).click()
    assert transport.is_asking
    transport._no.click()
    assert not transport.is_asking
    assert sent == []
    transport.ask_discard()
    transport.ask_discard()
    assert sent == [EndEpisode(outcome="discard")]
    assert not transport.is_asking


def test_no_answer_means_no(transport: Transport, sent: list[object]) -> None:
    transport.show_status(status())
    transport.ask_discard()
    assert transport._asked.interval() == ASKED_MS
    transport._asked.timeout.emit()
    assert not transport.is_asking
    assert not transport._asked.isActive()
    assert sent == []


def test_the_question_goes_away_with_the_episode(transport: Transport) -> None:
    transport.show_status(status())
    transport.ask_discard()
    transport.show_status(status(phase=Phase.RESETTING))
    assert not transport.is_asking


def test_a_discard_can_be_undone_until_the_next_episode_closes(transport: Transport, sent: list[object]) -> None:
    transport.show_closed(closed(discarded=True))
    assert not transport._undo.isHidden()
    transport._undo.click()
    assert sent == [UndoDiscard()]
    assert transport._undo.isHidden()
    transport.show_closed(closed(discarded=True))
    transport.show_closed(closed(discarded=False))
    assert transport._undo.isHidden()


def test_narrow_bars_keep_the_shapes_and_drop_the_words(transport: Transport, qtbot: QtBot) -> None:
    transport.resize(560, 56)
    qtbot.waitUntil(lambda: transport.button(Action.SUCCESS).text() == "")
    assert transport.button(Action.STOP).text() == "Stop"
    assert transport.button(Action.SUCCESS).accessibleName() == "Success"
    transport.resize(1200, 56)
    qtbot.waitUntil(lambda: transport.button(Action.SUCCESS).text() == "Success")
