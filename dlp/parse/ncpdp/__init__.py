"""NCPDP Telecommunication D.0: pharmacy claims and their answers, field by field."""

from dlp.parse.ncpdp.telecom import parse

__all__ = ["parse"]
