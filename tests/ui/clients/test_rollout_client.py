import os
import signal
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.rollout import messages as m
from mile_desktop.ui.clients.rollout_client import RolloutClient
from tests.ui.ui_children import DIE, FREEZE, status, worker


@pytest.fixture
def client(qapp: QApplication) -> Iterator[RolloutClient]:
    client = RolloutClient(worker, ("slot",))
    client.start()
    yield client
    client.close()


def load(scene: str = "peg-insertion", policy: str = "p1") -> m.LoadSession:
    return m.LoadSession(workspace="w", scene=scene, policy=policy)


def loaded(client: RolloutClient, qtbot: QtBot) -> m.SessionLoaded:
    with qtbot.waitSignal(client.session_loaded, timeout=20000) as signal:
        client.send(load())
    session: m.SessionLoaded = signal.args[0]
    return session


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_session_is_loaded_and_its_status_followed(client: RolloutClient, qtbot: QtBot) -> None:
    assert client.status is None
    assert loaded(client, qtbot).policy_id == "p1"
    with qtbot.waitSignal(client.status_changed) as signal:
        pass
    assert signal.args == [client.status]


def test_every_event_has_its_signal(client: RolloutClient, qtbot: QtBot) -> None:
    loaded(client, qtbot)
    signals = [client.step_taken, client.pad_state, client.episode_closed, client.note, client.fault,
               client.camera_requested]  # fmt: skip
    received: list[object] = []
    for each in signals:
        each.connect(received.append)
    client.send(m.EndEpisode(outcome="success"))
    qtbot.waitUntil(lambda: len(received) == len(signals))
    kinds = [type(event).__name__ for event in received]
    assert kinds == ["StepTaken", "PadState", "EpisodeClosed", "Note", "Fault", "int"]
    assert received[-1] == -1


def test_a_killed_worker_is_said_within_a_second(client: RolloutClient, qtbot: QtBot) -> None:
    loaded(client, qtbot)
    with qtbot.waitSignal(client.died, timeout=5000) as signal:
        os.kill(client.pid, signal_kill())
        killed = time.monotonic()
    assert time.monotonic() - killed < 1.0
    assert signal.args == ["The rollout worker was killed by SIGKILL."]
    assert not client.alive


def signal_kill() -> int:
    return int(getattr(signal, "SIGKILL", signal.SIGTERM))


def test_a_worker_that_ends_by_itself_is_said_once(client: RolloutClient, qtbot: QtBot) -> None:
    said: list[str] = []
    client.died.connect(said.append)
    client.send(load(DIE))
    qtbot.waitUntil(lambda: bool(said), timeout=20000)
    client.poll()
    client.poll()
    assert said == ["The rollout worker ended with exit code 7."]


def test_restarting_brings_the_session_back_with_the_promoted_policy(client: RolloutClient, qtbot: QtBot) -> None:
    loaded(client, qtbot)
    with qtbot.waitSignal(client.policy_accepted, timeout=5000):
        client.send(m.PromotePolicy(policy="p2", intervention_model="i2"))
    os.kill(client.pid, signal_kill())
    qtbot.waitUntil(lambda: not client.alive, timeout=5000)
    before = client.pid
    with qtbot.waitSignal(client.session_loaded, timeout=20000) as signal:
        client.restart()
    assert signal.args[0].policy_id == "p2"
    assert client.pid != before
    assert client.session is not None


def test_a_frozen_worker_is_said_and_can_be_replaced(client: RolloutClient, qtbot: QtBot) -> None:
    loaded(client, qtbot)
    frozen = client.pid
    with qtbot.waitSignal(client.silent, timeout=5000) as signal:
        client.send(m.RequestStop())
    assert signal.args[0] == "The rollout worker has not answered for 1 s and may be frozen."
    with qtbot.waitSignal(client.session_loaded, timeout=20000):
        client.restart()
        assert client._retiring is not None, "a thread waits for the end of the frozen process, not the window"
    assert gone(frozen)


@pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be paused there")
def test_a_worker_that_answers_again_is_said_too(client: RolloutClient, qtbot: QtBot) -> None:
    loaded(client, qtbot)
    with qtbot.waitSignal(client.silent, timeout=5000):
        os.kill(client.pid, signal.SIGSTOP)
    with qtbot.waitSignal(client.heard_again, timeout=5000):
        os.kill(client.pid, signal.SIGCONT)


def test_silence_before_a_session_is_loaded_means_nothing(qapp: QApplication, qtbot: QtBot) -> None:
    client = RolloutClient(worker, clock=lambda: time.monotonic() + 100.0)
    client.start()
    with qtbot.assertNotEmitted(client.silent, wait=100):
        pass
    client.close()


def test_commands_to_a_dead_worker_are_refused_once(client: RolloutClient, qtbot: QtBot) -> None:
    loaded(client, qtbot)
    os.kill(client.pid, signal_kill())
    qtbot.waitUntil(lambda: not client.alive, timeout=5000)
    refused: list[str] = []
    client.refused.connect(refused.append)
    assert not client.send(m.ToggleHold())
    assert not client.send(m.ToggleHold())
    assert refused == ["The rollout worker was killed by SIGKILL. ToggleHold was not sent."]


