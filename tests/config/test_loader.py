from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from config.faults import ConfigError, Fault
from config.loader import check, dotted, read_file, read_yaml


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int
    words: tuple[str, ...] = ()


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    inner: Inner
    by_name: dict[str, Inner] = {}
    flag: bool = False


def faults(text: str) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        check(Outer, read_yaml("f.yaml", text))
    return caught.value.faults


def test_every_fault_of_a_document_is_reported_with_its_line() -> None:
    found = faults("inner:\n  size: x\n  wrods: [a]\nflag: perhaps\nnope: 1\n")
    assert [(fault.line, fault.path) for fault in found] == [
        (2, "inner.size"),
        (3, "inner.wrods"),
        (4, "flag"),
        (5, "nope"),
    ]


def test_an_unknown_key_is_answered_with_the_nearest_known_one() -> None:
    (fault,) = faults("inner: {size: 1, wrods: [a]}")
    assert fault.fix == "did you mean 'words'?"


def test_an_unknown_key_inside_a_named_entry_knows_that_entrys_keys() -> None:
    (fault,) = faults("inner: {size: 1}\nby_name:\n  one: {size: 1, sise: 2}")
    assert (fault.path, fault.fix) == ("by_name.one.sise", "did you mean 'size'?")


def test_a_missing_key_is_named_at_the_map_that_lacks_it() -> None:
    (fault,) = faults("flag: true\ninner:\n  words: [a]\n")
    assert (fault.line, fault.path, fault.problem) == (2, "inner.size", "is missing")


def test_a_key_that_stands_twice_is_reported_with_both_lines_and_beside_other_faults() -> None:
    found = faults("inner:\n  size: 1\n  size: 2\nnope: 1\n")
    assert [fault.path for fault in found] == ["inner.size", "nope"]
    assert found[0].line == 3
    assert "line 2" in found[0].problem


def test_broken_yaml_is_reported_with_its_line() -> None:
    (fault,) = faults("inner:\n  size: 1\n bad: [\n")
    assert fault.line >= 3
    assert fault.problem.startswith("not YAML")


def test_a_tab_is_called_a_tab() -> None:
    (fault,) = faults("inner:\n\tsize: 1\n")
    assert "tab" in fault.problem


@pytest.mark.parametrize(
    "text", ["a: &x [1]\nb: *x\n", "a: !!python/name:os.system x\n", "a: 1\n---\nb: 2\n"]
)
def test_aliases_tags_and_second_documents_are_refused(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize("word", ["no", "off", "12:30", "2024-01-31", "0x10", "1_000"])
def test_words_that_yaml_1_1_turns_into_something_else_stay_words(word: str) -> None:
    assert read_yaml("f", f"a: {word}").data == {"a": word}


def test_an_empty_document_is_an_empty_map() -> None:
    class Empty(BaseModel):
        pass

    assert check(Empty, read_yaml("f", "# nothing\n")) == Empty()


def test_a_file_that_is_missing_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_file(tmp_path / "absent.yaml")


def test_bytes_that_are_not_utf8_are_reported_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    assert caught.value.faults[0].line == 2


def test_a_value_is_never_repeated_in_a_fault() -> None:
    (fault,) = faults("inner: {size: SECRET-VALUE}")
    assert "SECRET-VALUE" not in str(fault)


def test_a_path_reads_as_one_writes_it() -> None:
    assert dotted(("routes", "a", 0, "b")) == "routes.a[0].b"


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_any_text_gives_a_document_or_a_config_error(text: str) -> None:
    with contextlib.suppress(ConfigError):
        read_yaml("f", text)


def test_nesting_without_end_is_refused() -> None:
    (fault,) = faults("a: " + "[" * 100_000)
    assert "deep" in fault.problem
