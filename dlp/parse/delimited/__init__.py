"""Delimited tables (CSV, TSV, pipe): typed columns, and whatever doesn't keep to them as text."""

from dlp.parse.delimited.parser import parse, parse_slowly

__all__ = ["parse", "parse_slowly"]
