"""The description of the HTTPS interface (OpenAPI 3.1), served as it lies beside this module."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from aiohttp import web


@cache
def text() -> bytes:
    """The document as bytes."""
    return files("transports").joinpath("openapi.json").read_bytes()


def parsed() -> dict[str, Any]:
    """The document."""
    loaded: dict[str, Any] = json.loads(text())
    return loaded


async def document(_request: web.Request) -> web.Response:
    """``GET /v1/openapi.json``."""
    return web.Response(body=text(), content_type="application/json")
