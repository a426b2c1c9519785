"""NCPDP Telecommunication D.0 (pharmacy claims) and SCRIPT (prescriptions)."""

from dlp.parse.ncpdp.script import parse as parse_script
from dlp.parse.ncpdp.telecom import parse

__all__ = ["parse", "parse_script"]
