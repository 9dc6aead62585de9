"""stdio and streamable HTTP: the two ways a client reaches the server."""

import contextlib
import hmac
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from io import TextIOWrapper
from typing import Any

import anyio
import uvicorn
from mcp.server.stdio import stdio_server

from mindseye.planner.config import Config
from mindseye.planner.listening import is_loopback, listen
from mindseye.planner.mcp.server import MindseyeServer
from mindseye.tools.errors import BadInput

PATH = "/mcp"
LEAST_TOKEN = 16
"""Characters of a token."""
MOST_SESSIONS = 256
Say = Callable[[str], None]
"""Tells people a line, on standard error."""


def serve_stdio(config: Config) -> None:
    """Serve one client over standard input and output until it goes away."""
    with _only_protocol_on_stdout() as wire:
        anyio.run(_serve_stdio, config, wire)


async def _serve_stdio(config: Config, wire: TextIOWrapper) -> None:
    server = MindseyeServer(config, "stdio").protocol()
    async with stdio_server(stdout=anyio.wrap_file(wire)) as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


@contextlib.contextmanager
def _only_protocol_on_stdout() -> Iterator[TextIOWrapper]:
    """Keep standard output for the protocol; what anything else writes there goes to stderr.

    For good: a library's text may stay in a buffer until the process ends.
    """
    sys.stdout.flush()
    wire = os.dup(1)
    os.dup2(2, 1)
    # As an open file, so that what cannot be written is told and not lost.
    with os.fdopen(wire, "wb") as binary, TextIOWrapper(binary, encoding="utf-8") as text:
        yield text


def read_address(text: str) -> tuple[str, int]:
    """Return host and port of "HOST:PORT", "[::1]:PORT" or ":PORT", which is loopback.

    Raises:
      BadInput: it is neither.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise BadInput(f"--http {text!r}: write HOST:PORT, such as 127.0.0.1:8765")
    return host.strip("[]") or "127.0.0.1", int(port)


def check_token(host: str, token: str | None) -> None:
    """Refuse to be open to a network.

    Raises:
      BadInput: no token beyond loopback, or one that is easily guessed.
    """
    if token is not None and len(token) < LEAST_TOKEN:
        raise BadInput(f"the token has {len(token)} characters; give at least {LEAST_TOKEN}")
    if token is None and not is_loopback(host):
        raise BadInput(
            f"--http {host}: beyond this machine a token is demanded; set MINDSEYE_MCP_TOKEN "
            "(or --token), and let clients send it as `Authorization: Bearer TOKEN`"
        )


def serve_http(config: Config, address: str, token: str | None, say: Say) -> None:
    """Serve many clients over streamable HTTP until interrupted.

    Args:
      config: settings of every client's tables and models.
      address: HOST:PORT; port 0 takes a free one.
      token: that clients must send; None asks for none.
      say: is told the URL.

    Raises:
      BadInput: the address is none or is taken, or a token is missing.
    """
    host, port = read_address(address)
    check_token(host, token)
    listener = listen(host, port, "--http")
    # The SDK checks Host and Origin for loopback names, against DNS rebinding.
    app: Any = MindseyeServer(config, "http").protocol().streamable_http_app(
        streamable_http_path=PATH, max_sessions=MOST_SESSIONS,
        host="127.0.0.1" if is_loopback(host) else host,
    )  # fmt: skip
    if token is not None:
        app = TokenGuard(app, token)
    shown = f"[{host}]" if ":" in host else host
    say(f"mindseye: serving MCP at http://{shown}:{listener.getsockname()[1]}{PATH}")
    settings = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="on",
        # Streams that clients hold open would otherwise keep the server from ending.
        timeout_graceful_shutdown=3,
    )  # fmt: skip
    with listener:
        uvicorn.Server(settings).run(sockets=[listener])


class TokenGuard:
    """ASGI middleware: only who sends the token gets in."""

    def __init__(self, app: Any, token: str) -> None:
        self.app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Pass a request on, or answer 401."""
        given = dict(scope.get("headers") or ()).get(b"authorization", b"")
        if scope["type"] != "http" or hmac.compare_digest(given, self._expected):
            await self.app(scope, receive, send)
            return
        headers = [(b"www-authenticate", b"Bearer"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
