"""Redaction: byte ranges and what replaces them, so that the file stays valid in its format."""

from dlp.redact.edits import Edit, Redacted
from dlp.redact.run import Redaction, redact

__all__ = ["Edit", "Redacted", "Redaction", "redact"]
