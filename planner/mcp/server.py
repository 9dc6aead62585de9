"""The protocol's side: tools, pictures and jobs as a server of the official SDK."""

import asyncio
import base64
import contextlib
import importlib.metadata
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from mindseye.planner.config import Config
from mindseye.planner.mcp import answers, arguments
from mindseye.planner.mcp.answers import Reply
from mindseye.planner.mcp.catalogue import TOOLS, Tool
from mindseye.planner.mcp.pictures import TEMPLATE, NoSuchPicture, read_picture, small_png
from mindseye.planner.mcp.work import Call, Job, Work
from mindseye.tools.errors import ToolError

if TYPE_CHECKING:
    from mindseye.planner.mcp.tools import Desk

Transport = Literal["stdio", "http"]
Context = ServerRequestContext[Any, Any]
INSTRUCTIONS = (
    "A mind's eye: picture an action before anybody does it. `look` at a simulated table, then "
    "`simulate` (exact) or `imagine` (a video generator) pushes on it, let `plan` find the next "
    "push for a task, or `ask` how things move. Long calls report progress; with `wait_seconds` "
    "they return a job, whose result `job` returns. Pictures are links to resources."
)
_JOB = types.Tool(
    name="job",
    title="Ask for a job",
    description="The result of a `plan`, `imagine` or `ask` that was called with `wait_seconds` "
    "and was not done by then: what that tool returns, or how the work goes. Can also stop it.",
    input_schema=arguments.Poll.model_json_schema(),
    output_schema=answers.schema(
        answers.Planned, answers.Imagined, answers.Answered, answers.Working
    ),
    annotations=types.ToolAnnotations(destructive_hint=False, open_world_hint=False),
)


class MindseyeServer:
    """Answers the protocol's requests; everything slow happens in the threads of `Work`."""

    def __init__(self, config: Config, transport: Transport) -> None:
        self.config, self.transport = config, transport
        self.work = Work()
        self.tools = {t.name: t for t in TOOLS}
        self._desk: Desk | None = None
        self._laying = threading.Lock()

    def protocol(self) -> Server[None]:
        """Return the SDK's server; leaving its lifespan ends all work."""
        return Server(
            "mindseye",
            version=importlib.metadata.version("mindseye"),
            title="mindseye",
            instructions=INSTRUCTIONS,
            lifespan=self._lifespan,
            on_list_tools=self.list_tools,
            on_call_tool=self.call_tool,
            on_list_resources=self.list_resources,
            on_list_resource_templates=self.list_templates,
            on_read_resource=self.read_resource,
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Server[None]) -> AsyncIterator[None]:
        # Imports torch, which takes seconds; the client is answered meanwhile.
        self.work.warm(self._open_desk)
        try:
            yield
        finally:
            self.work.close()

    def _open_desk(self) -> "Desk":
        from mindseye.planner.mcp.tools import Desk

        with self._laying:
            self._desk = self._desk or Desk(self.config)
            return self._desk

    async def list_tools(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """List the five tools and `job`."""
        hints = types.ToolAnnotations(destructive_hint=False, open_world_hint=False)
        tools = [
            types.Tool(
                name=t.name, title=t.title, description=t.description,
                input_schema=t.takes.model_json_schema(), output_schema=t.gives, annotations=hints,
            )
            for t in self.tools.values()
        ]  # fmt: skip
        return types.ListToolsResult(tools=[*tools, _JOB])

    async def call_tool(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """Call a tool; what goes wrong is told as the tool's error, in one line."""
        try:
            if params.name == "job":
                reply = await self._poll(context, arguments.read(arguments.Poll, params.arguments))
            elif params.name in self.tools:
                tool = self.tools[params.name]
                reply = await self._call(
                    context, tool, arguments.read(tool.takes, params.arguments)
                )
            else:
                known = ", ".join([*self.tools, "job"])
                raise ToolError(f"no tool {params.name!r}; known: {known}")
        except ToolError as error:
            text = types.TextContent(text=str(error))
            return types.CallToolResult(content=[text], is_error=True)
        return _result(reply)

    async def _call(self, context: Context, tool: Tool, given: arguments.Arguments) -> Reply:
        session = self._session(context)

        def work(job: Job) -> Reply:
            from mindseye.planner.mcp.tools import RUN

            return RUN[tool.name](self._open_desk(), Call(session=session, job=job), given)

        job = self.work.begin(work, heavy=tool.heavy)
        return await self._result_of(job, context, getattr(given, "wait_seconds", None))

    async def _poll(self, context: Context, given: arguments.Poll) -> Reply:
        job = self.work.kept(given.job)
        if given.stop:
            job.stop()
        await self.work.follow(job, given.wait_seconds, _teller(context))
        return job.reply() if job.done else Reply(facts=job.working())

    async def _result_of(self, job: Job, context: Context, seconds: float | None) -> Reply:
        """Return the result, or how it goes when the client does not wait that long."""
        try:
            done = await self.work.follow(job, seconds, _teller(context))
        except asyncio.CancelledError:
            # The client took the call back, or is gone: nobody can ask for the result.
            job.stop()
            raise
        if done:
            return job.reply()
        self.work.keep(job)
        return Reply(facts=job.working())

    def _session(self, context: Context) -> str | None:
        """Return whose table is meant: over stdio there is one client, over HTTP its session."""
        if self.transport == "stdio":
            return "stdio"
        headers = getattr(context.request, "headers", None) or {}
        found = headers.get("mcp-session-id")
        return None if found is None else str(found)

    async def list_resources(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """List none: a client knows the pictures that it was given, and no others."""
        return types.ListResourcesResult(resources=[])

    async def list_templates(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """List the form of a picture's URI."""
        template = types.ResourceTemplate(
            name="picture", title="Picture", uri_template=TEMPLATE,
            description="A frame or contact sheet (PNG) or a clip (H.264 mp4) that a tool linked.",
        )  # fmt: skip
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """Read a picture of the runs folder."""
        uri = str(params.uri)
        try:
            data, kind = await asyncio.to_thread(read_picture, Path(self.config.runs), uri)
        except NoSuchPicture as error:
            raise MCPError(code=types.INVALID_PARAMS, message=str(error)) from error
        blob = base64.b64encode(data).decode()
        return types.ReadResourceResult(
            contents=[types.BlobResourceContents(uri=uri, blob=blob, mime_type=kind)]
        )


def _teller(context: Context) -> Any:
    async def tell(seconds: float, text: str) -> None:
        await context.session.report_progress(seconds, None, text)

    return tell


def _result(reply: Reply) -> types.CallToolResult:
    facts = reply.facts.model_dump(mode="json")
    content: list[types.ContentBlock] = [
        types.TextContent(text=json.dumps(facts, ensure_ascii=False))
    ]
    if reply.frame is not None:
        data = base64.b64encode(small_png(reply.frame)).decode()
        content.append(types.ImageContent(data=data, mime_type="image/png"))
    content += [
        types.ResourceLink(uri=x.uri, name=x.name, mime_type=x.kind, size=x.size)
        for x in reply.links
    ]
    return types.CallToolResult(content=content, structured_content=facts)
