"""The viewer process: follows scene states, draws changes, and writes frames to shared memory for the window."""

import os
import sys
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.cameras.source import Picture
from mile_desktop.channels.endpoint import Endpoint
from mile_desktop.channels.messages import Shutdown
from mile_desktop.channels.shared import FrameRing, StateSlot
from mile_desktop.errors import UserError
from mile_desktop.scenes.description import CameraDescription, SceneDescriptionError
from mile_desktop.viewer.aids import Aids
from mile_desktop.viewer.camera import View
from mile_desktop.viewer.draw_rate import SETTLED_S, DrawLimits, DrawRate
from mile_desktop.viewer.messages import (
    RECORDED,
    Command,
    FollowLive,
    LoadScene,
    SetBackground,
    SetPace,
    SetSize,
    SetThumbnails,
    SetView,
    ShowState,
    StartVideo,
    StopVideo,
    UsePreset,
    ViewerFault,
    ViewerNote,
    ViewerReady,
    ViewerStatus,
)
from mile_desktop.viewer.renderer import Background
from mile_desktop.viewer.scene_video import SceneVideo
from mile_desktop.viewer.small_views import SmallViews
from mile_desktop.viewer.stages import AnyStage, open_stage, preset_of

_POLL_S = 0.005
"""How long a new scene state may wait to be noticed."""
_STATUS_PERIOD_S = 1.0
_NICENESS = 5
_SMALLEST = 16


def run_viewer(
    connection: Connection,
    frames_name: str,
    state_slot_name: str,
    thumbnail_names: tuple[str, ...] = (),
    try_opengl: bool = True,
) -> None:
    """Run the viewer process; it ends on ``Shutdown`` or when the window is gone.

    Parameters
    ----------
    connection
        Takes ``messages.Command`` and sends ``messages.Event``.
    frames_name, thumbnail_names
        Names of the ``FrameRing`` of the main view and of those of the thumbnails.
    state_slot_name
        Name of the ``StateSlot`` into which the rollout worker writes the state of the running scene.
    try_opengl
        Use OpenGL where it is available.
    """
    if sys.platform != "win32":
        os.nice(_NICENESS)  # before any thread starts, so that the renderer's threads inherit it
    with ExitStack() as stack:
        endpoint = stack.enter_context(Endpoint[Command](connection, Command, newest_wins=(ViewerStatus,)))
        frames = stack.enter_context(FrameRing.attach(frames_name))
        states = stack.enter_context(StateSlot.attach(state_slot_name))
        thumbnails = [stack.enter_context(FrameRing.attach(name)) for name in thumbnail_names]
        viewer = Viewer(endpoint, frames, states, thumbnails, try_opengl=try_opengl)
        stack.callback(viewer.close)
        while viewer.turn():
            # Wakes at once for a command. A new scene state gives no signal, so it is noticed after this wait at the
            # latest.
            endpoint.wait(_POLL_S)


