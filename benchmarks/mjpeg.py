"""A cheap camera server: pictures compressed in advance, sent over HTTP at a steady rate."""

import socketserver
import time
from http.server import BaseHTTPRequestHandler
from multiprocessing.connection import Connection

import cv2
import numpy as np

PICTURES = 60
_BOUNDARY = "a-picture"


def serve(connection: Connection, size: tuple[int, int], rate_hz: float) -> None:
    """Send the port through ``connection``, and serve until its other end is closed."""
    parts = [_part(index, size) for index in range(PICTURES)]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
            self.end_headers()
            due = time.monotonic()
            while True:
                for part in parts:
                    due += 1.0 / rate_hz
                    time.sleep(max(0.0, due - time.monotonic()))
                    self.wfile.write(part)

        def log_message(self, *arguments: object) -> None:
            """Log nothing."""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore the error of a camera that was closed and has ended the connection."""

    with Server(("127.0.0.1", 0), Handler) as server:
        server.timeout = 0.2
        connection.send(server.server_address[1])
        while not connection.poll():
            server.handle_request()


def _part(index: int, size: tuple[int, int]) -> bytes:
    """Return one picture with its head: a scene, a sensor's noise, and something that moves."""
    width, height = size
    scene = np.random.default_rng(0).integers(60, 120, (height // 8, width // 8, 3), np.uint8)
    noise = np.random.default_rng(index).normal(0.0, 2.0, (height, width, 1))
    pixels = np.clip(cv2.resize(scene, size) + noise, 0, 255).astype(np.uint8)
    x = index * (width - 80) // PICTURES
    pixels[height // 3 : height // 2, x : x + 80] = (40, 120, 220)
    jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + b"\r\n"
