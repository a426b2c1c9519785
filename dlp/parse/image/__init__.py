"""Raster images: the words in their pixels, and everything that is written around them."""

from dlp.parse.image.parser import parse, surfaces

__all__ = ["parse", "surfaces"]
