"""The model itself: found, refused if it isn't the pinned one, run as its publisher runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.contracts import Rules
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.model import Carrier, Category, Passage
from dlp.names import ModelError, NameModel, find, load
from dlp.names.model import MOST_PIECES, Tag
from dlp.names.onnx_int8 import to_int8
from dlp.names.wordpiece import WordPiece

FOLDER = find()
pytestmark = pytest.mark.skipif(FOLDER is None, reason="the name model isn't installed")


@pytest.fixture(scope="module")
def model() -> NameModel:
    loaded = load()
    assert loaded is not None
    return loaded


@pytest.fixture(scope="module")
def reference() -> object:
    tokenizers = pytest.importorskip("tokenizers", reason="of the development tools")
    assert FOLDER is not None
    return tokenizers.Tokenizer.from_file(str(FOLDER / "tokenizer.json"))


def _tags(model: NameModel, text: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    words = model.wordpiece.words(text)
    return model.tag([piece for word in words for piece in word.pieces])


@settings(max_examples=300, deadline=None)
@given(
    # Beyond these, what is a letter differs between versions of Unicode.
    st.text(st.characters(max_codepoint=0x52F, exclude_categories=("Cs", "Cn", "Co")), max_size=80)
)
@example("Jos\u00e9 O'Brien-N\u00fa\u00f1ez, MD.")
@example("a\x00b \u200bc \u4e2d\u6587 ok \u0130stanbul \u00df \ufb01 \ud55c\uad6d x_y")
@example("x" * 101)
@example("e\u0301 \u0301")
def test_words_are_cut_as_the_publisher_s_tokenizer_cuts_them(
    model: NameModel, reference: object, text: str
) -> None:
    ours = [piece for word in model.wordpiece.words(text) for piece in word.pieces]

    assert ours == reference.encode(text, add_special_tokens=False).ids  # type: ignore[attr-defined]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.integers(0, 50), st.integers(0, 200))
def test_words_stand_in_order_inside_the_part_asked_for(text: str, start: int, end: int) -> None:
    last = min(start, len(text))
    for word in WordPiece({"a": 4, "##a": 5}).words(text, start, end):
        assert last <= word.start < word.end <= min(end, len(text))
        last = word.end


def test_names_and_addresses_are_tagged_by_their_parts(model: NameModel) -> None:
    tags = _tags(model, "John Smith 12 Oak St Springfield IL 62704").argmax(axis=1).tolist()

    assert tags[:4] == [Tag.GIVEN, Tag.SURNAME, Tag.BUILDING, Tag.STREET]
    assert tags[-1] == Tag.ZIP


def test_the_same_sentence_gives_the_same_answer_whatever_was_read_before(
    model: NameModel,
) -> None:
    first = _tags(model, "Spoke with Okafor about it")
    _tags(model, "WEIRD 99 !!! $$$ Zyxw " * 5)

    assert np.array_equal(first, _tags(model, "Spoke with Okafor about it"))


@pytest.mark.parametrize("size", [0, 1, MOST_PIECES, MOST_PIECES + 1, 2000])
def test_windows_of_any_size_are_run(model: NameModel, size: int) -> None:
    assert model.tag([7] * size).shape == (min(size, MOST_PIECES), len(Tag))


@pytest.mark.parametrize(
    "text",
    [
        "Pt Maria Gonzalez of 12 Oak St called her brother Tuan about the MRI of the knee",
        # Of these some names were lost where a processor's sums of products overflow.
        "A: 1. Asthma, stable. 2. Will see Zofia de la Cruz again in three months.",
        "spoke with tran, kwame m re: balance due, will pay friday.",
    ],
)
def test_eight_bit_weights_answer_as_the_publisher_s_four_bit_ones(
    model: NameModel, text: str
) -> None:
    ort = pytest.importorskip("onnxruntime")
    assert FOLDER is not None
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    original = ort.InferenceSession(
        (FOLDER / "onnx" / "model_q4.onnx").read_bytes(), options, ["CPUExecutionProvider"]
    )
    words = model.wordpiece.words(text)
    ids = np.array([[2, *(p for w in words for p in w.pieces), 3]], np.int64)
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    logits = original.run(None, {**inputs, "token_type_ids": np.zeros_like(ids)})[0][0, 1:-1]
    named = np.isin(logits.argmax(axis=-1), (1, 2, 3, 4))

    assert np.array_equal(named, _tags(model, text)[:, :2].sum(axis=1) > 0.5)


@pytest.mark.parametrize("signed", [False, True])
def test_conversion_leaves_no_four_bit_product(*, signed: bool) -> None:
    assert FOLDER is not None
    converted = to_int8((FOLDER / "onnx" / "model_q4.onnx").read_bytes(), signed=signed)

    assert b"MatMulNBits" not in converted
    assert b"DynamicQuantizeMatMul" in converted


@pytest.mark.parametrize("name", ["onnx/model_q4.onnx", "vocab.txt"])
def test_a_model_that_is_not_the_pinned_one_is_refused(tmp_path: Path, name: str) -> None:
    assert FOLDER is not None
    copy = tmp_path / "model"
    shutil.copytree(FOLDER, copy)
    with (copy / name).open("ab") as file:
        file.write(b"\n")

    with pytest.raises(ModelError, match="isn't the one"):
        load(copy)


def test_a_model_with_a_file_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be read"):
        load(tmp_path)


_ONE_THREAD = """
import os
from dlp.names import load
model = load()
model.tag([5, 6, 7])
print(len(os.listdir("/proc/self/task")))
"""


def test_the_runtime_starts_no_thread_to_report_to_its_maker() -> None:
    environment = {"PATH": os.environ.get("PATH", ""), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _ONE_THREAD],
        env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.strip() == "1"


_FORKED = """
import os, sys
from config.contracts import Rules
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.model import Carrier, Passage
detectors = Detectors(Rules())
child = os.fork()
if not child:
    found = detectors.find(Passage("Spoke with Chidi Okafor", "", Carrier.FREE_TEXT), Identities())
    os._exit(len(found))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_fork_of_a_process_with_the_model_finds_names() -> None:
    environment = {"PATH": os.environ.get("PATH", ""), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _FORKED],
        env=environment, cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip

    assert done.returncode == 1


def test_without_a_model_the_report_says_so_and_patterns_go_on() -> None:
    detectors = Detectors(Rules(), model=lambda: None)
    passage = Passage("Spoke with Mrs. Kowalski", "here", Carrier.FREE_TEXT)

    assert detectors.notes
    assert [m.category for m in detectors.find(passage, Identities())] == [Category.NAME]


def test_with_a_model_nothing_is_noted() -> None:
    assert Detectors(Rules()).notes == ()
