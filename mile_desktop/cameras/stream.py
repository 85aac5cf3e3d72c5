"""Network streams and video files, by PyAV."""

import contextlib
import errno
import time
from collections.abc import Callable, Generator
from typing import NamedTuple
from urllib.parse import urlsplit

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from mile_desktop.cameras.address import Address, AddressKind, redacted
from mile_desktop.cameras.errors import CameraEndedError, CameraLostError
from mile_desktop.cameras.redirect import redirect_of
from mile_desktop.cameras.source import Picture

OPEN_S = 5.0
READ_S = 5.0
"""A network camera that is silent for so long counts as lost."""

_LAST_RESORT_US = str(round((READ_S + 3.0) * 1e6))
"""FFmpeg's own timeout. Ours ends earlier and gives a better reason."""
_PROBE = {
    "probesize": "500000",
    "analyzeduration": "500000",
    "fpsprobesize": "0",  # a slow camera would be watched for seconds before it is shown
    "fflags": "nobuffer",
    "flags": "low_delay",
}
_OPTIONS: dict[AddressKind, dict[str, str]] = {
    # TCP: over UDP a lost packet damages all pictures up to the next key frame.
    AddressKind.RTSP: {**_PROBE, "rtsp_flags": "prefer_tcp", "timeout": _LAST_RESORT_US},
    AddressKind.HTTP: {**_PROBE, "rw_timeout": _LAST_RESORT_US, "strict_mime_boundary": "0"},
    AddressKind.FILE: {},
}
_NO_PLAYLISTS = "mpjpeg,mjpeg,jpeg_pipe,png_pipe,webp_pipe,mpegts,mpeg,mov,matroska,webm,flv,avi,asf,ogg,h264,hevc,m4v"
"""What an HTTP camera may send. A playlist would name other addresses, also of other hosts, and FFmpeg would open them;
it is played only where the address itself ends in ``.m3u8``."""
_PLAYLIST = ".m3u8"
_MOST_REDIRECTS = 3
_FALLBACK_RATE = 25.0
_AT_ONCE_S = 0.001
"""A packet that comes within this time had been there already."""
_TOGETHER = 2
"""Number of frames that may arrive together without being old."""
_LEAST_S = 0.1
"""At least one frame is passed on in this time, even while old frames are dropped."""
_LAG_S = 0.25
"""A stream with a larger delay drops frames until it has caught up."""
_FORGIVEN = 0.25
"""Share of the waiting time by which the least delay may grow: so much can be a wrong clock of the stream."""


class PacketTiming(NamedTuple):
    """Arrival of a packet."""

    moment: float
    """``time.monotonic()``, s."""
    waited_s: float
    """How long we waited for it, s; almost 0 if it was in a queue already."""


