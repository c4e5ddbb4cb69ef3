"""A real Chromium, driven by its DevTools protocol over two pipes: no client library, and no port."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S, wait_until

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

_OPTIONS = (
    "--headless",
    "--no-sandbox",  # which root cannot have
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_ABOVE = 10  # file descriptors from here on are in nobody's way: the browser reads 3 and writes 4


class Browser:
    """Sends commands, one at a time, and keeps what the browser tells meanwhile."""

    def __init__(self, to: int, of: int) -> None:
        self._to, self._of = to, of
        self._heard = b""
        self._last = 0
        self._target: str | None = None
        self.events: list[dict[str, Any]] = []

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Have a command done, and return what it gives. Raises AssertionError where it cannot be."""
        self._last += 1
        command: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if session is not None:
            command["sessionId"] = session
        os.write(self._to, json.dumps(command).encode() + b"\0")
        while (message := self._next()).get("id") != self._last:
            self.events.append(message)
        assert "error" not in message, f"{method}: {message['error']}"
        result: dict[str, Any] = message["result"]
        return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._heard:
            assert select.select([self._of], [], [], PATIENCE_S)[0], "the browser says nothing"
            heard = os.read(self._of, 1 << 20)
            assert heard, "the browser has ended"
            self._heard += heard
        message, _, self._heard = self._heard.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def page(self, address: str, *, width: int = 1200, height: int = 900, scheme: str = "light") -> Page:
        """Open a page in a window of that size, for somebody who likes it `light` or `dark`.

        The one before is closed.
        """
        if self._target is not None:
            self.send("Target.closeTarget", targetId=self._target)
        self._target = target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.send(f"{domain}.enable")
        page.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        page.send("Page.navigate", url=address)
        page.wait_for("document.readyState === 'complete'")
        return page


class Page:
    """A page in a browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have a command done for this page."""
        return self._browser.send(method, self._session, **parameters)

    def find(self, script: str) -> Any:
        """Return what an expression of JavaScript gives; of a promise, what it comes to."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """Wait until an expression gives something true, and return it."""
        return wait_until(lambda: self.find(script), lambda: f"{script}\n{self.text()}\n{self.problems()}")

    def text(self) -> str:
        """Return what can be read on the page."""
        found: str = self.find("document.body.innerText")
        return found

    def problems(self) -> list[str]:
        """Return what went wrong in it: exceptions, and what its security policy has kept away."""
        events = [event for event in self._browser.events if event.get("sessionId") == self._session]
        thrown = [e["params"] for e in events if e["method"] == "Runtime.exceptionThrown"]
        logged = [e["params"]["entry"] for e in events if e["method"] == "Log.entryAdded"]
        return [json.dumps(one) for one in (*thrown, *(one for one in logged if one["level"] == "error"))]

    def asked_for(self) -> list[str]:
        """Return the address of each request that it has made."""
        return [
            event["params"]["request"]["url"]
            for event in self._browser.events
            if event.get("sessionId") == self._session and event["method"] == "Network.requestWillBeSent"
        ]

    def screenshot(self, path: Path) -> None:
        """Save a picture of the whole page, a PNG."""
        whole = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(whole["data"]))


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start Chromium with an empty profile; end it afterwards."""
    assert CHROMIUM is not None, "there is no chromium here"
    (commands, to), (of, answers) = os.pipe(), os.pipe()
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for end in (commands, answers)]
    os.close(commands)
    os.close(answers)
    silent = os.open(os.devnull, os.O_RDWR)
    process = os.posix_spawn(
        CHROMIUM,
        [CHROMIUM, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, silent, 1),
            (os.POSIX_SPAWN_DUP2, silent, 2),
            (os.POSIX_SPAWN_DUP2, ends[0], 3),
            (os.POSIX_SPAWN_DUP2, ends[1], 4),
        ],
        setsid=True,
    )
    for end in (*ends, silent):
        os.close(end)
    try:
        yield Browser(to, of)
    finally:
        os.killpg(process, signal.SIGTERM)
        os.waitpid(process, 0)
        os.close(to)
        os.close(of)
