"""A server that does to each request what its script says, on a real socket: well, late, cut off,
busy, broken or gone. What it answers when it is well is made up, or comes from a server behind it.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[], bytes]
Fault = Callable[[BaseHTTPRequestHandler, Answer], None]
"""Does to a request what is to be done, given what makes the right answer."""


@dataclass
class Server:
    """Where it is, and what it does to the next requests; it is well after the last."""

    answer: Callable[[str, bytes], bytes]
    """Makes the right answer from the path and the body of a request."""
    port: int = 0
    faults: list[Fault | None] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    """When each request came."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    """Answer as a server that is well does."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def status(code: int, **headers: str) -> Fault:
    """Return a fault that answers with an error."""
    return lambda h, _: send(h, b'{"error": {"message": "no"}}', code, **headers)


def cut(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """Break off in the middle of an answer whose length was told."""
    body = answer()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def cut_unseen(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """Break off in the middle of an answer whose length was not told."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(answer()[:90])
    handler.close_connection = True


def hang_up(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """Close the connection without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def late(seconds: float) -> Fault:
    """Return a fault that says nothing for so long, and then hangs up."""

    def wait(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        time.sleep(seconds)
        with contextlib.suppress(OSError):
            hang_up(handler, answer)

    return wait


def start(server: Server) -> ThreadingHTTPServer:
    """Start a server, at its port where it has one."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.asked.append(time.monotonic())
            fault = server.faults.pop(0) if server.faults else None
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if fault is not None:
                    fault(self, lambda: server.answer(self.path, body))
                else:
                    send(self, server.answer(self.path, body))

    http = ThreadingHTTPServer(("127.0.0.1", server.port), Handler)
    http.daemon_threads = True
    server.port = http.server_port
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    return http


def stop(http: ThreadingHTTPServer) -> None:
    """Stop a server: from then on connections are refused."""
    http.shutdown()
    http.server_close()


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    """Have a server for as long as this lasts."""
    http = start(server)
    try:
        yield server
    finally:
        stop(http)
