"""The console's page: four files of ours that show what the JSON endpoints answer.

What it shows, partners wrote in part. So its policy lets no script run but the one file, and that
one can't turn text into markup: Trusted Types with no type allowed refuse it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from aiohttp import web

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
PLACES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "/": ("index.html", "text/html"),
        "/console.js": ("console.js", "text/javascript"),
        "/console.css": ("console.css", "text/css"),
        "/console.svg": ("console.svg", "image/svg+xml"),
    }
)
_PROVIDER: Final = re.compile("<!--provider-->.*<!--/provider-->", re.DOTALL)


class Pages:
    """Handlers of ``/`` and what it loads; read once, at the start.

    Args:
        provider: Whether there is an identity provider to offer.
    """

    def __init__(self, *, provider: bool) -> None:
        folder = files("gateway.console").joinpath("static")
        texts = {
            path: folder.joinpath(name).read_text("utf-8") for path, (name, _) in PLACES.items()
        }
        if not provider:
            texts["/"] = _PROVIDER.sub("", texts["/"])
        self._texts = texts

    async def show(self, request: web.Request) -> web.StreamResponse:
        """``GET`` one of them: the same for everybody, and nothing of anybody in it."""
        _, kind = PLACES[request.path]
        headers = {"Content-Security-Policy": POLICY}
        return web.Response(
            text=self._texts[request.path], content_type=kind, charset="utf-8", headers=headers
        )
