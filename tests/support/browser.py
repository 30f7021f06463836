"""A page in headless Chromium, driven through the pipe of its debugging protocol."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_PATIENCE_S = 60.0


def chromium() -> str | None:
    """Path of a Chromium that is installed, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One Chromium process with one tab, without network but for files; `events` are the messages of the tab."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self._writer = os.pipe()
        self._reader, from_browser = os.pipe()
        # Chromium takes its commands from descriptor 3 and answers on 4.
        shell = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
        flags += ["--disable-dev-shm-usage", f"--user-data-dir={self._profile.name}", "--remote-debugging-pipe"]
        self._process = subprocess.Popen(
            ["bash", "-c", shell, program, *flags, "about:blank"],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._rest, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; messages that come before it are kept in `events`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writer, json.dumps(message).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == self._number:
                assert "error" not in found, found
                result: dict[str, Any] = found["result"]
                return result
            self.events.append(found)

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + _PATIENCE_S
        while b"\0" not in self._rest:
            assert time.monotonic() < end, "Chromium does not answer"
            piece = os.read(self._reader, 1 << 20)
            assert piece, "Chromium has ended"
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(text)
        return found

    def open(self, path: Path, width: int, *, media: str = "screen", scripts: bool = True) -> None:
        """Load a file at a width in pixels, and wait until it is drawn."""
        self.open_url(path.absolute().as_uri(), width, media=media, scripts=scripts)

    def open_url(self, url: str, width: int, *, media: str = "screen", scripts: bool = True) -> None:
        """Load an address at a width in pixels, and wait until it is drawn."""
        self.events.clear()
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Emulation.setEmulatedMedia", media=media)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def evaluate(self, expression: str) -> Any:
        """Value of an expression of JavaScript in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def messages(self) -> list[str]:
        """Messages of the console, exceptions and refusals since the page was opened."""
        kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [json.dumps(event["params"])[:500] for event in self.events if event.get("method") in kinds]

    def requests(self) -> list[str]:
        """List addresses that the page requested since it was opened, without those that it contains."""
        asked = (e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent")
        return [url for url in asked if not url.startswith("data:")]

    def picture(self, path: Path) -> Path:
        """Write a PNG of the whole page."""
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        path.write_bytes(base64.b64decode(taken["data"]))
        return path

    def pdf(self, path: Path, width_mm: float, height_mm: float) -> Path:
        """Print the page to a PDF with the margins that it states."""
        size = {"paperWidth": width_mm / 25.4, "paperHeight": height_mm / 25.4}
        printed = self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=False, **size)
        path.write_bytes(base64.b64decode(printed["data"]))
        return path

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(Exception):
            self._session = ""
            self.call("Browser.close")
        self._process.terminate()
        self._process.wait(timeout=_PATIENCE_S)
        os.close(self._reader)
        os.close(self._writer)
        self._profile.cleanup()


@contextlib.contextmanager
def browser(program: str) -> Iterator[Browser]:
    """A browser that is ended afterwards."""
    opened = Browser(program)
    try:
        yield opened
    finally:
        opened.close()
