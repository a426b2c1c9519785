"""OpenPGP data that anybody can read: signatures, certificates, cleartext-signed text."""

from __future__ import annotations

from dlp.parse.openpgp.parser import parse

__all__ = ["parse"]
