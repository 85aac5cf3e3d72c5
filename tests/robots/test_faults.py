"""Whatever the network does to messages, the robot moves only where a person permitted it, and only within limits."""

import random
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mile_desktop.arrays import Float32Array
from mile_desktop.channels.shared import StateSlot
from mile_desktop.robots import protocol as p
from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.description import MAX_ENTRIES, RobotDescription
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.host import RobotHost
from mile_desktop.robots.modes import Mode
from tests.robots.toy import DESCRIPTION, DrivingClient, Network, vector

FEW = settings(max_examples=25, deadline=None)


class Watched:
    """A network that notes every permission, every hold and every act, in order."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.resumed_at = -1.0
        self.held_at = network.clock.time
        self.acts: list[tuple[float, Float32Array]] = []
        act = network.robot.act

        def watched(action: Float32Array) -> None:
            assert network.host.mode is Mode.ACTIVE
            assert self.resumed_at > self.held_at, "it moved although no person had resumed since it held"
            self.acts.append((network.clock.time, action))
            act(action)

        network.robot.act = watched  # type: ignore[method-assign]

    def look(self) -> None:
        if self.network.host.mode is not Mode.ACTIVE and self.resumed_at < self.network.clock.time - 0.3:
            self.held_at = self.network.clock.time

    def resume(self, driving: DrivingClient) -> None:
        if driving.robot.resume() == "":
            self.resumed_at = self.network.clock.time


def harmed(seed: int, loss: float, twice: float, swapped: float) -> Callable[[bytes], list[bytes]]:
    """Lose, repeat and reorder messages at random."""
    dice = random.Random(seed)
    kept: list[bytes] = []

    def harm(data: bytes) -> list[bytes]:
        if dice.random() < loss:
            return []
        if dice.random() < swapped:
            kept.append(data)
            return []
        out = [data] * (2 if dice.random() < twice else 1) + kept
        kept.clear()
        return out

    return harm


COMMANDS = (
    "tick",
    "tick",
    "tick",
    "tick",
    "resume",
    "hold",
    "disarm",
    "arm",
    "stop",
    "leave_stop",
    "cut",
    "mend",
    "freeze",
)


@FEW
@given(
    st.integers(0, 2**31),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
    st.lists(st.sampled_from(COMMANDS), max_size=40),
)
def test_nothing_moves_without_a_permission(
    seed: int, loss: float, twice: float, swapped: float, commands: list[str]
) -> None:
    network = Network(delay_s=0.004)
    driving = DrivingClient(network).connect()
    watched = Watched(network)
    driving.robot.arm()
    watched.resume(driving)
    driving.tick(3)
    network.harm = harmed(seed, loss, twice, swapped)
    for command in commands:
        _do(command, driving, watched)
        driving.tick()
        watched.look()
    _check_limits(watched)


def _do(command: str, driving: DrivingClient, watched: Watched) -> None:
    match command:
        case "resume":
            watched.resume(driving)
        case "cut" | "mend":
            driving.wire.cut_out = driving.wire.cut_in = command == "cut"
        case "freeze":
            driving.network.frozen = True
            driving.tick(8)
            driving.network.frozen = False
        case "hold" | "disarm" | "arm" | "stop" | "leave_stop":
            getattr(driving.robot, command)()


def _check_limits(watched: Watched) -> None:
    for _, action in watched.acts:
        assert np.all(np.abs(action) <= [1.0, 0.5])
    moments = [moment for moment, _ in watched.acts]
    for index, moment in enumerate(moments):
        within = sum(1 for each in moments[index:] if each - moment <= 1.0)
        assert within <= 3 + 1.25 * DESCRIPTION.rate_hz + 1


@pytest.mark.parametrize("delay_s", [0.0, 0.03, 0.09])
def test_delay_within_the_watchdogs_time_is_only_delay(delay_s: float) -> None:
    network = Network(delay_s=delay_s)
    driving = DrivingClient(network).connect().arm_and_go()
    driving.tick(40)
    assert network.host.mode is Mode.ACTIVE
    assert len(network.robot.acted) >= 36
    assert driving.robot.report().lost == 0


def test_a_delay_beyond_what_is_safe_lets_nothing_move() -> None:
    network = Network(delay_s=0.2)
    driving = DrivingClient(network)
    driving.robot.connect()
    driving.robot.arm()
    driving.tick(10)
    driving.robot.resume()
    driving.tick(20)
    assert network.robot.acted == []


def test_a_resume_that_was_held_up_permits_nothing() -> None:
    network = Network()
    driving = DrivingClient(network).connect().arm_and_go()
    driving.robot.hold()
    driving.tick(2)
    late: list[bytes] = []
    network.harm = lambda data: late.append(data) or []  # type: ignore[func-returns-value]
    driving.robot.resume()
    driving.tick(12)
    network.harm = lambda data: [data]
    acted = len(network.robot.acted)
    for data in late:
        network.post(driving.wire.name, data)
    network.advance(0.05)
    assert network.host.mode is Mode.HOLDING
    assert len(network.robot.acted) == acted


def test_clocks_that_differ_and_drift_are_followed() -> None:
    network = Network()
    start = network.clock.time
    skewed = type(network.host)(network.robot, lambda: 5000.0 + 1.001 * (network.clock.time - start))
    network.host = skewed
    driving = DrivingClient(network).connect().arm_and_go()
    driving.tick(200)
    report = driving.robot.report()
    truth = 5000.0 + 0.001 * (network.clock.time - start) - start
    assert report.clock_offset_s == pytest.approx(truth, abs=report.clock_error_s + 0.007)
    assert network.host.mode is Mode.ACTIVE


@pytest.mark.parametrize("direction", ["cut_out", "cut_in"])
def test_a_link_that_is_open_in_one_direction_only_holds(direction: str) -> None:
    network = Network()
    driving = DrivingClient(network).connect().arm_and_go()
    setattr(driving.wire, direction, True)
    driving.tick(8)
    assert network.host.mode is Mode.HOLDING
    assert driving.robot.obstacle or driving.robot.held_by_itself
    setattr(driving.wire, direction, False)
    acted = len(network.robot.acted)
    driving.tick(20)
    assert len(network.robot.acted) == acted
    assert driving.robot.held_by_itself
    assert driving.robot.resume() == ""
    driving.tick(3)
    assert len(network.robot.acted) > acted


# ── messages not meant ─────────────────────────────────────────────────────────────────────────────────────────


@FEW
@given(st.binary(max_size=300))
def test_bytes_that_are_no_message_are_counted_and_dropped(data: bytes) -> None:
    network = Network()
    driving = DrivingClient(network).connect().arm_and_go()
    for each in (data, p.MAGIC + data, p.MAGIC + bytes((p.VERSION,)) + data):
        network.host.receive(b"stranger", each)
        driving.wire.arriving.appendleft((0.0, each))
    driving.tick(2)
    assert network.host.mode is Mode.ACTIVE
    assert driving.robot.report().up


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=8), st.binary(max_size=40)
)


@FEW
@given(st.dictionaries(st.sampled_from(p.Intent.__struct_fields__), ODD), st.binary(max_size=64))
def test_an_intent_with_anything_in_it_never_breaks_the_robots_side(changes: dict[str, object], action: bytes) -> None:
    network = Network()
    driving = DrivingClient(network).connect().arm_and_go()
    watched = Watched(network)
    watched.resumed_at = network.clock.time + 1.0
    intent = msgspec.to_builtins(p.decode_from_window(driving.wire.sent[-1]), builtin_types=(bytes,))
    intent |= {"seq": 10**6, "action": action} | changes
    data = p.MAGIC + bytes((p.VERSION,)) + msgspec.msgpack.encode(intent)
    network.host.receive(driving.wire.name, data)
    network.advance(0.05)
    _check_limits(watched)
    assert network.host.mode in set(Mode)


@FEW
@given(st.dictionaries(st.sampled_from(p.State.__struct_fields__), ODD))
@example({"scene_state": b"abc"})
@example({"values": b""})
@example({"sent_at": float("nan"), "received_at": float("-inf")})
def test_a_state_with_anything_in_it_never_breaks_the_window(changes: dict[str, object]) -> None:
    network = Network()
    driving = DrivingClient(network).connect()
    driving.tick(2)
    _, state = network.host.receive(driving.wire.name, driving.wire.sent[-1]), network.host._state(None)
    told = msgspec.to_builtins(p.decode_from_robot(state), builtin_types=(bytes,)) | changes
    driving.wire.arriving.append((0.0, p.MAGIC + bytes((p.VERSION,)) + msgspec.msgpack.encode(told)))
    driving.robot.attend()
    assert np.isfinite(driving.robot.read_state().values).all()


def test_a_stranger_gets_nothing_moved_and_no_state() -> None:
    network = Network()
    driving = DrivingClient(network).connect().arm_and_go()
    stranger = network.wire()
    intent = p.Intent(
        session=b"x" * 16, seq=9, sent_at=0.0, want=p.RequestedMode.MOVE, permit=99, action=p.pack(vector(1, 1))
    )
    stranger.send(p.encode(intent))
    stranger.send(p.encode(p.Goodbye(session=b"x" * 16)))
    driving.tick()
    answers = [p.decode_from_robot(data) for data in stranger.receive()]
    assert [type(each) for each in answers] == [p.Refused]
    assert network.host.mode is Mode.ACTIVE


def test_too_many_windows_are_turned_away_in_words() -> None:
    network = Network()
    wires = [network.wire() for _ in range(40)]
    for index, wire in enumerate(wires):
        wire.send(p.encode(p.Hello(client=b"%016d" % index, name="w", role=p.Role.WATCH, permit=0)))
    network.advance(0.01)
    answers = [p.decode_from_robot(wire.receive()[0]) for wire in wires]
    refused = [each for each in answers if isinstance(each, p.Refused)]
    assert len(refused) == 9
    assert "Too many" in refused[0].text
    # however many watch, a window that drives still gets in, and the account's secret is asked for
    assert DrivingClient(network).connect().robot.arm() == ""


def test_a_client_of_another_account_is_turned_away_in_words() -> None:
    network = Network()
    network.host = RobotHost(network.robot, network.clock, secret=b"s" * 32)
    stranger = network.client("stranger")
    with pytest.raises(RobotError, match="only windows of the account that serves it"):
        stranger.connect(2.0)
    assert network.host.driver_name == ""
    friend = DrivingClient(network)
    friend.wire.secret = b"s" * 32
    friend.connect().arm_and_go()
    assert network.host.mode is Mode.ACTIVE


def test_another_robot_at_the_same_address_is_not_driven() -> None:
    network = Network()
    driving = DrivingClient(network).connect().arm_and_go()
    network.robot.description = msgspec.structs.replace(DESCRIPTION, name="Other arm")
    network.restart_host()
    driving.tick(20)
    assert "Another robot answers now: Other arm" in driving.robot.obstacle
    assert driving.robot.resume() != ""
    driving.tick(5)
    assert network.host.mode is Mode.DISARMED


def test_a_robot_of_another_version_is_named() -> None:
    network = Network()
    wire = network.wire()
    robot = NetworkRobot(wire, network.clock, name="w")
    wire.arriving.append((0.0, p.MAGIC + bytes((9,)) + b"\x80"))
    with pytest.raises(Exception, match="version 9 of the protocol"):
        robot.connect(0.2)


def test_a_robot_may_describe_no_more_scene_state_than_the_window_can_take() -> None:
    with StateSlot.create() as slot:
        assert slot.capacity == MAX_ENTRIES
        slot.write(np.zeros(MAX_ENTRIES, np.float32), 0)
    with pytest.raises(msgspec.ValidationError, match="4096"):
        msgspec.convert({**msgspec.to_builtins(DESCRIPTION), "scene_state_size": MAX_ENTRIES + 1}, RobotDescription)
