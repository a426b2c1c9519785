"""Chromium, driven by its DevTools protocol, with an authenticator that it makes up itself."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.support.eventually import eventually

PROGRAM: Final = shutil.which("chromium") or shutil.which("google-chrome") or ""
_WORDS: Final = (
    # No sandbox: the tests may be root's, and only pages of ours are opened.
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--ignore-certificate-errors", "--remote-debugging-port=0",
)  # fmt: skip
_SECONDS: Final = 30.0
_CONTROLS: Final = {"button", "link", "textbox", "combobox", "dialog", "navigation", "heading"}


class Browser:
    """One page of one browser.

    Attributes:
        faults: What its console and its policies complained of.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._home = tempfile.mkdtemp(prefix="lz-browser-")
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._count = 0

    async def start(self) -> None:
        """With a virtual authenticator that verifies its user, as a telephone's does."""
        self._process = await asyncio.create_subprocess_exec(
            PROGRAM, *_WORDS, f"--user-data-dir={self._home}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, "TMPDIR": self._home},
        )  # fmt: skip
        self._http = aiohttp.ClientSession()
        async with asyncio.timeout(_SECONDS):
            self._socket = await self._http.ws_connect(await self._address(), max_msg_size=0)
        self._reader = asyncio.create_task(self._read())
        for domain in ("Page", "Runtime", "Log", "WebAuthn"):
            await self.call(f"{domain}.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }  # fmt: skip
        await self.call("WebAuthn.addVirtualAuthenticator", options=options)

    async def close(self) -> None:
        """End it and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await self._http.close()
        if hasattr(self, "_reader"):
            await self._reader
        shutil.rmtree(self._home, ignore_errors=True)

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        """One command of the protocol."""
        self._count += 1
        answer = asyncio.get_running_loop().create_future()
        self._waiting[self._count] = answer
        await self._socket.send_json({"id": self._count, "method": method, "params": params})
        found: dict[str, Any] = await asyncio.wait_for(answer, _SECONDS)
        assert "error" not in found, found
        return dict(found["result"])

    async def value(self, script: str) -> Any:  # noqa: ANN401 - whatever the script gives
        """What an expression is in the page."""
        found = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait for something to be so in the page."""
        try:
            async with asyncio.timeout(_SECONDS):
                while not await self._holds(condition):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
        except TimeoutError:
            shown = await self.value("document.body.innerText")
            raise AssertionError(f"{condition} never came; the page says: {shown}") from None

    async def _holds(self, condition: str) -> bool:
        try:
            return bool(await self.value(f"!!({condition})"))
        except AssertionError:
            return False  # asked of a page that was just being left

    async def shows(self, heading: str) -> None:
        """Wait for a view."""
        await self.until(f"document.querySelector('h1')?.textContent === {json.dumps(heading)}")

    async def fill(self, field: str, text: str) -> None:
        """Put text into the field of this id."""
        await self.until(f"document.getElementById('{field}')?.checkVisibility()")
        await self.value(f"document.getElementById('{field}').value = {json.dumps(text)}")

    async def press(self, text: str) -> None:
        """Press the button or link that says this; in a dialog if one is open."""
        one = (
            "[...(document.querySelector('dialog[open]') || document)"
            ".querySelectorAll('button, a')].find((it) => it.checkVisibility() && !it.disabled"
            f" && it.textContent.trim() === {json.dumps(text)})"
        )
        await self.until(one)
        await self.value(f"{one}.click()")

    async def narrow(self, width: int) -> None:
        """Be as narrow as a telephone: so many CSS pixels."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=700, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    async def nameless(self) -> list[str]:
        """Roles of the controls that a screen reader has no name for."""
        tree = (await self.call("Accessibility.getFullAXTree"))["nodes"]
        roles = ((_of(node, "role"), _of(node, "name")) for node in tree if not node["ignored"])
        return [role for role, name in roles if role in _CONTROLS and not name]

    async def _address(self) -> str:
        """Of the page; the browser writes its port into its profile."""
        await eventually(lambda: _told(self._home), _SECONDS)
        port = _told(self._home)[0]
        while True:
            async with self._http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [one for one in await answer.json() if one["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])

    async def _read(self) -> None:
        async for message in self._socket:
            found = json.loads(message.data)
            if "id" in found:
                self._waiting.pop(found["id"]).set_result(found)
            elif found["method"] == "Runtime.exceptionThrown":
                self.faults.append(str(found["params"]["exceptionDetails"].get("text")))
            elif found["method"] == "Log.entryAdded":
                self._note(found["params"]["entry"])

    def _note(self, entry: dict[str, Any]) -> None:
        # Answers such as 401 are the protocol's, and nothing that went wrong in the page.
        if entry["level"] == "error" and not re.search("status of 4[0-9]{2}", entry["text"]):
            self.faults.append(entry["text"])


def _told(home: str) -> list[str]:
    """The lines by which the browser says where it listens; none before."""
    told = Path(home, "DevToolsActivePort")
    return told.read_text().splitlines() if told.exists() else []


def _of(node: dict[str, Any], what: str) -> str:
    return str(node.get(what, {}).get("value", ""))
