"""Detection in open text: same-file identities, patterns with rules, names by lexicon and cue."""

from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities

__all__ = ["Detectors", "Identities"]
