"""The robot's side: what is obeyed, and what it does by itself."""

import numpy as np
import pytest

from mile_desktop.robots import protocol as p
from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.modes import MODE_TRANSITIONS, Mode, ModeEvent, next_mode
from tests.robots.toy import DrivingClient, Network, vector


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def driving(network: Network) -> DrivingClient:
    return DrivingClient(network).connect()


def test_every_mode_can_be_stopped_and_only_clearing_leaves_it() -> None:
    assert {next_mode(mode, ModeEvent.STOP) for mode in Mode} == {Mode.STOPPED}
    assert {
        event for (mode, event), after in MODE_TRANSITIONS.items() if mode is Mode.STOPPED and after is not mode
    } == {ModeEvent.CLEAR}
    assert {before for (before, _), after in MODE_TRANSITIONS.items() if after is Mode.ACTIVE} == {Mode.HOLDING}


def test_nothing_moves_before_arming_nor_before_going(network: Network, driving: DrivingClient) -> None:
    driving.tick(3)
    assert driving.robot.resume() == "The robot is not armed; arm it first."
    driving.tick(3)
    assert (network.host.mode, network.robot.acted) == (Mode.DISARMED, [])
    assert driving.robot.arm() == ""
    driving.tick(3)
    assert (network.host.mode, network.robot.acted) == (Mode.HOLDING, [])
    assert driving.robot.resume() == ""
    driving.tick(3)
    assert network.host.mode is Mode.ACTIVE
    assert len(network.robot.acted) == 3


def test_first_motions_are_slow_and_limits_hold_on_the_robots_side(network: Network, driving: DrivingClient) -> None:
    driving.arm_and_go()
    assert np.all(np.abs(network.robot.acted[0]) < 0.25)
    driving.tick(60)
    assert network.robot.acted[-1] == pytest.approx([1.0, 0.5])
    # what comes in too fast and too far over the wire is cut all the same
    driving.robot.hold()
    driving.tick()
    driving.robot.resume()
    driving.robot._send(vector(50.0, -50.0))
    network.advance(0.01)
    assert np.all(np.abs(network.robot.acted[-1]) <= [0.25, 0.13])


def test_silence_makes_the_robot_hold_until_somebody_resumes(network: Network, driving: DrivingClient) -> None:
    driving.arm_and_go()
    driving.wire.cut_out = True
    network.robot.told.clear()
    driving.tick(3)
    assert network.host.mode is Mode.ACTIVE
    assert network.robot.told == ["hold"], "a gap of two steps already keeps the pose"
    driving.tick(4)
    assert network.host.mode is Mode.HOLDING
    assert "held by itself" in network.host.why
    driving.wire.cut_out = False
    acted = len(network.robot.acted)
    driving.tick(20)
    assert len(network.robot.acted) == acted
    assert driving.robot.held_by_itself
    assert driving.robot.obstacle == ""
    assert driving.robot.resume() == ""
    driving.tick(2)
    assert network.host.mode is Mode.ACTIVE
    assert np.all(np.abs(network.robot.acted[-1]) < 0.3), "slowly again"


def test_a_frozen_robots_side_holds_when_it_comes_back_and_takes_no_late_action(
    network: Network, driving: DrivingClient
) -> None:
    driving.arm_and_go()
    acted = len(network.robot.acted)
    network.frozen = True
    driving.tick(20)
    assert not driving.robot.report().up
    assert "the robot holds" in driving.robot.obstacle
    network.frozen = False
    driving.tick(10)
    assert network.host.mode is Mode.HOLDING
    assert len(network.robot.acted) == acted
    assert driving.robot.report().up
    assert driving.robot.held_by_itself


def test_a_restarted_robots_side_is_disarmed_and_has_to_be_armed(network: Network, driving: DrivingClient) -> None:
    driving.arm_and_go()
    network.restart_host()
    driving.tick(20)
    assert network.host.mode is Mode.DISARMED
    assert driving.robot.report().up
    assert driving.robot.obstacle == "The robot is not armed; arm it first."
    driving.arm_and_go()
    assert network.host.mode is Mode.ACTIVE


def test_a_stop_is_latched_on_the_robots_side(network: Network, driving: DrivingClient) -> None:
    driving.arm_and_go()
    driving.robot.stop()
    driving.tick(2)
    assert network.host.mode is Mode.STOPPED
    assert network.robot.told[-1] == "stop"
    assert driving.robot.arm() != ""
    assert driving.robot.resume() != ""
    driving.tick(5)
    assert network.host.mode is Mode.STOPPED
    assert driving.robot.leave_stop() == ""
    driving.tick()
    assert network.host.mode is Mode.DISARMED
    driving.arm_and_go()
    assert network.host.mode is Mode.ACTIVE


