"""Internet mail (RFC 5322, RFC 2045 to 2047, RFC 2231) and mailboxes of it."""

from dlp.parse.eml.parser import parse

__all__ = ["parse"]
