"""Compound files ([MS-CFB]): Word, Excel and PowerPoint 97 to 2003, Outlook messages."""

from dlp.parse.ole.parser import parse

__all__ = ["parse"]
