"""Inspection, pure: bytes in, a report out (:mod:`dlp.inspect`).

Empty, so that whoever needs a word of it (edges, workers, the command line) doesn't load its readers
and tables: that takes a second, and every process of a site would pay it at each start.
"""
