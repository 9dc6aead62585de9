"""The web page in a browser, from typing to the reply; where there is none, this is skipped."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
sync_api = pytest.importorskip(
    "playwright.sync_api", reason="no Playwright: pip install playwright"
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page

    from tests.planner.conftest import Served

PATIENCE = 60_000
"""Milliseconds; a busy machine is no failure."""
HOSTILE = (
    "<script>document.title='caught'</script> [/red] <img src=x onerror=alert(1)> \x07 {{7*7}}"
)


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """Return the machine's own Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None and os.environ.get("MINDSEYE_BROWSER") == "needed":
        pytest.fail("no browser: apt-get install chromium")
    if found is None:
        pytest.skip("no browser: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: "Browser", served: "Served") -> "Iterator[Callable[..., Page]]":
    """Return a function that opens the page as somebody who was never there before.

    Whoever asks for anything but the server, or meets an error in a script, fails.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def ours(url: str) -> None:
        if not url.startswith((served.url, "data:", "blob:")):
            wrong.append(url)

    def come(width: int = 1280, height: int = 860, scheme: str = "light") -> "Page":
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: ours(request.url))
        page.goto(served.url)
        page.get_by_label("Your message").wait_for()
        page.locator("#table img").wait_for()
        return page

    yield come
    for context in contexts:
        context.close()
    assert not wrong


def say(page: "Page", text: str) -> None:
    """Type a message and send it with the keyboard."""
    box = page.get_by_label("Your message")
    box.fill(text)
    box.press("Enter")


def replied(page: "Page", text: str = "Done: the red cube") -> "Locator":
    """Wait for an answer."""
    bubble = page.locator(".bubble.agent", has_text=text).last
    bubble.wait_for()
    return bubble


def shot(clip: "Locator") -> str:
    """Return a digest of what a clip shows at this moment."""
    return hashlib.sha256(clip.screenshot()).hexdigest()


def plays(page: "Page", clip: "Locator") -> bool:
    """Say whether the pixels of a clip change within some seconds."""
    clip.scroll_into_view_if_needed()
    first = shot(clip)
    for _ in range(40):
        page.wait_for_timeout(250)
        if shot(clip) != first:
            return True
    return False


def test_a_task_from_typing_to_the_reply(visitor: "Callable[..., Page]") -> None:
    page = visitor()
    say(page, "push the red cube next to the blue ball")
    page.locator(".bubble.person", has_text="push the red cube").wait_for()
    replied(page)
    assert plays(page, page.locator("#talk video"))
    call = page.locator("details.call")
    call.locator("summary").click()
    call.locator("td", has_text="push the red cube").wait_for()
    chosen = page.locator("#run .branches > li.chosen")
    chosen.wait_for()
    assert "0.85" in chosen.inner_text()
    assert "tools agree 90 %" in chosen.inner_text()
    assert "Decoded action: push the red cube" in chosen.inner_text()
    for kind in ("imagined 1 of 2", "simulated"):
        assert plays(page, chosen.get_by_label(kind, exact=True))
    other = page.locator("#run .branches > li.pruned").last
    assert "outside the beam" in other.inner_text()
    other.locator("summary").first.press("Enter")
    other.get_by_label("simulated", exact=True).wait_for()
    assert page.get_by_label("Your message").input_value() == ""


def test_stop_stops(visitor: "Callable[..., Page]") -> None:
    page = visitor()
    stop = page.get_by_role("button", name="Stop")
    assert stop.is_disabled()
    say(page, "a slow push")
    page.locator("#status", has_text="picturing").wait_for()
    stop.click()
    replied(page, "Stopped.")
    page.locator("details.call.stopped").wait_for()
    page.wait_for_function("() => document.querySelector('#stop').disabled")
    say(page, "echo it goes on")
    replied(page, "echo it goes on")


def test_a_refresh_in_mid_run_finds_everything_again(visitor: "Callable[..., Page]") -> None:
    page = visitor()
    say(page, "a slow push of the cube")
    page.locator("#run .branches").first.wait_for()
    address = page.url
    page.reload()
    assert page.url == address
    page.locator(".bubble.person", has_text="a slow push of the cube").wait_for()
    page.locator("details.call.running").wait_for()
    replied(page)
    page.goto(address.split("?")[0])
    replied(page)
    assert page.url == address


def test_two_visitors_do_not_see_each_other(visitor: "Callable[..., Page]") -> None:
    one, other = visitor(), visitor()
    assert one.url != other.url
    say(one, "a secret wish")
    say(other, "another wish")
    replied(one)
    replied(other)
    for page, mine, theirs in (
        (one, "a secret wish", "another wish"),
        (other, "another wish", "a secret wish"),
    ):
        page.get_by_role("tab", name="Past runs").click()
        page.locator("#runs button", has_text=mine).wait_for()
        text = page.locator("body").inner_text()
        assert mine in text
        assert theirs not in text


def test_the_page_with_the_real_models_behind_it(chromium: "Browser", tmp_path: Path) -> None:
    command = [
        shutil.which("mindseye", path=Path(sys.executable).parent) or "mindseye",
        "web", "--port", "0", "--runs", str(tmp_path / "runs"),
        "--objects", "red cube, blue ball", "--seed", "3",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            url = re.search(r"http://\S+", process.stderr.readline())
            assert url is not None
            page = chromium.new_context(viewport={"width": 1280, "height": 860}).new_page()
            page.set_default_timeout(3 * PATIENCE)
            page.goto(url[0])
            page.locator("#table img").wait_for()
            say(page, "what is on the table?")
            replied(page, "red cube")
            say(page, "what if you pushed the red cube to the right?")
            page.locator("#run video").first.wait_for()
            page.locator("#talk video").wait_for()
            assert plays(page, page.locator("#talk video"))
        finally:
            process.send_signal(signal.SIGINT)


def test_past_runs_are_found_and_replayed(visitor: "Callable[..., Page]", past_run: Path) -> None:
    page = visitor()
    page.get_by_role("tab", name="Past runs").click()
    page.get_by_label("Find").fill("nothing of the kind")
    page.get_by_text("No runs").wait_for()
    page.get_by_label("Find").fill("gather red")
    page.locator("#runs button", has_text="gather everything red").press("Enter")
    page.locator("#past-run h2", has_text="gather everything red").wait_for()
    assert plays(page, page.locator("#past-run").get_by_label("what really happened"))


def test_an_own_run_is_deleted(visitor: "Callable[..., Page]", past_run: Path) -> None:
    page = visitor()
    say(page, "a mistake of mine")
    replied(page)
    page.get_by_role("tab", name="Past runs").click()
    row = page.locator("#runs li", has_text="a mistake of mine")
    row.locator("button.run").click()
    page.locator("#past-run h2", has_text="a mistake of mine").wait_for()
    asked: list[str] = []

    def agree(dialog: "Dialog") -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", agree)
    row.get_by_role("button", name="Delete the run").press("Enter")
    row.wait_for(state="detached")
    assert len(asked) == 1
    page.locator("#past-run h2").wait_for(state="detached")
    others = page.locator("#runs li", has_text="gather everything red")
    assert others.count() == 1
    assert others.locator(".delete").count() == 0


def test_a_new_table_is_a_new_conversation(visitor: "Callable[..., Page]") -> None:
    page = visitor()
    before = page.url
    page.get_by_role("tab", name="New table").click()
    page.get_by_label("Seed").fill("11")
    page.get_by_label("video", exact=True).check()
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url(lambda url: url != before and "chat=" in url)
    say(page, "push the cube")
    replied(page)


def test_hostile_text_is_text(visitor: "Callable[..., Page]") -> None:
    page = visitor()
    say(page, f"echo {HOSTILE}")
    shown = replied(page, "echo <script>").inner_text()
    assert "<script>document.title='caught'</script> [/red] <img src=x onerror=alert(1)>" in shown
    assert "{{7*7}}" in shown
    say(page, f"push {HOSTILE}")
    replied(page)
    page.get_by_role("tab", name="Past runs").click()
    page.locator("#runs button", has_text="<script>").wait_for()
    say(page, "echo " + "long" * 400)
    replied(page, "longlong")
    assert page.title() == "mindseye"
    assert page.locator(".eye script, .eye img[src='x']").count() == 0
    assert fits(page)


def fits(page: "Page") -> bool:
    """Say whether the page needs no scrolling sideways."""
    return bool(
        page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_is_wide_enough(visitor: "Callable[..., Page]", scheme: str) -> None:
    page = visitor(width=390, height=844, scheme=scheme)
    assert fits(page)
    say(page, "push the red cube next to the blue ball")
    replied(page)
    page.locator("#run .branches").wait_for()
    assert fits(page)
    for name in ("Past runs", "New table", "Mind's eye"):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(300)
        assert fits(page)
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", back)[:3])) < 60) == (scheme == "dark")


def test_everything_has_a_name_and_keys_reach_it(visitor: "Callable[..., Page]") -> None:
    page = visitor()
    say(page, "push the red cube next to the blue ball")
    replied(page)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("img, video, [role=img], button, input, textarea")]
        .filter((n) => n.checkVisibility())
        .filter((n) => !(n.alt || n.ariaLabel || n.title || n.innerText || n.labels?.length))
        .map((n) => n.outerHTML.slice(0, 200))"""
    )
    assert unnamed == []
    page.get_by_label("Your message").focus()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName"))
    assert {"BUTTON", "SUMMARY", "VIDEO"} <= reached


def test_a_wrong_password_opens_nothing(chromium: "Browser", guarded: "Served") -> None:
    for password in ("wrong password", guarded.password):
        context = chromium.new_context(http_credentials={"username": "me", "password": password})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        answer = page.goto(guarded.url)
        assert answer is not None
        if password == guarded.password:
            page.locator("#table img").wait_for()
        else:
            assert answer.status == 401
            assert "mindseye" not in page.content().lower().replace("a password is needed", "")
        context.close()
