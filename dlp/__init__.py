"""Inspection, pure: bytes in, a report out (:mod:`dlp.inspect`).

Empty, so that whoever needs a word of it (edges, workers, the command line) doesn't load its
readers and tables: every process of a site would pay a second for that at each start.
"""
