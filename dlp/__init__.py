"""Inspection, pure: bytes in, a report out."""
