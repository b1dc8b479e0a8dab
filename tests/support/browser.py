"""Pages in a real browser: how they look at a width, dark or light, and what is wrong with that."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTHS = (360, 1280)
LARGEST = 1.5e6
"""Bytes of a page."""
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-port=0"),
)
LOOK = """
(() => {
  const seen = element => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden";
  };
  const said = element => `${element.textContent.trim().slice(0, 40)}`;
  const wide = [...document.querySelectorAll("body *")].filter(element => {
    if (!seen(element) || element.closest("svg")) return false;
    for (let at = element.parentElement; at; at = at.parentElement)
      if (getComputedStyle(at).overflowX !== "visible") return false;
    return element.getBoundingClientRect().right > innerWidth + 1;
  }).map(said);
  const overlaps = [];
  for (const drawing of document.querySelectorAll("svg")) {
    const texts = [...drawing.querySelectorAll("text")].filter(text => seen(text) && said(text));
    texts.forEach((one, i) => texts.slice(i + 1).forEach(other => {
      const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 2 && down > 3) overlaps.push(`${said(one)} | ${said(other)}`);
    }));
  }
  const style = getComputedStyle(document.body);
  return {
    scroll: document.documentElement.scrollWidth - innerWidth, wide: wide.slice(0, 5),
    overlaps: overlaps.slice(0, 5), ink: style.color, height: document.documentElement.scrollHeight,
  };
})()
"""


@dataclass(frozen=True)
class Look:
    """What a browser shows of a page.

    Attributes:
        scroll: Pixels that the page is wider than the window.
        wide: Texts that end beyond the window's edge, outside of what scrolls by itself.
        overlaps: Pairs of labels of a drawing that hide each other.
        ink: The colour of its text.
        errors: What its scripts complained of.
        picture: The whole page, a PNG.
    """

    scroll: int
    wide: tuple[str, ...]
    overlaps: tuple[str, ...]
    ink: str
    errors: tuple[str, ...]
    picture: bytes


@contextmanager
def browser(folder: Path) -> Iterator[str]:
    """Run a browser, with its files in a folder, and yield the address of its debugger."""
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'browser'}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr
        try:
            told = next(line for line in running.stderr if "DevTools listening on" in line)
            yield told.rpartition(" ")[2].strip()
        finally:
            running.terminate()
            running.wait(30)


def look_at(debugger: str, address: str, *, width: int, dark: bool) -> Look:
    """Open an address in a window of a width."""
    return asyncio.run(_look_at(debugger, address, width, dark))


async def _look_at(debugger: str, address: str, width: int, dark: bool) -> Look:
    async with aiohttp.ClientSession() as session, session.ws_connect(debugger, max_msg_size=0) as socket:
        page = _Page(socket)
        await page.open(address, width, dark)
        found = (await page.ask("Runtime.evaluate", expression=LOOK, returnByValue=True))["result"]["value"]
        await page.size(width, min(found.pop("height"), 12_000))
        shot = await page.ask("Page.captureScreenshot", captureBeyondViewport=True)
        return Look(
            scroll=found["scroll"],
            wide=tuple(found["wide"]),
            overlaps=tuple(found["overlaps"]),
            ink=found["ink"],
            errors=tuple(page.errors),
            picture=base64.b64decode(shot["data"]),
        )


class _Page:
    """One tab, by Chrome's DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket, self.number, self.session, self.loaded = socket, 0, "", False
        self.errors: list[str] = []

    async def open(self, address: str, width: int, dark: bool) -> None:
        target = await self.ask("Target.createTarget", url="about:blank")
        attached = await self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = attached["sessionId"]
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        for domain in ("Page", "Runtime", "Log"):
            await self.ask(f"{domain}.enable")
        await self.ask("Emulation.setEmulatedMedia", features=[scheme])
        await self.size(width, 800)
        self.loaded = False
        await self.ask("Page.navigate", url=address)
        while not self.loaded:
            self._hear(await self.socket.receive_json(timeout=30))
        wait = "new Promise(done => setTimeout(done, 200))"
        await self.ask("Runtime.evaluate", expression=wait, awaitPromise=True)

    async def size(self, width: int, height: int) -> None:
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def ask(self, method: str, **given: Any) -> dict[str, Any]:
        self.number += 1
        message = {"id": self.number, "method": method, "params": given}
        await self.socket.send_str(
            json.dumps(message | ({"sessionId": self.session} if self.session else {}))
        )
        while True:
            heard = await self.socket.receive_json(timeout=60)
            if heard.get("id") == self.number:
                assert "error" not in heard, f"{method}: {heard['error']}"
                return dict(heard["result"])
            self._hear(heard)

    def _hear(self, heard: dict[str, Any]) -> None:
        method, told = heard.get("method"), heard.get("params", {})
        self.loaded |= method == "Page.loadEventFired"
        if method == "Runtime.exceptionThrown":
            self.errors.append(told["exceptionDetails"]["text"])
        if method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(told["entry"]["text"])
        if method == "Runtime.consoleAPICalled" and told["type"] == "error":
            self.errors.append(str(told["args"]))