class StreamSource:
    """Plays one video stream; pictures of a file come in the file's own time.

    Parameters
    ----------
    address
        RTSP, HTTP or a file.
    loop
        Begin a file again at its end.
    open_s, read_s
        How long to wait for the connection, and for the next packet, s.

    Raises
    ------
    CameraLostError
        If it cannot be opened, or has no video.
    """

    def __init__(
        self,
        address: Address,
        *,
        loop: bool = True,
        open_s: float = OPEN_S,
        read_s: float = READ_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address
        self._loop = loop
        self._patience = open_s, read_s
        self._clock = clock
        self._timestamps = LiveTimestamps() if address.live else FileTimestamps(clock, sleep)
        self._shown_s = -1e9
        self._container: InputContainer
        self._pictures: Generator[tuple[PacketTiming, av.VideoFrame | None]]
        self._begin()

    def read(self) -> Picture | None:
        """Return the next picture; see ``FrameSource``."""
        while True:
            timing, frame = self._next()
            if frame is None or frame.is_corrupt:
                return None
            self._seen_any = True
            taken = self._timestamps.moment(timing, frame.time if self._has_clock else None)
            lag_s = timing.moment - taken if self._address.live else 0.0
            if lag_s <= _LAG_S or timing.moment - self._shown_s >= _LEAST_S:
                # Late pictures are decoded, because later ones depend on them, but they are not converted or shown.
                self._shown_s = timing.moment
                return Picture(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), taken)

    def _next(self) -> tuple[PacketTiming, av.VideoFrame | None]:
        """Return when the next packet arrived and its picture; begin a file again where it ends."""
        try:
            return next(self._pictures)
        except StopIteration:
            # It raises if there is no second time, so this does not call itself for ever.
            self._begin_again()
            return self._next()
        except av.error.ExitError:
            silence_s = self._patience[1]
            raise CameraLostError(f"{self._address.shown} has sent nothing for {silence_s:.0f} s.") from None
        except (av.error.FFmpegError, OSError) as error:
            raise CameraLostError(f"{self._address.shown} broke off ({_reason(error)}).") from None

    def close(self) -> None:
        """Close connection or file."""
        self._pictures.close()
        with contextlib.suppress(av.error.FFmpegError):  # the connection may be gone: closing it is all that is wanted
            self._container.close()

    @property
    def _may_skip(self) -> bool:
        """Whether each picture stands alone; those of other streams are needed to decode the next."""
        return self._address.live and self._container.streams.video[0].codec_context.name == "mjpeg"

    @property
    def _has_clock(self) -> bool:
        """Whether the stream carries times. MJPEG over HTTP has none, and FFmpeg invents them."""
        return self._address.kind is not AddressKind.HTTP

    def _begin(self) -> None:
        self._container = _open(self._address, *self._patience)
        if not self._container.streams.video:
            self._container.close()
            raise CameraLostError(f"{self._address.shown} has no video in it.")
        stream = self._container.streams.video[0]
        # its type says that it is always there
        if (
            getattr(stream, "codec_context", None) is None
        ):  # FFmpeg names a codec that it has no decoder for, such as SVG
            self._container.close()
            raise CameraLostError(f"{self._address.shown} sends something that cannot be read as video.")
        stream.codec_context.thread_count = 1  # each further thread would delay the stream by one picture
        self._seen_any = False
        self._pictures = self._decode(self._container, stream)

    def _decode(
        self, container: InputContainer, stream: VideoStream
    ) -> Generator[tuple[PacketTiming, av.VideoFrame | None]]:
        """Yield when a packet arrived and each of its pictures; None for a packet that cannot be decoded."""
        queue = Queue()
        packets = container.demux(stream)
        while True:
            asked = self._clock()
            packet = next(packets, None)
            if packet is None:
                return
            arrived = self._clock()
            timing = PacketTiming(arrived, arrived - asked)
            if self._may_skip and queue.outdated(timing):
                continue
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                yield timing, None
                continue
            for frame in frames:
                yield timing, frame

    def _begin_again(self) -> None:
        """Start a file again; raise if it is not to be played again, or if a live stream has ended."""
        if self._address.live:
            raise CameraLostError(f"{self._address.shown} has ended the stream.")
        if not self._seen_any:
            raise CameraLostError(f"{self._address.shown} has no picture that can be read.")
        if not self._loop:
            raise CameraEndedError(f"{self._address.shown} was played to its end.")
        self.close()
        self._begin()
        self._timestamps.restart()


class Queue:
    """Notices that pictures wait before the decoder, for streams that carry no times.

    A picture that we had to wait for is fresh. The third picture in a row that was there already is outdated and is
    dropped. Otherwise the pictures shown would get older and older, with a fresh timestamp on each.
    """

    def __init__(self) -> None:
        self._waiting = 0
        self._passed_s = 0.0

    def outdated(self, timing: PacketTiming) -> bool:
        """Return whether a frame with this timing must be dropped."""
        self._waiting = self._waiting + 1 if timing.waited_s < _AT_ONCE_S else 0
        if self._waiting > _TOGETHER and timing.moment - self._passed_s < _LEAST_S:
            return True
        self._passed_s = timing.moment
        return False


