"""Serves an emulator over HTTP on loopback, in threads, and stops all of them when its time is over.

It knows sockets; what is answered is the emulator's to say.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from reconciler.testing.emulators import control
from reconciler.testing.emulators.base import Emulator, Request, Response

BODY_AT_MOST = 1024 * 1024
"""Bytes of a request's body."""
QUIET_AT_MOST = 120.0
"""Seconds that a connection may be silent."""
_HOSTS = frozenset({"127.0.0.1", "localhost"})
_GLANCE = 0.02
_JOIN = 5.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, emulator: Emulator, port: int) -> None:
        self.emulator = emulator
        self.closing = threading.Event()
        self.open: dict[socket.socket, threading.Thread] = {}
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        # The base class looks its own name up, which may ask the network.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is daily work here; an error of the emulator was answered with a 500 already."""

    def shut(self) -> None:
        """Ends every connection, and waits for the threads."""
        self.closing.set()
        with self.lock:
            held = list(self.open.items())
        for connection, _ in held:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + _JOIN
        for _, thread in held:
            thread.join(max(0.0, deadline - time.monotonic()))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "emulator"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = QUIET_AT_MOST
    server: _Server
    connection: socket.socket

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.open[self.connection] = threading.current_thread()

    def finish(self) -> None:
        with self.server.lock:
            self.server.open.pop(self.connection, None)
        with suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Nothing: the ledger says what happened."""

    def _one(self) -> None:
        body = self._body()
        if isinstance(body, Response):
            self.close_connection = True
            self._send(body)
            return
        request = self._request(body)
        if request.path.startswith(control.ROOT):
            self._send(control.answer(self.server.emulator, request))
            return
        try:
            delivery = self.server.emulator.answer(request, self._hang)
        except Exception as error:  # noqa: BLE001  an emulator's own mistake must not look like a vendor's silence
            self._send(Response(500, {"emulator": f"{type(error).__name__}: {error}"}))
            return
        if delivery.response is None:
            self._drop()
        elif delivery.reset:
            self._reset(delivery.response)
        else:
            self._send(delivery.response)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _one  # noqa: N815  the base class's names

    def _request(self, body: bytes) -> Request:
        parts = urlsplit(self.path)
        pairs = tuple(parse_qsl(parts.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, unquote(parts.path), dict(pairs), headers, body, self.path, pairs)

    def _body(self) -> bytes | Response:
        """The request's body, or why it is not taken."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in _HOSTS:
            return Response(421, {"error": "the emulator answers on loopback only"})
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return Response(411, {"error": "Content-Length is needed"})
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            return Response(400, {"error": "Content-Length is no number"})
        if int(length) > BODY_AT_MOST:
            return Response(413, {"error": f"more than {BODY_AT_MOST} bytes"})
        return self.rfile.read(int(length)) if int(length) else b""

    def _send(self, response: Response) -> None:
        data = response.data()
        self._head(response, len(data))
        if self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()

    def _head(self, response: Response, length: int) -> None:
        self.send_response(response.status)
        bodiless = response.status in (204, 304)
        if length and not bodiless and "Content-Type" not in response.headers:
            self.send_header("Content-Type", "application/json")
        if not bodiless:
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _hang(self, seconds: float) -> None:
        """Until the client goes away, the server stops, or the seconds are over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.server.closing.is_set():
            with suppress(OSError):
                readable, _, _ = select.select([self.connection], [], [], _GLANCE)
                if readable and not self.connection.recv(1, socket.MSG_PEEK):
                    return
                if readable:
                    self.server.closing.wait(_GLANCE)

    def _drop(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _reset(self, response: Response) -> None:
        data = response.data() or orjson.dumps({})
        self._head(response, len(data) + 1)
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        self.close_connection = True
        # Linger for no time: the kernel sends a reset instead of an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


@contextmanager
def serve(emulator: Emulator, *, port: int = 0, latency_ms: float = 0.0) -> Iterator[str]:
    """Serves an emulator on loopback, and yields its URL, without a slash at its end. When the block ends, so do the
    server, its connections and its threads, and the ledger's file is closed.
    """
    emulator.latency = latency_ms or emulator.latency
    server = _Server(emulator, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(_JOIN)
        server.server_close()
        server.shut()
        emulator.close()