def test_disarming_is_final_until_somebody_arms(network: Network, driving: DrivingClient) -> None:
    driving.arm_and_go()
    driving.robot.disarm()
    driving.tick(3)
    assert network.host.mode is Mode.DISARMED
    assert driving.robot.resume() == "The robot is not armed; arm it first."


def test_the_second_window_may_watch_but_not_drive(network: Network, driving: DrivingClient) -> None:
    driving.arm_and_go()
    second = DrivingClient(network, "second").connect()
    assert "window drives this robot" in second.robot.obstacle
    assert second.robot.arm() != ""
    for _ in range(10):
        driving.tick()
        second.robot.attend()
    assert second.robot.read_state().values == pytest.approx(network.robot.position, abs=0.02)
    assert network.host.driver_name == "window"
    refused = network.host.refused
    second.wire.send(driving.wire.sent[-1])  # a replayed intent of the driver is not newer than the newest
    network.advance(0.01)
    assert network.host.refused == refused + 1


def test_a_window_that_only_watches_stops_the_robot_and_only_the_driver_clears_it(
    network: Network, driving: DrivingClient
) -> None:
    driving.arm_and_go()
    second = DrivingClient(network, "second").connect()
    second.robot.stop()
    driving.tick(2)
    second.robot.attend()
    assert network.host.mode is Mode.STOPPED
    assert network.robot.told[-1] == "stop"
    assert network.host.why == "Stopped by second, which only watches."
    acted = len(network.robot.acted)
    driving.tick(20)
    assert (len(network.robot.acted), network.host.mode) == (acted, Mode.STOPPED)
    assert driving.robot.obstacle == "The robot is stopped. Reset, then arm it."
    assert second.robot.stop_problem == ""
    assert second.robot.leave_stop() == ""
    second.robot.attend()
    driving.tick(2)
    assert network.host.mode is Mode.STOPPED
    assert driving.robot.leave_stop() == ""
    driving.arm_and_go()
    assert network.host.mode is Mode.ACTIVE


@pytest.mark.parametrize("watching", [False, True])
def test_a_stop_that_does_not_arrive_is_reported_and_sent_again(
    network: Network, driving: DrivingClient, watching: bool
) -> None:
    driving.arm_and_go()
    stopping = DrivingClient(network, "second").connect() if watching else driving
    stopping.wire.cut_out = True
    stopping.robot.stop()
    assert stopping.robot.stop_problem == ""
    for _ in range(12):
        driving.tick()
        stopping.robot.attend()
    assert "Stop did not reach the robot" in stopping.robot.stop_problem
    assert "window drives it" in stopping.robot.stop_problem
    stopping.wire.cut_out = False
    for _ in range(12):
        driving.tick()
        stopping.robot.attend()
    assert network.host.mode is Mode.STOPPED
    assert stopping.robot.stop_problem == ""


def test_a_driver_who_leaves_or_stays_away_gives_the_robot_free(network: Network, driving: DrivingClient) -> None:
    driving.arm_and_go()
    driving.robot.close()
    network.advance(0.01)
    assert (network.host.mode, network.host.driver_name) == (Mode.DISARMED, "")
    second = DrivingClient(network, "second").connect().arm_and_go()
    second.wire.cut_out = True
    network.advance(10.5)
    assert (network.host.mode, network.host.driver_name) == (Mode.DISARMED, "")
    third = DrivingClient(network, "third").connect()
    assert third.robot.arm() == ""


def test_the_watcher_gets_the_robot_when_it_asks_for_it_again(network: Network, driving: DrivingClient) -> None:
    second = DrivingClient(network, "second").connect()
    driving.robot.close()
    network.advance(0.01)
    second.tick()
    assert second.robot.obstacle != ""
    second.robot.ask_to_drive()
    second.tick(2)
    assert second.robot.obstacle == "The robot is not armed; arm it first."


def test_a_window_that_was_started_anew_goes_on_as_the_same_driver_disarmed(
    network: Network, driving: DrivingClient
) -> None:
    driving.arm_and_go()
    network.advance(0.4)
    again = NetworkRobot(network.wire(), network.clock, name="window", client=driving.robot._link._client)
    again.connect()
    for _ in range(3):
        again.attend()
        network.advance(0.05)
    assert network.host.mode is Mode.DISARMED
    assert again.obstacle == "The robot is not armed; arm it first."
    assert again.arm() == ""


