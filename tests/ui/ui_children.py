"""Bodies of the processes the clients are tested with: they speak the real messages and misbehave on request."""

import contextlib
import os
import time
from multiprocessing.connection import Connection

import numpy as np

from mile_desktop.channels.endpoint import Endpoint
from mile_desktop.channels.messages import Shutdown
from mile_desktop.channels.shared import FrameRing, StateSlot
from mile_desktop.inspection import messages as i
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.viewer import messages as v

DIE, FREEZE = "die", "freeze"
EXIT_CODE = 7
SPEAKS_S = 0.5
WORKS_S = 1.0


def status(step: int, **changes: object) -> m.Status:
    fields: dict[str, object] = {
        "phase": Phase.AUTONOMOUS, "reason": "", "episode": 1, "episodes_left": 0, "step": step, "policy_id": "p1",
        "policy_name": "v1", "operator": "gamepad", "device": "Xbox pad", "instruction": "hold RB",
        "device_connected": True, "rate_hz": 20.0, "lateness_p99_ms": 1.0, "lateness_max_ms": 2.0, "overruns": 0,
        "alert": False, "asking": False, "basis": "",
    } | changes  # fmt: skip
    return m.Status(**fields)  # type: ignore[arg-type]


def worker(connection: Connection, *_arguments: str) -> None:
    """Answer like the rollout worker; scenes called ``die`` and ``freeze`` end and freeze it."""
    endpoint: Endpoint[m.Command] = Endpoint(connection, m.Command)
    with endpoint:
        step, loaded, running = 0, False, True
        while running and not endpoint.closed:
            endpoint.wait(0.01)
            for command in endpoint.receive():
                if isinstance(command, m.LoadSession):
                    _misbehave(command.scene, endpoint)
                    loaded = True
                    endpoint.send(_session(command))
                elif isinstance(command, m.PromotePolicy):
                    accepted = {"policy": command.policy, "intervention_model": command.intervention_model}
                    endpoint.send(m.PolicyAccepted(**accepted))
                elif isinstance(command, m.EndEpisode):
                    _send_one_of_each(endpoint)
                elif isinstance(command, m.RequestStop):
                    _misbehave(FREEZE, endpoint)
                running = running and not isinstance(command, Shutdown)
            if loaded:
                step += 1
                endpoint.send(status(step))


def viewer(
    connection: Connection, frames_name: str, state_slot_name: str, thumbnail_names: tuple[str, ...], try_opengl: bool
) -> None:
    """Draw one frame a turn, coloured by what was asked for; die when told to look down from the zenith."""
    endpoint: Endpoint[v.Command] = Endpoint(connection, v.Command)
    frames, thumbnails = FrameRing.attach(frames_name), [FrameRing.attach(name) for name in thumbnail_names]
    states = StateSlot.attach(state_slot_name)
    shade, running, said = 0, True, 0.0
    with endpoint:
        while running and not endpoint.closed:
            endpoint.wait(0.01)
            if time.monotonic() - said > SPEAKS_S:
                said = time.monotonic()
                endpoint.send(v.ViewerStatus(frames_per_second=9.0, draw_ms=1.0, core_share=0.1))
            for command in endpoint.receive():
                if isinstance(command, v.LoadScene):
                    _misbehave(command.scene, endpoint)
                    renderer = "OpenGL" if try_opengl else "TinyRenderer"
                    endpoint.send(v.ViewerReady(scene=command.scene, renderer=renderer, presets=()))
                elif isinstance(command, v.SetView):
                    shade = int(command.yaw_deg)
                    if command.pitch_deg <= -90:
                        os._exit(EXIT_CODE)
                running = running and not isinstance(command, Shutdown)
            for ring in (frames, *thumbnails):
                _draw(ring, shade)
    for block in (frames, states, *thumbnails):
        block.close()


def mute(connection: Connection, *_arguments: object) -> None:
    """Take every message and never answer, as a process that hangs while it starts; end with the farewell."""
    with contextlib.suppress(EOFError, OSError):
        while connection.recv_bytes():
            continue


def inspection(connection: Connection) -> None:
    """Answer jobs with what the name of the episode asks for: ``FREEZE``, or some seconds of work."""
    endpoint: Endpoint[i.Command] = Endpoint(connection, i.Command)
    with endpoint:
        running = True
        while running and not endpoint.closed:
            endpoint.wait(0.01)
            for command in endpoint.receive():
                if isinstance(command, i.PredictAgain):
                    _misbehave(command.episode_id, endpoint)
                    end = time.process_time() + WORKS_S
                    while time.process_time() < end:
                        pass
                    endpoint.send(i.JobEnded(job=command.job))
                running = running and not isinstance(command, Shutdown)


def _misbehave(scene: str, endpoint: "Endpoint[m.Command] | Endpoint[v.Command] | Endpoint[i.Command]") -> None:
    if scene == DIE:
        os._exit(EXIT_CODE)
    if scene == FREEZE:
        while not endpoint.closed:
            time.sleep(0.01)


def _session(command: m.LoadSession) -> m.SessionLoaded:
    return m.SessionLoaded(
        number=command.number, scene=command.scene, policy_id=command.policy, policy_name="v1", basis="",
        action_labels=("dx",), max_steps=9,
        rate_hz=command.rate_hz or 20.0,  # as the worker: 0 asks for the rate of the scene
    )  # fmt: skip


def _send_one_of_each(endpoint: "Endpoint[m.Command]") -> None:
    step = m.StepTaken(
        episode_id="e", step=1, timestamp=0.0, intervention=False, probability=0.5, low=0.4, high=0.6, forecast=0.1,
        proposed=(0.0,), executed=(0.0,), std=(0.1,), phase=Phase.AUTONOMOUS,
    )  # fmt: skip
    pad = m.PadState(name="pad", guid="", axes=(0.0,), buttons=(False,), connected=True)
    closed = m.EpisodeClosed(episode_id="e", outcome="success", steps=1, takeovers=0, human_steps=0)
    for event in (step, pad, closed, m.Note(level="info", text="n"), m.Fault(text="f"), m.CameraRequest(direction=-1)):
        endpoint.send(event)


def _draw(ring: FrameRing, shade: int) -> None:
    pixels = np.full((4, 6, 3), shade, np.uint8)
    ring.write(pixels, view_projection=np.eye(4), anchor=(0.0, 0.0, 0.0))
