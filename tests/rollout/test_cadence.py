import pytest

from mile_desktop.rollout.cadence import Cadence
from mile_desktop.rollout.clock import SimulatedClock


def test_ticks_come_at_the_rate_whatever_the_work_takes() -> None:
    clock = SimulatedClock()
    cadence = Cadence(20.0, clock)
    moments = []
    for work_s in (0.0, 0.01, 0.049, 0.0, 0.03):
        clock.advance(work_s)
        assert cadence.wait() == 0.0
        moments.append(clock.now())
    assert moments == pytest.approx([0.05, 0.10, 0.15, 0.20, 0.25])
    assert cadence.report().rate_hz == pytest.approx(20.0)
    assert cadence.report().overruns == 0


def test_a_late_tick_is_counted_and_not_caught_up_by_hurrying() -> None:
    clock = SimulatedClock()
    cadence = Cadence(20.0, clock)
    clock.advance(0.18)  # the work of one tick takes three periods and a half
    assert cadence.wait() == pytest.approx(0.13)
    report = cadence.report()
    assert (report.overruns, report.missed) == (1, 2)
    assert report.lateness_max_ms == pytest.approx(130.0)
    before = clock.now()
    cadence.wait()
    assert clock.now() - before == pytest.approx(0.02)
    cadence.wait()
    assert clock.now() == pytest.approx(0.25)


def test_a_restart_forgives_a_pause() -> None:
    clock = SimulatedClock()
    cadence = Cadence(10.0, clock)
    clock.advance(5.0)
    cadence.restart()
    assert cadence.wait() == 0.0
    assert cadence.report().missed == 0


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Cadence(0.0, SimulatedClock())
