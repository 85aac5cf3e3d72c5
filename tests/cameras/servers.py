"""Camera servers on loopback that can be cut, stalled, slowed, damaged and restarted: MJPEG over HTTP, and RTSP.

The RTSP server knows as much of the protocol as a player over one TCP connection asks for (RFC 2326, interleaved), and
sends H.264 as RFC 6184 says. Each picture shows its number (``pictures.numbered``).
"""

import base64
import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler
from itertools import count

import av
import cv2

from tests.cameras.pictures import SIZE, numbered

_BOUNDARY = "a-picture"
_CLOCK_HZ = 90_000
_MOST_PAYLOAD = 1200
_USER = "admin:pa%40ss"
_EXPECTED = base64.b64encode(b"admin:pa@ss").decode()


class CameraServer:
    """Serves numbered pictures on one port until stopped; what it does to them can be changed at any moment."""

    scheme: str
    handler: type[socketserver.BaseRequestHandler]

    def __init__(self) -> None:
        self.size = SIZE
        self.period_s = 0.01
        self.damaged = False
        """Send what cannot be decoded."""
        self.password = False
        """Ask for user name and password."""
        self.redirect = ""
        """Where the first path sends its viewers; empty: nowhere."""
        self.content = b""
        """What is sent in place of pictures, with its type."""
        self.content_type = ""
        self.connections = 0
        self.latest = 0
        """Number of the newest picture."""
        self._flowing = threading.Event()
        self._flowing.set()
        self._stopping = threading.Event()
        self._sockets: list[socket.socket] = []
        self._server: socketserver.ThreadingTCPServer | None = None
        self._thread: threading.Thread | None = None
        self._port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._port}/camera"

    @property
    def address_with_password(self) -> str:
        return self.address.replace("://", f"://{_USER}@")

    def start(self) -> None:
        """Serve, on the same port as before."""

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            camera = self

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that hangs up is no error here."""

        self._stopping.clear()
        self._flowing.set()
        self._server = Server(("127.0.0.1", self._port), self.handler)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Break every connection; new ones are served."""
        while self._sockets:
            with contextlib.suppress(OSError):
                self._sockets.pop().shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """Be gone, as a camera without power."""
        self._stopping.set()
        self._flowing.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self.cut()
            self._server.server_close()
            self._server = None

    def stall(self) -> None:
        """Send nothing more, and leave every connection open."""
        self._flowing.clear()

    def flow(self) -> None:
        """Go on."""
        self._flowing.set()

    def accept(self, connection: socket.socket) -> None:
        self.connections += 1
        self._sockets.append(connection)

    def numbers(self) -> Iterator[int]:
        """Yield the number of each picture when it is due."""
        for number in count():
            self._flowing.wait()
            if self._stopping.wait(self.period_s):
                return
            self.latest = number
            yield number % 256


class _MjpegHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        camera: CameraServer = self.server.camera  # type: ignore[attr-defined]
        camera.accept(self.connection)
        if camera.password and self.headers.get("Authorization") != f"Basic {_EXPECTED}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
            return
        if camera.redirect and self.path == "/camera":
            self.send_response(302)
            self.send_header("Location", camera.redirect)
            self.end_headers()
            return
        if camera.content:
            self.send_response(200)
            self.send_header("Content-Type", camera.content_type)
            self.send_header("Content-Length", str(len(camera.content)))
            self.end_headers()
            self.wfile.write(camera.content)
            return
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.end_headers()
        for number in camera.numbers():
            jpeg = cv2.imencode(".jpg", numbered(number, camera.size)[:, :, ::-1])[1].tobytes()
            if camera.damaged:
                jpeg = jpeg[:4] + bytes(len(jpeg) - 4)
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class MjpegServer(CameraServer):
    scheme = "http"
    handler = _MjpegHandler


