"""DICOM files (PS3.10): every element, nested and private ones too, and the text in the pixels."""

from dlp.parse.dicom.parser import parse

__all__ = ["parse"]
