"""FHIR R4 and R5 as JSON and NDJSON: elements by their data type, everything else as text."""

from dlp.parse.fhir.parser import parse

__all__ = ["parse"]
