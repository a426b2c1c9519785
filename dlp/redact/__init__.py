"""Redaction: byte ranges and what replaces them, so that the file stays valid in its format.

What finds them is in :mod:`dlp.redact.run`, apart, since it loads every reader.
"""

from dlp.redact.edits import Edit, Redacted
from dlp.redact.outcome import Redaction

__all__ = ["Edit", "Redacted", "Redaction"]
