"""Delimited tables (CSV, TSV, pipe): typed columns, and whatever doesn't keep to them as text."""

from dlp.parse.delimited.parser import parse

__all__ = ["parse"]
