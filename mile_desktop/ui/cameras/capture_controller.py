"""Runs the capture processes: one client for each remembered camera that is enabled."""

from collections.abc import Callable, Iterator, Mapping

from PySide6.QtCore import QObject, Signal

from mile_desktop.cameras.messages import CameraNote, CameraStatus
from mile_desktop.cameras.settings import CameraSettings, free_name
from mile_desktop.channels.shared import Frame
from mile_desktop.channels.watched_thread import WatchedThread
from mile_desktop.rollout.messages import WatchCameras, WatchedCamera
from mile_desktop.ui.cameras.camera_store import CameraStore, RememberedCameras
from mile_desktop.ui.clients.camera_client import CameraClient


class CaptureController(QObject):
    """Starts, changes and ends capture processes to match the store; belongs to the window's thread.

    ``connect_robot`` adds the cameras of a robot; they behave like all others while it is connected.

    Parameters
    ----------
    store
        The remembered cameras.
    target
        Entry point of a capture process.
    """

    frame_ready = Signal(str, object)
    """Name of the camera and its newest ``Frame``."""
    status_changed = Signal(str, object)
    """Name of the camera and its ``CameraStatus``."""
    cameras_changed = Signal()
    """Cameras were added, removed or sorted."""
    settings_changed = Signal()
    """The settings of a running camera changed."""
    needed_changed = Signal(object)
    """``WatchCameras`` for the rollout worker."""
    note = Signal(object)
    """``CameraNote``."""

    def __init__(self, store: CameraStore, target: Callable[..., None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._target = target
        self._clients: dict[str, CameraClient] = {}
        self._robot_cameras: dict[str, CameraSettings] = {}
        self._needed = WatchCameras()
        self._ending: list[WatchedThread] = []
        self._watched = True
        self._open = False
        store.changed.connect(self._reconcile)

    def start(self) -> None:
        """Start the processes."""
        self._open = True
        self._reconcile(self._store.value)

    def close(self) -> None:
        """End all processes. Close the rollout worker first: it reads their shared memory."""
        self._open = False
        self._ending += [client.retire() for client in self._clients.values()]
        # All processes end at the same time, so the wait is that of the slowest one.
        for thread in self._ending:
            thread.join()
        self._clients.clear()
        self._robot_cameras.clear()

    def __iter__(self) -> Iterator[CameraClient]:
        """Iterate over the running cameras in their order."""
        return iter(tuple(self._clients.values()))

    def client(self, name: str) -> CameraClient | None:
        """Return the running camera called ``name``."""
        return self._clients.get(name)

    @property
    def needed(self) -> WatchCameras:
        """The cameras that the rollout worker must watch; send it to every new worker."""
        return self._needed

    def set_watched(self, watched: bool) -> None:
        """Set whether pictures are visible; hidden ones are not copied out of shared memory."""
        self._watched = watched
        for client in self._clients.values():
            client.watched = watched

    def retire(self, client: CameraClient) -> None:
        """End a camera's process without waiting; ``close`` waits for all that are still ending."""
        # Threads that have ended are dropped, or the list would grow all day.
        self._ending = [thread for thread in self._ending if thread.alive]
        self._ending.append(client.retire())
        client.deleteLater()

    # ── robots ───────────────────────────────────────────────────────────────────────────────────────────────────

    def connect_robot(self, addresses: Mapping[str, str], needed: bool) -> None:
        """Add the cameras of a robot, name → address, to the remembered ones.

        A name that a remembered camera has already gets a number. ``needed``: the robot holds while one is stale.
        """
        robot_cameras: dict[str, CameraSettings] = {}
        for name, address in addresses.items():
            shown = free_name(name, [*(camera.name for camera in self._store.cameras), *robot_cameras])
            robot_cameras[shown] = CameraSettings(name=shown, address=address, needed=needed)
        self._robot_cameras = robot_cameras
        self._reconcile(self._store.value)

    def disconnect_robot(self) -> None:
        """Remove the robot's cameras."""
        self.connect_robot({}, needed=False)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _reconcile(self, value: RememberedCameras) -> None:
        """Start and end processes to match the store; a camera with changed settings keeps its process."""
        if not self._open:
            return
        wanted = {camera.name: camera for camera in (*value.cameras, *self._robot_cameras.values()) if camera.enabled}
        before = tuple(self._clients)
        gone = [self._clients.pop(name) for name in before if name not in wanted]
        changed = False
        for name, settings in wanted.items():
            client = self._clients.get(name)
            if client is None:
                self._clients[name] = self._start(settings)
            elif client.settings != settings:
                client.configure(settings)
                changed = True
        # In the order of the list: a camera may only have been moved.
        self._clients = {name: self._clients[name] for name in wanted}
        # The worker must stop watching a camera before its shared memory is released, or it would hold the robot for a
        # camera that was removed on purpose.
        self._announce_needed()
        for client in gone:
            self.retire(client)
        if before != tuple(self._clients):
            self.cameras_changed.emit()
        elif changed:
            self.settings_changed.emit()

    def _start(self, settings: CameraSettings) -> CameraClient:
        client = CameraClient(settings, self._target, self)
        client.watched = self._watched
        client.frame_ready.connect(self._pass_frame)
        client.status_changed.connect(self._pass_status)
        client.note.connect(self.note)
        client.died.connect(self._report_death)
        client.start()
        return client

    def _announce_needed(self) -> None:
        # With the name of the shared memory: the worker reads the age there, without this window.
        cameras = tuple(
            WatchedCamera(name=name, ring=client.ring_name, stale_after_s=client.settings.stale_after_s)
            for name, client in self._clients.items()
            if client.settings.needed
        )
        needed = WatchCameras(cameras=cameras)
        if needed != self._needed:
            self._needed = needed
            self.needed_changed.emit(needed)

    def _pass_frame(self, frame: Frame) -> None:
        # ``sender`` and not a lambda with the name: a camera can be renamed, and a lambda would keep its client alive.
        client = self.sender()
        if isinstance(client, CameraClient):
            self.frame_ready.emit(client.settings.name, frame)

    def _pass_status(self, status: CameraStatus) -> None:
        client = self.sender()
        if isinstance(client, CameraClient):
            self.status_changed.emit(client.settings.name, status)

    def _report_death(self, reason: str) -> None:
        self.note.emit(CameraNote(level="warning", text=f"{reason} It is restarted; the other cameras continue."))