class LiveTimestamps:
    """Timestamps of a live stream: the time of arrival, minus the time a frame has waited in queues.

    If the frames carry times, the delay (arrival minus stream time) contains an unknown constant. The smallest delay
    seen is taken as that constant; everything beyond it is waiting time in front of the decoder.
    """

    def __init__(self) -> None:
        self._least: float | None = None
        self._last = 0.0

    def moment(self, timing: PacketTiming, stream_time: float | None) -> float:
        """Return the timestamp for a picture that carries ``stream_time`` (s), where it has one."""
        if stream_time is None:
            return timing.moment
        delay = timing.moment - stream_time
        # A jump back of the stream's time is a restart of the camera.
        if self._least is None or delay < self._least or stream_time < self._last - 1.0:
            self._least = delay
        else:
            # While we wait for a frame there is no queue, so a growing delay is a drifting clock (cheap cameras count
            # wrongly): the constant may then grow slowly.
            self._least = min(delay, self._least + _FORGIVEN * timing.waited_s)
        self._last = stream_time
        return stream_time + self._least

    def restart(self) -> None:
        """Start again: the times of a new connection have another origin."""
        self._least = None


class FileTimestamps(LiveTimestamps):
    """Timestamps of a file: waits for each frame, so that the file plays at its own speed."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        super().__init__()
        self._clock = clock
        self._sleep = sleep
        self._due = clock()
        self._before: float | None = None

    def moment(self, timing: PacketTiming, stream_time: float | None) -> float:  # noqa: ARG002 (a file's are always there)
        """Wait until the picture is due and return that moment."""
        gap = 1.0 / _FALLBACK_RATE
        if stream_time is not None and self._before is not None and 0.0 < stream_time - self._before < 10.0:
            gap = stream_time - self._before
        self._before = stream_time
        now = self._clock()
        self._due = max(self._due + gap, now - 1.0)  # a long delay is dropped, not caught up
        if self._due > now:
            self._sleep(self._due - now)
        return self._clock()

    def restart(self) -> None:
        """Start again at the beginning of the file."""
        self._before = None


def _open(address: Address, open_s: float, read_s: float, redirects: int = 0) -> InputContainer:
    av.logging.set_level(None)  # FFmpeg would write addresses, passwords included, to the error stream
    timeout = (open_s, read_s) if address.live else None
    options = dict(_OPTIONS[address.kind])
    if address.kind is AddressKind.HTTP:
        options["max_redirects"] = "0"  # FFmpeg would follow one to any host of the network
        if not urlsplit(address.location).path.endswith(_PLAYLIST):
            options["format_whitelist"] = _NO_PLAYLISTS
    try:
        return av.open(address.location, options=options, timeout=timeout)
    except av.error.ExitError:
        raise CameraLostError(
            f"{address.shown} does not answer within {open_s:.0f} s; is it on and reachable?"
        ) from None
    except av.error.HTTPUnauthorizedError:
        raise CameraLostError(
            f"{address.shown} asks for user name and password; write them as {address.kind}://user:password@host."
        ) from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        target = redirect_of(address, open_s) if address.kind is AddressKind.HTTP else None
        if target is None or redirects == _MOST_REDIRECTS:
            raise CameraLostError(f"{address.shown} cannot be opened ({_reason(error)}).") from None
    return _open(target, open_s, read_s, redirects + 1)


def _reason(error: Exception) -> str:
    """Return the reason as text; FFmpeg calls most errors an input/output error."""
    if isinstance(error, av.error.InvalidDataError):
        return "the data cannot be read as video"
    if getattr(error, "errno", None) == errno.EIO:
        return "no usable answer; check host, port and path"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return redacted(str(text)).rstrip(".")
