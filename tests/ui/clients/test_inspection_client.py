import gc
import os
import signal

import psutil
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.inspection import messages as i
from mile_desktop.ui.clients.inspection_client import InspectionClient
from tests.ui.ui_children import FREEZE, inspection


def test_jobs_end_with_a_problem_when_the_process_dies(themed: QApplication) -> None:
    client = InspectionClient(print)
    ended: list[i.JobEnded] = []
    client.ended.connect(ended.append)
    client._open.add(4)
    client._ended("The inspection was killed by SIGKILL.")
    (job,) = ended
    assert job.job == 4
    assert job.problem.startswith("The inspection was killed by SIGKILL.")
    assert "try again" in job.problem


def test_a_frozen_process_is_replaced_and_its_job_given_up_but_one_that_computes_is_left_alone(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InspectionClient, "loading_s", 0.5)
    client = InspectionClient(inspection)
    ended: list[i.JobEnded] = []
    client.ended.connect(ended.append)
    client.send(i.PredictAgain(job=client.new_job(), workspace="w", episode_id="e"))
    first = client.pid
    qtbot.waitUntil(lambda: bool(ended), timeout=20000)
    assert ended == [i.JobEnded(job=1)]
    assert client.pid == first, "a second of work is longer than the limit, and no fault"
    client.send(i.PredictAgain(job=client.new_job(), workspace="w", episode_id=FREEZE))
    qtbot.waitUntil(lambda: len(ended) == 2 and client.pid not in {0, first}, timeout=20000)
    assert ended[1].problem.startswith("The inspection has not answered for")
    assert "try again" in ended[1].problem
    client.close(0.1)


def test_processes_that_died_leave_no_handles_behind(qtbot: QtBot) -> None:
    client = InspectionClient(inspection)
    ended: list[i.JobEnded] = []
    client.ended.connect(ended.append)
    handles: list[int] = []
    gc.collect()
    gc.disable()  # the window collects seldom
    try:
        for job in (1, 2, 3):
            client.send(i.PredictAgain(job=job, workspace="w", episode_id="e"))
            handles.append(psutil.Process().num_fds())
            os.kill(client.pid, signal.SIGKILL)
            qtbot.waitUntil(lambda: not client.alive and len(ended) == job, timeout=20000)  # noqa: B023 - waited for
    finally:
        gc.enable()
        client.close(0.1)
    assert len(set(handles)) == 1
