"""HL7 v2 messages: every field of every segment, by data type where the standard names one."""

from dlp.parse.hl7v2.parser import parse

__all__ = ["parse"]
