"""Who comes in and what is open: host, password, closed doors, the way to a conversation."""

import asyncio
import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from mindseye.planner.listening import is_loopback
from mindseye.planner.web.conversations import Conversations, NotThere, is_id, new_id
from mindseye.tools.errors import BadInput

COOKIE = "mindseye_visitor"
_YEAR = 365 * 24 * 3600
# Of Gradio's own interface, what this page needs: no files, uploads, proxies or streams.
_OPEN = ("queue", "run", "heartbeat", "info", "startup-events", "app_id", "cancel", "reset")
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Nothing is loaded from elsewhere. Gradio itself is made of inline and evaluated scripts."""
_WRONG = 1.0
"""Seconds that a wrong password waits for its answer."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Door:
    """ASGI middleware in front of everything.

    Args:
      app: what is behind the door.
      conversations: that visitors are led to.
      password: that is asked for, with any name; None serves this machine alone.
    """

    def __init__(self, app: Any, conversations: Conversations, password: str | None) -> None:
        self._app, self._conversations, self._password = app, conversations, password

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, send it elsewhere, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        answer = self._refusal(scope, headers) or await self._unknown(headers)
        if answer is None and scope["path"] == "/" and scope["method"] in ("GET", "HEAD"):
            answer = await self._lead(scope, headers)
        await (answer or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if self._password is None and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            # A page elsewhere may point its own name at this machine (DNS rebinding).
            return PlainTextResponse("only this machine is served", 403)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return PlainTextResponse("asked from another page", 403)
        top, _, rest = scope["path"].lstrip("/").partition("/")
        if top == "gradio_api" and rest.split("/")[0].split("=")[0] not in _OPEN:
            return PlainTextResponse("not open here", 403)
        if top in ("monitoring", "svelte", "proxy", "file"):
            return PlainTextResponse("not open here", 403)
        return None

    async def _unknown(self, headers: Headers) -> Response | None:
        if self._password is None:
            return None
        given = _given_password(headers.get("authorization", ""))
        if given is not None and hmac.compare_digest(given, self._password.encode()):
            return None
        if given is not None:
            await asyncio.sleep(_WRONG)
        ask = {"WWW-Authenticate": 'Basic realm="mindseye", charset="UTF-8"'}
        return PlainTextResponse("a password is needed", 401, ask)

    async def _lead(self, scope: Scope, headers: Headers) -> Response | None:
        """Send a visitor whose address names no conversation to one."""
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        visitor = _visitor(headers) or new_id()
        try:
            key = await anyio.to_thread.run_sync(self._find, query.get("chat"), visitor)
        except BadInput as error:
            return PlainTextResponse(str(error), 500)
        if key == query.get("chat"):
            return None
        answer = RedirectResponse(f"?{urlencode({**query, 'chat': key})}", 303)
        answer.set_cookie(COOKIE, visitor, max_age=_YEAR, httponly=True, samesite="strict")
        return answer

    def _find(self, key: str | None, visitor: str) -> str:
        try:
            return self._conversations.find(key).id
        except NotThere:
            newest = self._conversations.newest(visitor)
            return (newest or self._conversations.begin(visitor)).id


def _visitor(headers: Headers) -> str | None:
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(headers.get("cookie", ""))
    except CookieError:
        return None
    found = cookies[COOKIE].value if COOKIE in cookies else None
    return found if is_id(found) else None


def _given_password(authorization: str) -> bytes | None:
    kind, _, data = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        _, _, password = base64.b64decode(data, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return password


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = _POLICY
            headers["X-Content-Type-Options"] = "nosniff"
            # Addresses name conversations, and must not be told to others.
            headers["Referrer-Policy"] = "no-referrer"
        await send(message)

    return sending
