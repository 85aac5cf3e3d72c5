"""Cameras over real connections on loopback: everything that happens to them happens on the wire."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import pytest

from mile_desktop.cameras.address import parse_address
from mile_desktop.cameras.backoff import Backoff
from mile_desktop.cameras.capture import Capture
from mile_desktop.cameras.messages import CameraState, CameraStatus
from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.cameras.source import FrameSource, Picture
from mile_desktop.cameras.stream import StreamSource
from tests.cameras.pictures import SIZE, number_in, until
from tests.cameras.servers import CameraServer, MjpegServer, RtspServer

_PATIENCE_S = 1.0


class Watched:
    """A capture, and what came out of it."""

    def __init__(self, address: str) -> None:
        self.pictures: list[Picture] = []
        self.busy_s = 0.0
        """How long the receiver of a picture is busy with it."""
        settings = CameraSettings(name="camera", address=address)
        self.capture = Capture(settings, (self._take,), opener=_open, backoff=Backoff(0.02, 0.1, random.Random(1)))
        self.capture.start()

    def _take(self, picture: Picture) -> None:
        self.pictures.append(picture)
        time.sleep(self.busy_s)

    @property
    def status(self) -> CameraStatus:
        return self.capture.status()

    def until_live(self, *, fresh: int = 3) -> None:
        """Wait for ``fresh`` more pictures."""
        wanted = len(self.pictures) + fresh
        until(lambda: len(self.pictures) >= wanted and self.status.state is CameraState.LIVE)

    def until_lost(self) -> str:
        texts: list[str] = []

        def lost() -> bool:
            status = self.status
            texts.append(status.text)
            return status.state is CameraState.LOST

        until(lost)
        return texts[-1]


def _open(settings: CameraSettings) -> FrameSource:
    return StreamSource(parse_address(settings.address), open_s=10.0, read_s=_PATIENCE_S)


def in_order(pictures: Sequence[Picture]) -> bool:
    """Whether each picture is newer than the one before; a busy machine may pass over some."""
    numbers = [number_in(each.pixels) for each in pictures]
    return all(1 <= (later - earlier) % 256 < 128 for earlier, later in pairwise(numbers))


@pytest.fixture(params=[MjpegServer, RtspServer])
def server(request: pytest.FixtureRequest) -> Iterator[CameraServer]:
    made = request.param()
    yield made
    made.stop()


@pytest.fixture
def watch() -> Iterator[Callable[[str], Watched]]:
    made: list[Watched] = []

    def start(address: str) -> Watched:
        made.append(Watched(address))
        return made[-1]

    yield start
    for each in made:
        assert each.capture.stop(15.0)
        assert each.capture.failure is None


Watch = Callable[[str], Watched]


def test_pictures_come_in_order_with_the_moment_they_arrived(server: CameraServer, watch: Watch) -> None:
    began = time.monotonic()
    camera = watch(server.address)
    camera.until_live(fresh=20)
    assert in_order(camera.pictures[:20])
    moments = [each.timestamp for each in camera.pictures]
    assert moments == sorted(moments)
    assert began < moments[0]
    assert moments[-1] <= time.monotonic()
    assert (camera.status.width, camera.status.height) == SIZE
    assert camera.status.reconnects == 0


def test_cut_and_restarted(server: CameraServer, watch: Watch) -> None:
    camera = watch(server.address)
    camera.until_live()
    server.cut()
    until(lambda: server.connections > 1)
    camera.until_live()
    assert camera.status.reconnects == 1
    server.stop()
    camera.until_lost()
    until(lambda: "refused" in camera.status.text.lower())
    server.start()
    camera.until_live()
    assert camera.status.text == ""


def test_stalled(server: CameraServer, watch: Watch) -> None:
    camera = watch(server.address)
    camera.until_live()
    server.stall()
    assert "sent nothing for 1 s" in camera.until_lost()
    server.flow()
    camera.until_live()


def test_slow(server: CameraServer, watch: Watch) -> None:
    server.period_s = 0.1
    camera = watch(server.address)
    camera.until_live()
    until(lambda: 0.0 < camera.status.rate_hz < 12.0)


def test_a_slow_reader_sees_the_present(server: CameraServer, watch: Watch) -> None:
    camera = watch(server.address)
    camera.until_live()
    camera.busy_s = 0.05
    until(lambda: server.latest > 250)
    behind = (server.latest - number_in(camera.pictures[-1].pixels)) % 256
    assert behind < 60, "five times as many pictures came as could be taken: 200 would be waiting"
    assert len(camera.pictures) > 15


def test_damaged_pictures_are_passed_over(server: CameraServer, watch: Watch) -> None:
    camera = watch(server.address)
    camera.until_live()
    sent = server.connections
    server.damaged = True
    before = camera.status.damaged
    until(lambda: camera.status.damaged > before + 3 or server.connections > sent)
    server.damaged = False
    shown = len(camera.pictures)
    camera.until_live(fresh=30)
    assert in_order(camera.pictures[shown + 20 :])


def test_another_size_in_mid_stream(server: CameraServer, watch: Watch) -> None:
    camera = watch(server.address)
    camera.until_live()
    larger = (2 * SIZE[0], 2 * SIZE[1])
    server.size = larger
    until(lambda: (camera.status.width, camera.status.height) == larger)
    camera.until_live()
    assert server.connections == 1
    assert camera.pictures[-1].pixels.shape == (larger[1], larger[0], 3)


def test_a_password_is_used_and_never_said(server: CameraServer, watch: Watch) -> None:
    server.password = True
    stranger = watch(server.address.replace("://", "://admin:wr0ng@"))
    text = stranger.until_lost()
    assert "wr0ng" not in text
    assert "admin" not in text
    assert "password" in text
    watch(server.address_with_password).until_live()


@pytest.fixture
def web() -> Iterator[MjpegServer]:
    server = MjpegServer()
    yield server
    server.stop()


def test_a_redirect_on_the_same_host_is_followed(web: MjpegServer, watch: Watch) -> None:
    web.redirect = "/elsewhere"
    watch(web.address).until_live()


def test_a_redirect_to_another_host_is_refused_and_named(web: MjpegServer, watch: Watch) -> None:
    other = MjpegServer()
    try:
        web.redirect = other.address.replace("127.0.0.1", "localhost").replace("://", "://me:hush@")
        text = watch(web.address).until_lost()
        assert "redirects to http://•••@localhost" in text
        assert "Type that address if you trust it" in text
        assert other.connections == 0
    finally:
        other.stop()


def test_a_playlist_leads_nowhere(web: MjpegServer, watch: Watch) -> None:
    other = MjpegServer()
    try:
        web.content_type = "application/vnd.apple.mpegurl"
        web.content = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other.address}\n#EXT-X-ENDLIST\n".encode()
        assert "cannot be opened" in watch(web.address).until_lost()
        assert other.connections == 0
    finally:
        other.stop()


def test_what_is_no_video_is_lost_and_the_capture_lives(web: MjpegServer, watch: Watch) -> None:
    web.content_type = "image/svg+xml"
    web.content = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    watched = watch(web.address)
    text = watched.until_lost()
    assert any(each in text for each in ("cannot be opened", "cannot be read as video", "no video"))
    assert watched.capture.failure is None
    web.content = b""
    watched.until_live()
