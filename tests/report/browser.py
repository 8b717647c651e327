"""A page in headless Chromium: what it asked the network for, what it complained of, what it drew.

A client of the browser's debugging protocol in a few lines: the tests need no other package.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-quic", "--no-first-run", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-port=0", "--window-size=1200,1000",
)  # fmt: skip
SECONDS = 60


def chromium():
    """Path of a Chromium or Chrome, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def may_be_absent(environment):
    """Whether tests may go without a browser: not where everything is checked, unless told so.

    Parameters
    ----------
    environment : mapping
        Variables: CI is set where everything is checked, MIXEDEFFECTS_NO_BROWSER=1 where there
        can be no browser.
    """
    return not environment.get("CI") or environment.get("MIXEDEFFECTS_NO_BROWSER") == "1"


@contextmanager
def a_browser():
    """A browser; where there is none the tests are skipped, or fail where it must be there."""
    if chromium() is None:
        absent = pytest.skip if may_be_absent(os.environ) else pytest.fail
        absent("no Chromium or Chrome to open pages in (apt install chromium)")
    with Browser() as browser:
        yield browser


@dataclass
class Page:
    """An open page.

    Attributes
    ----------
    requests : list of str
        Addresses that the page asked for, itself first.
    complaints : list of str
        Errors and warnings of its console, violated policies among them.
    """

    socket: WebSocket
    session: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def ask(self, method, **parameters):
        """One command of the protocol; what happens meanwhile is noted."""
        number = self.socket.send(method, parameters, self.session)
        while True:
            message = self.socket.receive()
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            # a page closed before may still have something to say
            if message.get("sessionId", "") == self.session:
                self.note(message)

    def note(self, message):
        """Remember requests and complaints."""
        what, told = message.get("method"), message.get("params", {})
        if what == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif what == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])
        elif what == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"])[:500])
        elif what == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(" ".join(str(a.get("value", a)) for a in told["args"]))

    def value(self, expression):
        """What a JavaScript expression is in the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def wait(self, expression, seconds=SECONDS):
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self.value(expression):
            if time.monotonic() > end:
                raise TimeoutError(f"{expression}; complaints: {self.complaints}")
            time.sleep(0.05)

    def picture(self, path, *, width=1200, full=True):
        """Save a PNG of the page."""
        height = self.value("document.documentElement.scrollHeight") if full else 1000
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)  # fmt: skip
        data = self.ask("Page.captureScreenshot", captureBeyondViewport=full)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def printed(self):
        """The page as PDF, A4."""
        found = self.ask("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27,
                         paperHeight=11.69, printBackground=True)  # fmt: skip
        return base64.b64decode(found["data"])


class Browser:
    """A browser without a network that opens one file after the other, each in a fresh profile."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [chromium(), *FLAGS, f"--user-data-dir={self._folder.name}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self):
        self._socket = WebSocket(self._address())
        return self

    def __exit__(self, *_):
        self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._folder.cleanup()

    @contextmanager
    def opened(self, path, *, scripts=True):
        """A file in a tab of its own, which shares nothing with those before it.

        Parameters
        ----------
        path : path
        scripts : bool
            False switches the page's own scripts off.
        """
        top = Page(self._socket, "")
        context = top.ask("Target.createBrowserContext")["browserContextId"]
        try:
            target = top.ask("Target.createTarget", url="about:blank", width=1200, height=1000,
                             browserContextId=context)["targetId"]  # fmt: skip
            session = top.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            yield _page(Page(self._socket, session), Path(path).resolve().as_uri(), scripts)
        finally:
            top.ask("Target.disposeBrowserContext", browserContextId=context)

    def _address(self):
        """The debugger's address, which the browser writes into its profile when it is ready."""
        end = time.monotonic() + SECONDS
        port = Path(self._folder.name) / "DevToolsActivePort"
        while not (port.exists() and port.read_text().count("\n")):
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the browser did not start")
            time.sleep(0.05)
        with urlopen(f"http://127.0.0.1:{port.read_text().splitlines()[0]}/json/version") as answer:
            return json.load(answer)["webSocketDebuggerUrl"]


def _page(page, address, scripts):
    for domain in ("Network", "Log", "Runtime", "Page"):
        page.ask(f"{domain}.enable")
    if not scripts:
        page.ask("Emulation.setScriptExecutionDisabled", value=True)
    page.ask("Page.navigate", url=address)
    page.wait(f"location.href == {json.dumps(address)} && document.readyState == 'complete'")
    return page


class WebSocket:
    """The client's side of RFC 6455, text messages only.

    Parameters
    ----------
    address : str
        ``ws://host:port/path``.
    """

    def __init__(self, address):
        host, path = address.removeprefix("ws://").split("/", 1)
        name, port = host.split(":")
        self.stream = socket.create_connection((name, int(port)), timeout=SECONDS)
        key = base64.b64encode(os.urandom(16)).decode()
        self.stream.sendall(
            f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            .encode()
        )  # fmt: skip
        self.file = self.stream.makefile("rb")
        while self.file.readline().strip():
            pass
        self.number = 0

    def close(self):
        """End the connection."""
        self.file.close()
        self.stream.close()

    def send(self, method, parameters, session):
        """Send a command; returns its number."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode()
        mask = os.urandom(4)
        size = len(data)
        head = b"\x81"
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 1 << 16:
            head += bytes([0x80 | 126]) + struct.pack(">H", size)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", size)
        self.stream.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
        return self.number

    def receive(self):
        """The next message."""
        whole = b""
        while True:
            first, second = self.file.read(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", self.file.read(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self.file.read(8))
            whole += self.file.read(size)
            if first & 0x80 and first & 0x0F in (0, 1):
                return json.loads(whole)
            if first & 0x80:
                whole = b""
