"""Ctrl+C and SIGTERM end every command within a second, whatever it computes, and leave nothing behind."""

import argparse
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from mile_desktop import cli
from mile_desktop.commands.command import Interruption, Report, interrupted_by_signals
from mile_desktop.intervention.baselines import neural_classifier
from mile_desktop.intervention.data import SupervisedSteps

WITHIN_S = 1.0
"""Of processor time: how busy the machine is with other work says nothing about this program."""


@contextmanager
def sent(number: signal.Signals, after_s: float) -> Iterator[Callable[[], float]]:
    """Send a signal to this process; yields how much processor time has passed since then."""
    at = 0.0

    def send() -> None:
        nonlocal at
        at = time.process_time()
        os.kill(os.getpid(), number)

    timer = threading.Timer(after_s, send)
    timer.start()
    yield lambda: time.process_time() - at
    timer.join()


def steps(count: int) -> SupervisedSteps:
    """Return steps whose ν follows nothing, so that a classifier trains on and on."""
    random = torch.Generator().manual_seed(0)
    nothing = torch.zeros(count, 1)
    flags = torch.zeros(count, dtype=torch.bool)
    return SupervisedSteps(
        observation=torch.randn(count, 16, generator=random),
        action=nothing,
        human_action=nothing,
        policy_mean=nothing,
        policy_std=nothing,
        intervention=torch.rand(count, generator=random) < 0.5,
        demonstration=flags,
        success=flags,
        episode=torch.zeros(count, dtype=torch.int64),
        step=torch.arange(count),
        episode_ids=("e",),
    )


@pytest.mark.parametrize("after_s", [0.4, 0.8])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_network_of_scikit_learn_does_not_swallow_it(number: signal.Signals, after_s: float) -> None:
    # Early, while numpy makes texts of numbers and drops every exception, and later, in the training.
    many = steps(60_000)
    before = signal.getsignal(number)
    with sent(number, after_s) as ago, pytest.raises(Interruption), interrupted_by_signals():
        neural_classifier(many, many.intervention.numpy(), many)
    assert ago() < WITHIN_S
    assert signal.getsignal(number) is before


def test_a_command_that_is_ended_removes_its_files_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places: list[Path] = []
    sent_ago: list[Callable[[], float]] = []

    def work(_options: argparse.Namespace, _report: Report) -> None:
        # The signal is sent from here: how long the command takes to begin is another matter.
        with tempfile.TemporaryDirectory() as place, sent(signal.SIGTERM, 0.1) as ago:
            places.append(Path(place))
            sent_ago.append(ago)
            while True:
                np.sort(np.arange(1000))

    monkeypatch.setattr("mile_desktop.commands.study.run", work)
    assert cli.main(["study", "status", "/nowhere"]) == 130
    assert sent_ago[0]() < WITHIN_S
    assert capsys.readouterr().err == "mile-desktop: cancelled\n"
    assert not places[0].exists()


def test_a_second_signal_does_not_interrupt_what_is_put_away() -> None:
    put_away = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            try:
                raise KeyError
            except KeyError:
                os.kill(os.getpid(), signal.SIGINT)
            put_away.append("files")

    with pytest.raises(Interruption), interrupted_by_signals():
        work()
    assert put_away == ["files"]


def test_the_time_left_follows_from_the_speed_so_far(capsys: pytest.CaptureFixture[str]) -> None:
    Report(as_json=True, began=time.monotonic() - 30.0).progress(0.75, "Half and more")
    fields = capsys.readouterr().out
    assert '"seconds_left": 10.' in fields
    Report(as_json=True).progress(0.75, "At once")
    assert "seconds_left" not in capsys.readouterr().out