def test_closing_ends_the_process_politely(qapp: QApplication, qtbot: QtBot) -> None:
    client = RolloutClient(worker)
    client.start()
    loaded(client, qtbot)
    pid = client.pid
    began = time.monotonic()
    client.close()
    assert time.monotonic() - began < 2.0
    assert gone(pid)
    client.close()
    client.restart()
    assert not client.alive


def test_only_the_newest_of_several_snapshots_is_passed_on(qapp: QApplication) -> None:
    client = RolloutClient(worker)
    order: list[object] = []
    on: Callable[[object], None] = order.append
    for each in (client.status_changed, client.note):
        each.connect(on)
    note = m.Note(level="info", text="between")
    client._receive([status(1), note, status(2), status(3)])
    assert order == [note, status(3)]


def test_a_stop_that_is_not_carried_out_is_said_after_half_a_second(qapp: QApplication, qtbot: QtBot) -> None:
    now = [time.monotonic()]
    client = RolloutClient(worker, ("slot",), clock=lambda: now[0])
    said: list[str] = []
    client.stop_unheard.connect(said.append)
    client.stop_heard.connect(lambda: said.append("heard"))
    client.start()
    try:
        loaded(client, qtbot)
        now[0] = time.monotonic()
        client.send(m.RequestStop())  # this worker freezes
        client.poll()
        now[0] += 0.49
        client.poll()
        assert said == []
        now[0] += 0.02
        for _ in range(3):
            client.poll()
        assert said == ["The rollout worker has not answered to Stop for 0.5 s."]
        client.restart()
        qtbot.waitUntil(lambda: said[1:] == ["heard"], timeout=20000)
    finally:
        client.close()


def test_a_stop_while_a_scene_is_loaded_raises_no_alarm(client: RolloutClient, qtbot: QtBot) -> None:
    said: list[str] = []
    client.stop_unheard.connect(said.append)
    client.send(m.RequestStop())
    qtbot.wait(700)
    assert said == []


def test_a_worker_that_freezes_while_it_loads_is_said(
    client: RolloutClient, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RolloutClient, "loading_s", 0.3)
    with qtbot.waitSignal(client.silent, timeout=20000) as signal_:
        client.send(load(FREEZE))
    assert "rollout worker has not answered" in signal_.args[0]


def test_nothing_of_the_session_before_is_passed_on_while_another_one_is_loaded(qapp: QApplication) -> None:
    client = RolloutClient(worker, ("slot",))
    seen: list[object] = []
    for each in (client.status_changed, client.session_loaded):
        each.connect(seen.append)
    client.send(load())
    new = answer_to(1)
    old, current = status(step=84), status(step=0)
    client._receive((old,))
    assert seen == []
    client._receive((new,))
    client._receive((current,))
    assert seen == [new, current]
    client.send(load())
    client._receive((m.Fault(text="It cannot be loaded.", number=2),))
    client._receive((current,))
    assert seen == [new, current, current]


def answer_to(number: int) -> m.SessionLoaded:
    return m.SessionLoaded(
        number=number, scene="drawer-open", policy_id=f"p{number}", policy_name="v0", basis="", action_labels=("dx",),
        max_steps=9, rate_hz=20.0,
    )  # fmt: skip


def test_a_new_session_has_no_status_before_its_first_one(qapp: QApplication) -> None:
    """The last status says READY, but it is the old session's: the pages have forgotten it and offer no Start."""
    client = RolloutClient(worker, ("slot",))
    client.send(load())
    client._receive((answer_to(1), status(step=3)))
    client.send(load())
    client._receive((status(step=4), answer_to(2)))
    assert client.status is None
    client._receive((status(step=0),))
    assert client.status == status(step=0)


def test_a_refused_load_keeps_the_status_of_the_session_that_goes_on(qapp: QApplication) -> None:
    client = RolloutClient(worker, ("slot",))
    client.send(load())
    client._receive((answer_to(1), status(step=3)))
    client.send(load())
    client._receive((status(step=4), m.LoadRefused(text="An episode is running.", number=2), answer_to(2)))
    assert client.status == status(step=4)


def test_the_answer_to_an_earlier_load_ends_no_later_one(qapp: QApplication) -> None:
    """Otherwise the window would show READY, and the press of Start would run the session that is still loading."""
    client = RolloutClient(worker, ("slot",))
    seen: list[object] = []
    for each in (client.session_loaded, client.fault, client.status_changed, client.note):
        each.connect(seen.append)
    client.send(load("peg-insertion"))
    client.send(load("drawer-open"))
    client._receive((answer_to(1), status(step=1)))
    assert client.session is None
    client.send(load("block-on-target"))
    client._receive((m.Fault(text="It cannot be loaded.", policy_at_fault=True, number=2), status(step=2)))
    assert seen == [m.Note(level="warning", text="It cannot be loaded.")], "nothing may be loaded in its place"
    client._receive((answer_to(3), status(step=0)))
    assert seen[1:] == [answer_to(3), status(step=0)]


def test_a_session_that_broke_down_leaves_no_status(qapp: QApplication) -> None:
    client = RolloutClient(worker, ("slot",))
    client.send(load())
    client._receive((answer_to(1), status(step=3)))
    client._receive((m.Fault(text="The scene failed at a step."),))
    assert client.session is None
    assert client.status is None