def test_a_driver_that_raises_is_held_and_its_words_are_passed_on(network: Network, driving: DrivingClient) -> None:
    driving.arm_and_go()
    network.robot.breaks = OSError("joint 3 is too hot")
    driving.tick(3)
    assert network.host.mode is Mode.HOLDING
    assert "joint 3 is too hot" in driving.robot.held_by_itself
    network.robot.breaks = None
    assert driving.robot.resume() == ""
    driving.tick(2)
    assert network.host.mode is Mode.ACTIVE


def test_measuring_nonsense_holds(network: Network, driving: DrivingClient) -> None:
    driving.arm_and_go()
    network.robot.measures_nonsense = True
    driving.tick(2)
    assert network.host.mode is Mode.HOLDING
    assert np.isfinite(driving.robot.read_state().values).all()


def test_nobody_can_make_the_robot_hurry(network: Network, driving: DrivingClient) -> None:
    driving.arm_and_go()
    network.advance(0.04)
    acted = len(network.robot.acted)
    for _ in range(100):
        driving.robot._send(driving.action)
        network.advance(0.001)
    assert len(network.robot.acted) - acted <= 3 + 0.1 * 20 * 1.25 + 1
    assert network.host.refused >= 90


def test_a_robot_that_resets_itself_does_so_once_while_it_holds(network: Network, driving: DrivingClient) -> None:
    driving.robot.arm()
    driving.tick()
    for _ in range(2):
        driving.robot.reset(7)
        driving.tick(3)
        assert driving.robot.reset_outcome() == ""
    assert network.robot.seeds == [7, 7]


def test_a_robot_whose_link_was_lost_while_it_held_goes_to_its_start_again(
    network: Network, driving: DrivingClient
) -> None:
    driving.arm_and_go()
    driving.robot.hold()
    driving.wire.cut_in = True
    driving.tick(14)
    driving.wire.cut_in = False
    driving.tick(10)
    assert driving.robot.held_by_itself == "The link was lost."
    driving.robot.reset(7)
    driving.tick(3)
    assert (driving.robot.reset_outcome(), network.robot.seeds) == ("", [7])
    assert network.host.mode is Mode.HOLDING


def test_a_robot_that_held_by_itself_at_the_end_of_an_episode_goes_to_its_start_again(
    network: Network, driving: DrivingClient
) -> None:
    driving.arm_and_go()
    network.advance(0.5)  # the watchdog revokes the permit in the moment in which the episode ends
    driving.robot.hold()
    driving.tick(3)
    driving.robot.reset(7)
    driving.tick(3)
    assert (driving.robot.reset_outcome(), network.robot.seeds) == ("", [7])


def test_why_a_robot_did_not_go_to_its_start_is_said(network: Network, driving: DrivingClient) -> None:
    robot, toy = driving.robot, network.robot
    robot.arm()
    driving.tick()
    reset = toy.reset

    def blocked(_: int) -> None:
        raise RuntimeError("joint 3 is blocked")

    toy.reset = blocked  # type: ignore[method-assign]
    robot.reset(7)
    driving.tick(3)
    assert robot.reset_outcome() == "The robot could not go to its start pose. Toy arm: joint 3 is blocked"
    toy.reset = reset  # type: ignore[method-assign]
    robot.reset(7)
    driving.wire.cut_in = True
    driving.tick(14)
    assert "The link to Toy arm is lost" in (robot.reset_outcome() or "")
    driving.wire.cut_in = False
    driving.tick(10)
    assert "The link was lost. Check the robot and begin again." in (robot.reset_outcome() or "")
    network.restart_host()
    driving.tick(20)
    assert "not armed" in (robot.reset_outcome() or ""), "a robot's side that was restarted has not gone anywhere"


def test_the_clocks_are_aligned_within_the_round_trip(network: Network, driving: DrivingClient) -> None:
    driving.arm_and_go()
    driving.tick(5)
    report = driving.robot.report()
    assert report.round_trip_s == pytest.approx(0.005, abs=0.003)
    assert abs(report.clock_offset_s) <= report.clock_error_s + 1e-3


def test_another_version_is_named_on_both_sides(network: Network) -> None:
    wire = network.wire()
    hello = p.Hello(client=b"0" * 16, name="old", role=p.Role.DRIVE, permit=0)
    wire.send(p.encode(hello, version=9))
    network.advance(0.01)
    answer = p.decode_from_robot(wire.receive()[0])
    assert isinstance(answer, p.Refused)
    assert answer.reason is p.Reason.VERSION
    assert "version 2" in answer.text
    assert "version 9" in answer.text
