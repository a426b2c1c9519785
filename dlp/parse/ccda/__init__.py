"""C-CDA documents (HL7 CDA R2): the header's persons, coded entries, and the narrative."""

from dlp.parse.ccda.parser import parse

__all__ = ["parse"]
