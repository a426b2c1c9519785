"""PDF (ISO 32000): the pages' text, and everything else that is written in any object."""

from dlp.parse.pdf.parser import parse

__all__ = ["parse"]
