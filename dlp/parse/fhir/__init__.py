"""FHIR R4 and R5 as JSON, NDJSON and XML: elements by their data type, everything else as text."""

from dlp.parse.fhir.parser import parse, parse_xml

__all__ = ["parse", "parse_xml"]
