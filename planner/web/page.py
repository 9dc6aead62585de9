"""What Gradio lays out: the columns, the box to write in, tabs and settings.

What is shown of records is not Gradio's: `static/page.js` fills the empty elements below
with pieces from `mindseye.planner.web.live`.
"""

import html
import importlib.resources
from typing import TYPE_CHECKING, Any, get_args

import gradio as gr
from gradio.themes.base import Base

from mindseye.planner.chat.turns import LONGEST
from mindseye.planner.config import Search, Tools
from mindseye.planner.report import asset
from mindseye.planner.web.conversations import Conversation, NotThere
from mindseye.planner.web.workers import Busy
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import COLOURS, SHAPES

if TYPE_CHECKING:
    from mindseye.planner.web.server import Site

EXAMPLES = (
    "what is on the table?",
    "put everything red on the left",
    "what if you pushed the red cube to the right?",
    "now undo that",
    "why did you do that?",
    "A ball rolls off a 1 m table at 3 m/s. How far away does it land?",
)
_BRAND = "<h1>mindseye</h1><p>a mind's eye for language models</p>"
_TALK = """
<div id="talk" class="eye" role="log" aria-live="polite" aria-label="Conversation" tabindex="0">
</div>
<div id="status" role="status"><span class="spinner" aria-hidden="true"></span><span></span></div>
"""
_NOW = """
<section aria-label="The world now"><h2>The world now</h2><div id="table"></div></section>
<section aria-label="The last run"><div id="run"></div></section>
"""
_PAST = """
<label class="find">Find <input id="words" type="search" placeholder="words of the task"></label>
<div id="runs"></div><div id="past-run"></div>
"""
_GO_THERE = "(query) => { if (query) location.search = query; }"


def build(site: "Site") -> gr.Blocks:
    """Return the page's layout, and what its buttons do."""
    page: gr.Blocks
    with gr.Blocks(title="mindseye", analytics_enabled=False, fill_width=True) as page:
        gr.HTML(_BRAND, elem_id="brand", apply_default_css=False)
        with gr.Row(elem_id="sides"):
            with gr.Column(scale=5, min_width=320, elem_id="left"):
                gr.HTML(_TALK, elem_id="talking", apply_default_css=False)
                _writing(site)
            with gr.Column(scale=6, min_width=320, elem_id="right"), gr.Tabs():
                with gr.Tab("Mind's eye"):
                    gr.HTML(_NOW, elem_classes="eye", apply_default_css=False)
                with gr.Tab("Past runs", elem_id="past-tab"):
                    gr.HTML(_PAST, elem_classes="eye", apply_default_css=False)
                with gr.Tab("New table"):
                    _settings(site)
    _rest(page)
    return page


def _rest(page: gr.Blocks) -> None:
    """Let Gradio's queue, which nothing on this page uses, look for work once a second.

    A thousand times a second, as it would, is a twentieth of a core for nothing.
    """
    page._queue.sleep_when_free = 1.0
    page._queue.progress_update_sleep_when_free = 1.0


def _writing(site: "Site") -> None:
    def say(text: str, request: gr.Request) -> str:
        _noted(lambda: site.workers.say(_conversation(site, request), text))
        return ""

    def stop(request: gr.Request) -> None:
        _noted(lambda: site.workers.stop(_conversation(site, request)))

    with gr.Row(elem_id="writing"):
        box = gr.Textbox(
            show_label=False, label="Your message", placeholder="Say what to do, or ask",
            lines=1, max_lines=1, max_length=LONGEST, autofocus=True, container=False,
            scale=6, min_width=120, elem_id="box",
        )  # fmt: skip
        send = gr.Button("Send", variant="primary", scale=1, min_width=64, elem_id="send")
        halt = gr.Button("Stop", variant="stop", scale=1, min_width=64, elem_id="stop")
    how: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    box.submit(say, box, box, **how)
    send.click(say, box, box, **how)
    halt.click(stop, None, None, **how)
    with gr.Row(elem_id="examples"):
        for example in EXAMPLES:
            button = gr.Button(example, size="sm", variant="secondary", elem_classes="example")
            button.click(_saying(say, example), None, box, **how)


def _saying(say: Any, text: str) -> Any:
    def press(request: gr.Request) -> str:
        return str(say(text, request))

    return press


