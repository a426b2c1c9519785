"""Office Open XML packages (ECMA-376, ISO/IEC 29500): Word, Excel and PowerPoint."""

from dlp.parse.office.package import parse

__all__ = ["parse"]
