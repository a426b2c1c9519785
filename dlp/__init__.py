"""Inspection, pure: bytes in, a report out."""

from dlp.inspect import inspect

__all__ = ["inspect"]
