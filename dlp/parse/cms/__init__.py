"""S/MIME data that is signed and not encrypted (CMS, RFC 5652)."""

from __future__ import annotations

from dlp.parse.cms.parser import parse

__all__ = ["parse"]
