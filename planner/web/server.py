"""The server of the page: Gradio's part, the live part, pictures of runs; the door before all."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse

from mindseye.planner.config import Config
from mindseye.planner.listening import is_loopback, listen
from mindseye.planner.web import live, page
from mindseye.planner.web.conversations import Conversations, NotThere
from mindseye.planner.web.door import Door
from mindseye.planner.web.workers import COMMAND, Busy, Workers
from mindseye.tools.errors import BadInput

LEAST_PASSWORD = 8
"""Characters of a password."""
Say = Callable[[str], None]
"""Tells people a line, on standard error."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the parts of the server share."""

    conversations: Conversations
    workers: Workers
    models: tuple[str, ...]
    """Language models that a visitor may choose from; the first is the server's own."""


def check_password(host: str, password: str | None) -> None:
    """Refuse to be open to a network.

    Raises:
      BadInput: no password beyond loopback, or one that is easily guessed.
    """
    if password is not None and len(password) < LEAST_PASSWORD:
        raise BadInput(
            f"the password has {len(password)} characters; give at least {LEAST_PASSWORD}"
        )
    if password is None and not is_loopback(host):
        raise BadInput(
            f"--host {host}: beyond this machine a password is demanded; set MINDSEYE_PASSWORD "
            "(or --password)"
        )


def make_app(site: Site, password: str | None = None) -> Door:
    """Return the whole site as an ASGI app.

    Args:
      site: what is served.
      password: that visitors must know; None serves this machine alone.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    _add_routes(app, site)
    gr.mount_gradio_app(
        app, page.build(site), path="/", head=page.head(), theme=page.theme(),
        footer_links=[], run_history=False, show_error=False, max_file_size=1, mcp_server=False,
        ssr_mode=False, pwa=False, enable_monitoring=False,
    )  # fmt: skip
    return Door(app, site.conversations, password)


def _add_routes(app: FastAPI, site: Site) -> None:
    conversations = site.conversations

    @app.exception_handler(NotThere)
    async def not_there(request: Request, error: NotThere) -> Response:
        return JSONResponse({"error": str(error)}, 404)

    @app.get("/live/{chat}")
    def follow(chat: str) -> Response:
        conversation = conversations.find(chat)
        # So that models are warm by the time something is said.
        with contextlib.suppress(Busy):
            site.workers.wake(conversation)
        events = live.Follower(conversation, conversations, site.workers).events()
        return StreamingResponse(
            events, media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    @app.get("/media/{chat}/{run}/{name}")
    def picture(chat: str, run: str, name: str) -> Response:
        path = conversations.picture(conversations.find(chat), run, name)
        # Named by what is in them, so they never change.
        return FileResponse(path, headers={"Cache-Control": "private, max-age=86400, immutable"})

    @app.get("/past/{chat}")
    def past(chat: str, words: str = "") -> Response:
        conversation = conversations.find(chat)
        runs = conversations.past_runs(conversation, words[:200])
        return HTMLResponse(live.past_runs_html(runs, conversations.own_runs(conversation)))

    @app.delete("/past/{chat}/{run}")
    def delete_past_run(chat: str, run: str) -> Response:
        try:
            conversations.delete_run(conversations.find(chat), run)
        except BadInput as error:
            return JSONResponse({"error": str(error)}, 500)
        return Response(status_code=204)

    @app.get("/past/{chat}/{run}")
    def past_run(chat: str, run: str) -> Response:
        conversation = conversations.find(chat)
        folder = conversations.run_folder(conversation, run)
        return JSONResponse(live.run_pieces(conversation, folder, "past"))


def serve(
    config: Config, *, host: str, port: int, password: str | None, models: tuple[str, ...],
    most: int, say: Say, command: Sequence[str] = COMMAND,
) -> None:  # fmt: skip
    """Serve the page until interrupted.

    Args:
      config: settings that conversations begin with.
      host: name or address to listen on.
      port: 0 takes a free one.
      password: that visitors must know; None asks for none.
      models: further language models that visitors may choose.
      most: conversations that may have a process at one time.
      say: is told the URL.
      command: that begins a conversation's process; see `Workers`.

    Raises:
      BadInput: the address is taken, or a password is missing.
    """
    check_password(host, password)
    listener = listen(host, port, "--port")
    workers = Workers(most=most, command=command)
    site = Site(
        conversations=Conversations(config),
        workers=workers,
        models=tuple(dict.fromkeys((config.model, *models))),
    )
    try:
        app: Any = make_app(site, password)
        shown = f"[{host}]" if ":" in host else host
        say(f"mindseye: http://{shown}:{listener.getsockname()[1]}/ (Ctrl-C ends it)")
        settings = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="on", server_header=False,
            # Pages that are open would otherwise keep the server from ending.
            timeout_graceful_shutdown=2,
        )  # fmt: skip
        with listener:
            uvicorn.Server(settings).run(sockets=[listener])
    finally:
        workers.close()
