"""Headless Chromium by its DevTools protocol, over a pipe: no port, no library, no driver.

https://chromedevtools.github.io/devtools-protocol/ ; the pipe carries JSON messages that end with a zero byte.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# The pipe's ends are the child's descriptors 3 and 4, whatever ours are called.
_MOVE = """\
import os, sys
ends = [os.dup(os.dup(os.dup(int(end)))) for end in sys.argv[1:3]]
for number, end in zip((3, 4), ends):
    os.dup2(end, number)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class BrowserError(RuntimeError):
    """The browser said no, or nothing in time."""


class Page:
    """One tab. ``problems`` gathers what its console, its network and its policy complain of."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive, self._buffer = send, receive, b""
        self._number = 0
        self._messages: deque[dict[str, Any]] = deque()
        self.problems: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def open(self, url: str, *, width: int, height: int = 900, scheme: str = "light") -> None:
        """Load a page at a width, where the system likes light or dark."""
        self.size(width, height)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def size(self, width: int, height: int) -> None:
        """The window's inner size; below 600 it is a phone."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def run(self, script: str) -> Any:
        """The value of an expression; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 60) -> None:
        """Until the expression is true."""
        deadline = time.monotonic() + seconds
        while not self.run(f"Promise.resolve({script}).then(Boolean)"):
            if time.monotonic() > deadline:
                raise BrowserError(f"{script} did not come to hold; {self.problems}")
            time.sleep(0.03)

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """A screenshot as PNG, of the whole page."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=whole, format="png")
        path.write_bytes(base64.b64decode(answer["data"]))

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command to the tab."""
        return self._call(method, self._session, **params)

    def _call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._receive], [], [], 120)[0]:
                raise BrowserError("the browser does not answer")
            data = os.read(self._receive, 2**20)
            if not data:
                raise BrowserError("the browser ended")
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.problems.append(json.dumps(params["exceptionDetails"])[:800])
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.problems.append(json.dumps(params["args"])[:800])
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """A tab of a browser of our own, with its profile in this folder."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise BrowserError("there is no chromium on PATH")
    out_read, out_write = os.pipe()
    in_read, in_write = os.pipe()
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run"]
    command += [
        "--disable-background-networking",
        "--disable-component-update",
        "--hide-scrollbars",
        "--no-proxy-server",
    ]
    command += [f"--user-data-dir={profile}"]
    browser = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _MOVE, str(out_read), str(in_write), *command],
        pass_fds=(out_read, in_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    os.close(out_read)
    os.close(in_write)
    try:
        page = Page(out_write, in_read)
        yield page
    finally:
        os.close(out_write)
        os.close(in_read)
        browser.terminate()
        try:
            browser.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(browser.pid, 9)
            browser.wait()
