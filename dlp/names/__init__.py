"""Names and addresses of strangers in free text, by a small token classifier run offline.

The model (Rampart, a six-layer BERT) is an artefact of its own, installed by the set-up and pinned
by its hash; without it :func:`dlp.names.model.load` gives None and the detectors say so.
"""

from __future__ import annotations

from dlp.names.filter import CUES
from dlp.names.forms import find_forms
from dlp.names.model import MODEL_SHA256, REMEDY, ModelError, NameModel, find, load
from dlp.names.strangers import Strangers
from dlp.names.unite import united

__all__ = [
    "CUES",
    "MODEL_SHA256",
    "REMEDY",
    "ModelError",
    "NameModel",
    "Strangers",
    "find",
    "find_forms",
    "load",
    "united",
]
