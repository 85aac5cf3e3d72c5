"""One participant's session: consent first, results on the disk at once, nothing asked twice."""

import msgspec
import pytest

from mile_desktop.rollout.input_devices import InputDevices
from mile_desktop.storage.catalogue import Catalogue, insert_episode
from mile_desktop.storage.records import EpisodeRecord, EpisodeStart, Outcome
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.block import alert_of, session_of, start_of
from mile_desktop.study.folder import LABELS, StudyFolder
from mile_desktop.study.participants import ParticipantError
from mile_desktop.study.questionnaires import TLX_ITEMS, AnswerError
from mile_desktop.study.session import ParticipantSession
from tests.study.conftest import ROUNDS, SHORT, MakeStudy

TLX = {item.name: 40 for item in TLX_ITEMS}


def new_session(study: StudyFolder) -> ParticipantSession:
    return ParticipantSession(study, study.add_participant().code)


def key(session: ParticipantSession) -> str:
    assert session.step is not None
    return session.step.key


def until(session: ParticipantSession, wanted: str) -> ParticipantSession:
    """Do what comes before the step ``wanted``."""
    while key(session) != wanted:
        step = session.step
        assert step is not None
        match step.kind:
            case "consent":
                session.consent()
            case "practice" | "episode":
                session.episode_closed(f"ep-{len(session.participant.episodes)}-{step.key}", "success")
            case "questionnaire":
                session.answer({**TLX, "trust": 4} if step.block >= 0 else {})
            case _:
                session.go_on()
    return session


def test_nothing_may_be_recorded_before_the_consent(study: StudyFolder) -> None:
    session = new_session(study)
    episode = next(step for step in session.plan if step.kind == "episode")
    with pytest.raises(ParticipantError, match="has not consented"):
        start_of(session, episode)
    session.consent()
    start = start_of(session, episode)
    assert start.seed == 11
    assert start.notes[LABELS] == {
        "participant": "P01",
        "step": "b1-e1",
        "block": "1",
        "condition": "off",
        "round": "1",
    }


def test_a_new_process_goes_on_where_the_old_one_ended(study: StudyFolder) -> None:
    session = until(new_session(study), "b2-e1")
    again = ParticipantSession(StudyFolder(study.folder), session.code)
    assert again.participant == session.participant
    assert key(again) == "b2-e1"


def test_an_episode_that_was_cut_off_is_run_again_at_the_same_start(study: StudyFolder) -> None:
    session = until(new_session(study), "b1-e2")
    for outcome in ("aborted", "unknown"):
        assert not session.episode_closed("ep-x", outcome)
        assert key(session) == "b1-e2"
    assert session.episode_closed("ep-y", "time limit")
    assert key(session) == "b1-workload"


def record(name: str, step: str, outcome: Outcome, *, recovered: bool = False) -> EpisodeRecord:
    start = EpisodeStart(
        episode_id=name,
        scene="button-press",
        seed=1,
        policy_id="p",
        operator="keyboard",
        device="Keyboard",
        rate_hz=20.0,
        started_at=f"2026-01-01T00:00:0{len(name)}",
        software_version="0",
        extra={LABELS: {"participant": "P01", "step": step}},
    )
    return EpisodeRecord(start, outcome, 10, 1, 5, None, recovered)


def test_an_episode_that_reached_the_disk_only_is_counted_after_a_crash(study: StudyFolder) -> None:
    session = until(new_session(study), "b1-e1")
    with Workspace.open(study.folder) as workspace:
        with workspace.transaction() as connection:
            insert_episode(connection, record("cut", "b1-e1", "aborted", recovered=True))
            insert_episode(connection, record("whole", "b1-e1", "success"))
        again = ParticipantSession(study, session.code)
        again.settle(Catalogue(workspace))
        assert key(again) == "b1-e2"
        again.settle(Catalogue(workspace))
    assert [each.episode_id for each in again.participant.episodes] == ["whole"]


def test_practice_ends_with_the_criterion_or_when_it_is_used_up(study: StudyFolder) -> None:
    session = until(new_session(study), "practice")
    session.episode_closed("ep-1", "failure")
    assert key(session) == "practice"
    session.episode_closed("ep-2", "failure")
    assert key(session) == "b1-e1"
    assert [each.kind for each in session.participant.remarks] == ["practice passed"]
    session.practise_again()
    assert key(session) == "practice"
    session.episode_closed("ep-3", "success")
    assert key(session) == "b1-e1"
    until(session, "b1-e2")
    with pytest.raises(ParticipantError, match="blocks have begun"):
        session.practise_again()


def test_wrong_answers_keep_nothing_and_right_ones_are_asked_once(study: StudyFolder) -> None:
    session = until(new_session(study), "b1-workload")
    with pytest.raises(AnswerError):
        session.answer({"trust": 4})
    assert session.participant.answers == ()
    session.answer({**TLX, "trust": 4})
    assert key(session) == "b1-break"
    with pytest.raises(ParticipantError, match="not at questionnaire"):
        session.answer({**TLX, "trust": 4})


def test_the_end_an_abort_and_a_cut_block(study: StudyFolder) -> None:
    session = until(new_session(study), "b1-e2")
    session.cut_block("Time is over.")
    assert key(session) == "b1-workload"
    with pytest.raises(ParticipantError, match="write one"):
        session.abort("  ")
    until(session, "debriefing").go_on()
    assert (session.step, session.participant.stage) == (None, "finished")
    other = new_session(study)
    other.consent()
    other.abort("felt unwell")
    with pytest.raises(ParticipantError, match="ended early"):
        ParticipantSession(study, other.code)


def test_a_robot_that_could_not_be_retrained_drives_as_it_was(make_study: MakeStudy) -> None:
    text = ROUNDS.replace('name = "off"', 'name = "off"\nmethod = "bc"')
    session = until(new_session(make_study(text)), "b1-t1")
    session.skip_training("The disk is full.")
    assert key(session) == "b1-e2"
    assert session.step is not None
    assert session.policy_of(session.step) == "initial"
    assert [(each.step, each.kind, each.text) for each in session.participant.remarks] == [
        ("b1-t1", "not retrained", "The disk is full.")
    ]


def test_rows_stay_balanced_and_codes_are_never_given_twice(study: StudyFolder) -> None:
    first, second = study.add_participant(), study.add_participant()
    assert (first.row, second.row) == (0, 1)
    study.remove(first.code)
    third = study.add_participant()
    assert (third.code, third.row) == ("P03", 0)
    study.change(second.code, lambda found: msgspec.structs.replace(found, stage="aborted"))
    assert study.add_participant().row == 1
    assert study.participants().withdrawn == 1


def test_what_the_worker_is_told_follows_the_condition(study: StudyFolder) -> None:
    session = until(new_session(study), "b2-e1")
    step = session.step
    assert step is not None
    told = session_of(session, step, study.folder)
    assert (told.guided, told.device, told.seed, told.policy) == (True, "keyboard", 21, "initial")
    assert told.operator_name == ""
    assert start_of(session, step).operator_name == session.code
    assert alert_of(session.condition_of(step)).threshold == 0.7
    off = alert_of(session.protocol.condition("off"))
    assert off.threshold == 1.0
    assert not off.sound


def test_words_can_be_the_only_device(make_study: MakeStudy) -> None:
    session = until(new_session(make_study(SHORT.replace('device = "keyboard"', 'device = "words"'))), "b2-e1")
    step = session.step
    assert step is not None
    told = session_of(session, step, session.study.folder)
    group = InputDevices().group(None, None, gamepad=told.gamepad, rate_hz=told.rate_hz, only=told.device)
    assert group.kind == "words"