class Viewer:
    """Holds what is shown, and decides whether it is drawn again; belongs to the loop of the viewer process.

    While something moves, ``DrawRate`` limits how often pictures are drawn and how large they are. When nothing has
    changed for ``SETTLED_S``, the last picture is drawn again in full size with smooth edges.
    """

    def __init__(
        self,
        endpoint: Endpoint[Command],
        frames: FrameRing,
        states: StateSlot,
        thumbnails: list[FrameRing],
        *,
        try_opengl: bool = True,
    ) -> None:
        self._endpoint = endpoint
        self._frames = frames
        self._states = states
        self._rings = thumbnails
        self._try_opengl = try_opengl
        self._stage: AnyStage | None = None
        self._background = Background()
        self._size = (640, 480)
        self._camera: View | CameraDescription | None = None
        self._video = SceneVideo(self._report_video)
        self._recorded = False
        self._seen = 0
        self._generation = 0
        self._aids = Aids()
        self._step = -1
        self._refusal = ""
        self._limits = DrawLimits()
        self._draw_rate = DrawRate(self._limits)
        self._changed_s: float | None = None
        """When the first change happened that is not drawn yet."""
        self._coarse_since_s: float | None = None
        """When the newest picture was drawn, if it was not drawn in full."""
        self._small = SmallViews()
        self._small_views_turn = False
        self._drawn: list[float] = []
        self._next_status_s = time.monotonic() + _STATUS_PERIOD_S
        self._processor_s = time.process_time()

    def turn(self) -> bool:
        """Handle commands, follow the state, draw: one pass of the loop; False when the process must end."""
        # Commands first: a drag sends many views, and only the last of them is drawn.
        for command in self._endpoint.receive():
            if isinstance(command, Shutdown):
                return False
            self._handle(command)
        self._follow()
        now = time.monotonic()
        if self._stage is not None:
            try:
                self._draw_what_is_due(self._stage, now)
            except SceneDescriptionError as error:  # the code of an environment that draws itself
                self._report_refusal(str(error))
        if now >= self._next_status_s:
            self._report(now)
        return not self._endpoint.closed

    def close(self) -> None:
        """End a video and free the scene."""
        self._video.close()
        if self._stage is not None:
            self._stage.close()
            self._stage = None

    def _handle(self, command: Command) -> None:
        match command:
            case LoadScene(scene=scene, generation=generation):
                self._generation = generation
                self._load(scene)
            case SetView():
                self._look_from(command)
            case UsePreset(name=name):
                self._use_preset(name)
            case ShowState(values=values, step=step):
                self._recorded = True
                self._show(np.array(values, np.float32), step)
            case FollowLive():
                self._recorded = False
                # The live state is shown again even if it has not changed since.
                self._seen = 0
            case _:
                self._adjust(command)

    def _adjust(self, command: Command) -> None:
        """Change how pictures are drawn, not what they show."""
        match command:
            case SetSize(width=width, height=height):
                self._size = _limited(width, height, self._frames)
                # The cost was measured at another size.
                self._draw_rate.forget()
                self._touch()
            case SetPace():
                self._limits = DrawLimits(command.max_rate_hz, command.core_share, command.moving_rate_hz)
                self._draw_rate = DrawRate(self._limits)
            case SetBackground(top=top, bottom=bottom):
                self._background = Background(top, bottom)
                if self._stage is not None:
                    self._stage.renderer.set_background(self._background)
                self._touch(scene=True)
            case StartVideo(path=path, since=since):
                self._video.start(path, since)
            case StopVideo():
                self._video.stop()
            case SetThumbnails(names=names, width=width, height=height):
                self._small.show(names[: len(self._rings)], (width, height))
                self._touch(scene=True)
            case _:
                return

    def _load(self, scene: str) -> None:
        # The old scene first, so that there is never memory in use for two.
        self.close()
        try:
            stage = open_stage(scene, try_opengl=self._try_opengl, record=self._offer)
        except UserError as error:
            self._endpoint.send(ViewerFault(text=str(error)))
            return
        self._stage = stage
        stage.renderer.set_background(self._background)
        for problem in stage.problems:
            self._endpoint.send(ViewerNote(level="warning", text=problem))
        self._camera = stage.cameras[0]
        self._aids = stage.aids()
        # A recorded state of the scene before does not fit this one.
        self._recorded, self._refusal, self._seen, self._step = False, "", 0, -1
        self._draw_rate = DrawRate(self._limits)
        self._touch(scene=True)
        presets = tuple(preset_of(camera) for camera in stage.cameras)
        self._endpoint.send(
            ViewerReady(
                scene=stage.scene,
                renderer=stage.renderer.name,
                presets=presets,
                targets=stage.targets,
                flat=stage.flat,
                draws_itself=not stage.located,
            )
        )

    def _look_from(self, wanted: SetView) -> None:
        # The angle of view stays that of the camera from which the person began to turn: a drag must not zoom.
        fov_deg = 42.0 if self._camera is None else self._camera.fov_deg
        if wanted.follows_end_effector:
            self._camera = CameraDescription(
                name="turned",
                title="Turned",
                target=wanted.target,
                distance=wanted.distance_m,
                yaw_deg=wanted.yaw_deg,
                pitch_deg=wanted.pitch_deg,
                fov_deg=fov_deg,
                follows_end_effector=True,
            )
        else:
            self._camera = View(wanted.yaw_deg, wanted.pitch_deg, wanted.distance_m, wanted.target, fov_deg)
        self._touch()

    def _use_preset(self, name: str) -> None:
        cameras = () if self._stage is None else self._stage.cameras
        chosen = [camera for camera in cameras if camera.name == name]
        if not chosen:
            known = ", ".join(camera.name for camera in cameras)
            self._endpoint.send(ViewerFault(text=f"The scene has no camera {name!r}; it has {known}."))
            return
        self._camera = chosen[0]
        self._touch()

    def _follow(self) -> None:
        """Take the newest live state, unless a recorded step is shown."""
        if self._stage is None or self._recorded:
            return
        sample = self._states.read(after=self._seen)
        if sample is not None:
            self._seen = sample.sequence
            # While another scene is loaded, the worker still writes states of the one before, or already those of the
            # next one. They have another size, and no picture of them may be taken for this scene.
            if sample.flags == self._generation:
                self._show(sample.values, sample.step)

    def _show(self, state: Float32Array, step: int) -> None:
        if self._stage is None:
            return
        try:
            self._stage.pose(state)
        except ValueError as error:
            self._report_refusal(f"A state could not be shown: {error}.")
            return
        self._step = step
        self._aids = self._stage.aids()
        self._touch(scene=True)

    def _report_refusal(self, text: str) -> None:
        """Report once, until a picture is drawn again: the worker writes twenty states a second."""
        if text != self._refusal:
            self._refusal = text
            self._endpoint.send(ViewerFault(text=text))

    def _offer(self, picture: Picture) -> None:
        """Take a picture of a scene that draws itself for its video."""
        if not self._recorded:
            self._video.offer(picture)

    def _report_video(self, text: str) -> None:
        self._endpoint.send(ViewerNote(level="warning", text=text))

    def _touch(self, *, scene: bool = False) -> None:
        """Note that the main view, and with ``scene`` also the thumbnails, must be drawn again."""
        # The first change counts, so that a scene that keeps moving does not delay its picture without end.
        if self._changed_s is None:
            self._changed_s = time.monotonic()
        if scene:
            self._small.scene_changed()

    def _draw_what_is_due(self, stage: AnyStage, now: float) -> None:
        if not self._draw_rate.due(now):
            return
        small_due = self._small.due(now)
        # While the scene keeps moving, small views are drawn between two frames of the large one.
        # Turns: without them, either the small views or the large one would wait for as long as the scene moves.
        if self._changed_s is not None and not (small_due and self._small_views_turn):
            self._changed_s = None
            self._small_views_turn = True
            self._draw_moving(stage, now)
        elif small_due:
            self._small_views_turn = False
            self._draw_small(stage, self._small.take(), now)
        elif self._coarse_since_s is not None and now >= self._coarse_since_s + SETTLED_S:
            self._coarse_since_s = None
            # Processor time and not the clock: on a busy machine, waiting is no work of this process.
            began = time.process_time()
            self._draw_main(stage, self._size, smooth=True)
            self._draw_rate.spent(now, time.process_time() - began)
            self._small.settled()

    def _draw_moving(self, stage: AnyStage, now: float) -> None:
        scale = self._draw_rate.scale
        smooth = not stage.renderer.software
        began = time.process_time()
        self._draw_main(stage, (round(self._size[0] * scale), round(self._size[1] * scale)), smooth=smooth)
        self._draw_rate.drew(now, time.process_time() - began, scale)
        self._drawn.append(time.monotonic() - now)
        self._coarse_since_s = None if smooth and scale == 1.0 else now

    def _draw_main(self, stage: AnyStage, size: tuple[int, int], *, smooth: bool) -> None:
        if self._camera is not None:
            self._write(stage, self._frames, stage.standpoint(self._camera), size, smooth=smooth)

    def _draw_small(self, stage: AnyStage, index: int, now: float) -> None:
        name, ring = self._small.names[index], self._rings[index]
        moving = self._changed_s is not None or self._coarse_since_s is not None
        # Before drawing: the time of a frame is that of the state it shows.
        began = time.process_time()
        for camera in stage.cameras:
            if camera.name == name:
                # Several samples a pixel take two and a half times as long in software; while something moves, three
                # small views would then be seconds old on a busy machine.
                smooth = not (moving and stage.renderer.software)
                self._write(stage, ring, stage.standpoint(camera), _limited(*self._small.size, ring), smooth=smooth)
        self._draw_rate.spent(now, time.process_time() - began)
        wall_s, share = time.monotonic() - now, self._limits.core_share
        self._small.drew(index, now, wall_s, moving=moving, share=share)

    def _write(self, stage: AnyStage, ring: FrameRing, view: View, size: tuple[int, int], *, smooth: bool) -> None:
        width, height = max(_SMALLEST, size[0]), max(_SMALLEST, size[1])
        began = time.monotonic()
        ring.write(
            stage.renderer.draw(view, width, height, smooth=smooth),
            view_projection=view.view_projection(width / height) * stage.located,  # zeros: places in it are unknown
            anchor=stage.end_effector(),
            aids=self._aids.encode(),
            generation=self._generation,
            step=self._step,
            flags=RECORDED if self._recorded else 0,
            timestamp=began,
        )
        self._refusal = ""

    def _report(self, now: float) -> None:
        passed_s = now - self._next_status_s + _STATUS_PERIOD_S
        processor_s = time.process_time()
        self._endpoint.send(
            ViewerStatus(
                frames_per_second=len(self._drawn) / passed_s,
                draw_ms=1000.0 * sum(self._drawn) / len(self._drawn) if self._drawn else 0.0,
                core_share=(processor_s - self._processor_s) / passed_s,
            )
        )
        self._drawn.clear()
        self._processor_s = processor_s
        self._next_status_s = now + _STATUS_PERIOD_S


def _limited(width: int, height: int, ring: FrameRing) -> tuple[int, int]:
    """Return the size, reduced by one factor in both directions until it fits into ``ring``."""
    factor = min(1.0, ring.max_width / max(width, 1), ring.max_height / max(height, 1))
    return max(_SMALLEST, int(width * factor)), max(_SMALLEST, int(height * factor))