class _RtspHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        camera: CameraServer = self.server.camera  # type: ignore[attr-defined]
        camera.accept(self.connection)
        with contextlib.suppress(OSError):
            while request := self._read():
                method, url, headers = request
                answer = self._answer(camera, method, url, headers)
                self.wfile.write(answer.replace("\n", "\r\n").encode())
                if method == "PLAY":
                    self._play(camera)
                    return

    def _read(self) -> tuple[str, str, dict[str, str]] | None:
        lines = []
        while (line := self.rfile.readline()) not in {b"", b"\r\n"}:
            lines.append(line.decode().strip())
        if not lines:
            return None
        method, url, _ = lines[0].split(" ", 2)
        return method, url, dict(line.split(": ", 1) for line in lines[1:] if ": " in line)

    def _answer(self, camera: CameraServer, method: str, url: str, headers: dict[str, str]) -> str:
        sequence = f"CSeq: {headers.get('CSeq', '0')}\nSession: 42\n"
        if camera.password and headers.get("Authorization") != f"Basic {_EXPECTED}":
            return f'RTSP/1.0 401 Unauthorized\n{sequence}WWW-Authenticate: Basic realm="camera"\n\n'
        extra = {
            "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\n",
            "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\n",
        }.get(method, "")
        if method != "DESCRIBE":
            return f"RTSP/1.0 200 OK\n{sequence}{extra}\n"
        sdp = (
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=camera\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 0 RTP/AVP 96\n"
            "a=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1\na=control:track0\n"
        )
        length = len(sdp) + sdp.count("\n")
        about = f"Content-Base: {url}/\nContent-Type: application/sdp\nContent-Length: {length}\n"
        return f"RTSP/1.0 200 OK\n{sequence}{about}\n{sdp}"

    def _play(self, camera: CameraServer) -> None:
        encoder, size, start, sequence = None, (0, 0), None, count()
        for number in camera.numbers():
            if encoder is None or size != camera.size:
                encoder, size, key = _encoder(camera.size), camera.size, count()
            frame = av.VideoFrame.from_ndarray(numbered(number, size), format="rgb24")
            frame.pts = next(key)
            stamp = round(frame.pts * camera.period_s * _CLOCK_HZ)
            start = stamp if start is None else start
            for packet in encoder.encode(frame):
                data = bytes(packet)
                if camera.damaged:
                    middle = len(data) // 2
                    data = data[:middle] + bytes(byte ^ 0x5A for byte in data[middle:])
                self._send(data, stamp, sequence)

    def _send(self, data: bytes, stamp: int, sequence: "count[int]") -> None:
        payloads = [part for unit in _units(data) for part in _fragments(unit)]
        for index, payload in enumerate(payloads):
            marker = 0x80 if index == len(payloads) - 1 else 0
            head = struct.pack(">BBHII", 0x80, 96 | marker, next(sequence) & 0xFFFF, stamp & 0xFFFFFFFF, 1)
            packet = head + payload
            self.wfile.write(b"$\0" + struct.pack(">H", len(packet)) + packet)


class RtspServer(CameraServer):
    scheme = "rtsp"
    handler = _RtspHandler


def _encoder(size: tuple[int, int]) -> av.VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, 100)
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "10", "crf": "20", "bf": "0"}
    return context


def _units(data: bytes) -> list[bytes]:
    """Split a byte stream (annex B) into its units."""
    return [unit for part in data.split(b"\0\0\1") if (unit := part.rstrip(b"\0"))]


def _fragments(unit: bytes) -> list[bytes]:
    """Return the payloads that carry ``unit``: itself, or fragments (FU-A)."""
    if len(unit) <= _MOST_PAYLOAD:
        return [unit]
    indicator, kind = (unit[0] & 0xE0) | 28, unit[0] & 0x1F
    body = [unit[at : at + _MOST_PAYLOAD] for at in range(1, len(unit), _MOST_PAYLOAD)]
    flags = [(0x80 if not index else 0) | (0x40 if index == len(body) - 1 else 0) for index in range(len(body))]
    return [bytes((indicator, flag | kind)) + part for flag, part in zip(flags, body, strict=True)]