def _settings(site: "Site") -> None:
    config = site.conversations.config
    gr.Markdown("Every conversation has a table of its own. What you choose begins a new one.")
    names = [f"{c} {s}" for c in COLOURS for s in SHAPES]
    objects = gr.Dropdown(
        names, value=list(config.objects or ()), multiselect=True, label="Objects",
        info="Without any, the seed lays the table.",
    )  # fmt: skip
    seed = gr.Number(config.seed, label="Seed", precision=0, minimum=0, maximum=2**32 - 1)
    model = gr.Dropdown(list(site.models), value=site.models[0], label="Language model")
    tools = gr.Radio(list(get_args(Tools)), value=config.tools, label="Tools that picture")
    search = gr.Dropdown(list(get_args(Search)), value=config.search, label="Search")
    budget = gr.Slider(1, 60, value=config.budget, step=1, label="Seconds a decision may take")
    begin_it = gr.Button("Begin", variant="primary", elem_id="begin")
    place = gr.Textbox(visible=False)

    def begin(
        objects: list[str], seed: int, model: str, tools: str, search: str, budget: float,
        request: gr.Request,
    ) -> str:  # fmt: skip
        changes = {"objects": objects or None, "seed": seed, "tools": tools, "search": search,
                   "budget": budget}  # fmt: skip
        if model in site.models:
            changes["model"] = model
        visitor = _conversation(site, request).visitor
        begun = _noted(lambda: site.conversations.begin(visitor, changes))
        return f"?chat={begun.id}"

    chosen = [objects, seed, model, tools, search, budget]
    begin_it.click(
        begin, chosen, place, queue=False, show_progress="hidden", api_visibility="private"
    ).then(None, place, js=_GO_THERE)


def _conversation(site: "Site", request: gr.Request) -> Conversation:
    """Return the conversation that the page's address names."""
    return site.conversations.find(request.query_params.get("chat"))


def _noted(do: Any) -> Any:
    """Do something; what a person did wrong is told in a note on the page."""
    try:
        return do()
    except (BadInput, Busy, NotThere) as error:
        # Gradio shows notes as markup, and errors quote what people wrote.
        raise gr.Error(html.escape(str(error)), duration=8, print_exception=False) from error


def theme() -> Base:
    """Return the theme: the report's colours, and the reader's own fonts, so nothing is fetched."""
    system = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
    mono = ("ui-monospace", "monospace")
    looks = {
        "body_background_fill": "var(--page)", "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--soft)", "background_fill_primary": "var(--card)",
        "background_fill_secondary": "var(--tint)", "border_color_primary": "var(--line)",
        "block_background_fill": "var(--card)", "block_border_color": "var(--line)",
        "block_title_text_color": "var(--ink)", "block_info_text_color": "var(--soft)",
        "input_background_fill": "var(--page)", "input_border_color": "var(--line)",
        "input_placeholder_color": "var(--soft)", "color_accent_soft": "var(--tint)",
        "checkbox_label_background_fill": "var(--page)", "slider_color": "var(--good)",
        "button_primary_background_fill": "var(--good)",
        "button_primary_background_fill_hover": "var(--good)",
        "button_primary_text_color": "var(--card)",
        "button_secondary_background_fill": "var(--tint)",
    }  # fmt: skip
    # Each colour knows by itself what it is in the dark.
    dark = {f"{name}_dark": value for name, value in looks.items()}
    made = Base(
        primary_hue="emerald", neutral_hue="stone", radius_size="lg", font=system, font_mono=mono
    )
    return made.set(**looks, **dark, color_accent="var(--good)")


def head() -> str:
    """Return what stands in the page's head: icon, stylesheet and script.

    As a style sheet of Gradio's, its rules would be rewritten, and not for the better.
    """
    icon = f'<link rel="icon" href="data:image/svg+xml,{_ICON}">'
    # What the report looks like keeps to this page's own elements.
    pieces = f".eye {{\n{asset('pieces.css')}\n}}"
    style = "\n".join((asset("palette.css"), pieces, _static("page.css")))
    return (
        f"{icon}<style>{style}</style><script>{asset('report.js')}\n{_static('page.js')}</script>"
    )


_ICON = (
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Ccircle cx='16' cy='16' "
    "r='14' fill='%231a7f4b'/%3E%3Ccircle cx='16' cy='16' r='6' fill='white'/%3E%3C/svg%3E"
)


def _static(name: str) -> str:
    file = importlib.resources.files("mindseye.planner.web") / "static" / name
    return file.read_text(encoding="utf-8")
