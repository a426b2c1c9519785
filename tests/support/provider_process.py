"""The simulated identity provider (:mod:`tests.support.oidc_provider`), as tests see it."""

from __future__ import annotations

import html
import json
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.support.oidc_provider import PASSWORD

PROGRAM = Path(__file__).with_name("oidc_provider.py")
CLIENT, SECRET = "lazaretto", "a secret, of: both/sides"


class ProviderProcess:
    """A provider on loopback that runs till the block ends."""

    def __init__(self, certificate: Path | None = None, key: Path | None = None) -> None:
        tls = [str(certificate), str(key)] if certificate else []
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(PROGRAM), CLIENT, SECRET, *tls],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.issuer = self._process.stdout.readline().strip()
        assert self.issuer, "the provider didn't start"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def behave(
        self, mode: str = "well", *, trusted: Path | None = None, **wishes: object
    ) -> Mapping[str, Any]:
        """Set the mood; returns what it was asked so far. ``trusted``: its TLS certificate."""
        body = json.dumps({"mode": mode, **wishes}).encode()
        tls = ssl.create_default_context(cafile=trusted) if trusted else None
        url = f"{self.issuer}/control"
        with urllib.request.urlopen(url, data=body, timeout=30, context=tls) as answer:
            return dict(json.load(answer))

    def sign_in(self, url: str) -> dict[str, str]:
        """Go where a browser is sent, type the password, and bring back the answer's query."""
        with urllib.request.urlopen(url, timeout=30) as page:
            found = re.search(r'name="request" value="([^"]+)"', page.read().decode())
        assert found
        form = {"request": html.unescape(found[1]), "user": "anna", "password": PASSWORD}
        opener = urllib.request.build_opener(_Stay)
        try:
            opener.open(f"{self.issuer}/login", urlencode(form).encode(), timeout=30)
        except urllib.error.HTTPError as sent:
            with sent:
                return dict(parse_qsl(urlsplit(sent.headers["Location"]).query))
        raise AssertionError("the provider sent nobody back")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None
