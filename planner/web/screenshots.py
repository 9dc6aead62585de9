"""Make the README's pictures of the page: `python -m mindseye.planner.web.screenshots docs`.

A real server, a real conversation with the embedded models, and the machine's Chromium.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from mindseye.tools.errors import Unavailable

OBJECTS = "red cube, blue ball, green cylinder, yellow star"
TALK = (
    "what is next to the yellow star?",
    "push the red cube next to the blue ball",
    "why did you do that?",
)
PATIENCE = 300_000
"""Milliseconds."""


@contextmanager
def _server(runs: str) -> Iterator[str]:
    """Run `mindseye web` and yield its URL."""
    command = [sys.executable, "-m", "mindseye.planner.cli", "web", "--port", "0", "--seed", "7",
               "--objects", OBJECTS, "--runs", runs]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        url = next((line.split()[1] for line in server.stderr if "http://" in line), "")
        try:
            yield url
        finally:
            server.send_signal(signal.SIGINT)


def _open(browser: Browser, url: str, width: int, height: int, *, dark: bool = False) -> Page:
    page = browser.new_page(
        viewport={"width": width, "height": height}, device_scale_factor=1.5,
        color_scheme="dark" if dark else "light",
    )  # fmt: skip
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    page.locator("#table img").wait_for()
    return page


def _talk(page: Page) -> None:
    for number, text in enumerate(TALK, 1):
        box = page.get_by_label("Your message")
        box.fill(text)
        box.press("Enter")
        page.locator(".bubble.agent").nth(number - 1).wait_for()


def _show_search(page: Page) -> None:
    """Bring the chosen candidate into view, and wait until its clips show the push."""
    page.locator("#run .branches > li.chosen").first.wait_for()
    page.evaluate("document.querySelector('#run h3').scrollIntoView()")
    page.wait_for_timeout(6000)


def take(folder: Path) -> list[Path]:
    """Take the pictures and return where they are.

    Raises:
      Unavailable: there is no Chromium.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise Unavailable("no browser: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"web{kind}.png" for kind in ("", "-search", "-phone")]
    with (
        tempfile.TemporaryDirectory() as runs, _server(runs) as url, sync_playwright() as driver,
    ):  # fmt: skip
        browser = driver.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        page = _open(browser, url, 1280, 800)
        _talk(page)
        page.wait_for_timeout(2000)
        page.screenshot(path=files[0])
        dark = _open(browser, page.url, 1280, 800, dark=True)
        _show_search(dark)
        dark.screenshot(path=files[1])
        phone = _open(browser, page.url, 390, 844)
        phone.locator(".bubble.agent").first.wait_for()
        phone.wait_for_timeout(2000)
        phone.screenshot(path=files[2])
        browser.close()
    return files


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take pictures of the web page.")
    parser.add_argument("folder", type=Path)
    for file in take(parser.parse_args().folder):
        sys.stdout.write(f"{file}\n")
