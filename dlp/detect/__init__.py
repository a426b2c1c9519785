"""Detection in open text: same-file identities, patterns with rules, names by lexicon and cue.

Empty: :mod:`dlp.names` needs its words, and :mod:`dlp.detect.engine` needs those names.
"""
