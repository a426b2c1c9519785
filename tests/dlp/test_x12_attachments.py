"""Documents inside a 275 are members of their own, and service types are codes."""

from __future__ import annotations

import base64
import io

import pytest

from dlp.budget import Budget, Meter
from dlp.content import Content, Item
from dlp.model import Category, Label, Obstacle, Uninspectable
from dlp.parse import x12
from dlp.parse.x12 import framing
from dlp.parse.x12.bulk import shipped
from dlp.unpack.entry import Entry
from tests.support.x12_passages import slow_passages

ISA = (
    "ISA*00*          *00*          *ZZ*A              *ZZ*B              "
    "*250314*1253*^*00501*000000905*0*T*:~"
)


def interchange(number: str, guide: str, body: bytes) -> bytes:
    head = f"{ISA}GS*X*A*B*20250314*1253*1*X*{guide}~ST*{number}*1~".encode()
    return head + body + b"SE*1*1~GE*1*1~IEA*1*000000905~"


def items(body: bytes) -> list[Item]:
    data = interchange("275", "006020X314", b"LX*1~" + body)
    return list(x12.parse(Content(io.BytesIO(data), "", "x12"), Meter(Budget()), met=set()))


def documents(body: bytes) -> list[bytes]:
    found = [item for item in items(body) if isinstance(item, Entry)]
    assert [entry.ordinal for entry in found] == list(range(1, len(found) + 1))
    assert all(entry.kind == "attachment" for entry in found)
    return [entry.source.read() for entry in found if entry.source]


def bds(coding: bytes, payload: bytes) -> bytes:
    return b"BDS*%b*%d*%b~" % (coding, len(payload), payload)


def test_a_text_is_given_whatever_marks_it_holds() -> None:
    assert documents(b"BIN*13*<a>~NTE*x</a>~") == [b"<a>~NTE*x</a>"]


@pytest.mark.parametrize("lines", [False, True])
def test_base64_is_taken_off(lines: bool) -> None:
    document = bytes(range(256))
    encode = base64.encodebytes if lines else base64.b64encode
    assert documents(bds(b"B64", encode(document))) == [document]


def test_what_is_no_base64_is_given_as_it_is() -> None:
    assert documents(bds(b"B64", b"Jane Doe, 12 Elm Street")) == [b"Jane Doe, 12 Elm Street"]


def test_attachments_are_counted() -> None:
    assert documents(bds(b"ASC", b"one") + bds(b"ASC", b"two")) == [b"one", b"two"]


def test_a_document_too_large_to_hold_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "LONGEST_BINARY", 10)
    found = [item for item in items(bds(b"ASC", b"x" * 11)) if isinstance(item, Uninspectable)]
    assert [item.obstacle for item in found] == [Obstacle.TOO_LARGE]
    assert found[0].where == "275 ST#1 LX#1 BDS#1-03"


@pytest.mark.parametrize(
    ("number", "guide", "segment"),
    [("271", "005010X279A1", b"EB*1**30^MH~"), ("270", "005010X279A1", b"EQ*30^MH~")],
)
def test_service_types_are_codes_with_their_protected_classes(
    number: str, guide: str, segment: bytes
) -> None:
    body = b"HL*1**22*0~NM1*IL*1*LARK*ANNA~" + segment
    codes = {
        passage.text: shipped().labels(passage.part, passage.text)
        for passage in slow_passages(interchange(number, guide, body))
        if passage.category is Category.PROCEDURE
    }
    assert codes == {"30": (), "MH": (Label.MENTAL_HEALTH,)}


def test_prose_among_service_types_is_a_fault() -> None:
    body = b"HL*1**22*0~NM1*IL*1*LARK*ANNA~EB*1**30^SHE HAS HIV~"
    found = [p for p in slow_passages(interchange("271", "005010X279A1", body)) if p.fault]
    assert "SHE HAS HIV" in [passage.text for passage in found]


def test_two_words_in_the_version_of_a_group_are_a_fault() -> None:
    found = list(slow_passages(interchange("271", "JANE DOE", b"HL*1**22*0~")))
    assert "JANE DOE" in [passage.text for passage in found if passage.fault]


def test_old_procedures_are_of_their_own_system() -> None:
    body = b"HL*1**22*0~NM1*IL*1*LARK*ANNA~CLM*A1*5~HI*BR:9445:D8:20240101~"
    parts = {p.text: p.part for p in slow_passages(interchange("837", "005010X223A2", body))}
    assert parts["9445"] == "icd9pcs"


def test_the_list_of_what_a_plan_covers_says_nothing_of_a_person() -> None:
    body = b"HL*1**22*0~NM1*IL*1*LARK*ANNA~EB*1**1^33^35^47^86^88^98^AL^MH^UC~"
    found = slow_passages(interchange("271", "005010X279A1", body))
    assert Category.PROCEDURE not in {passage.category for passage in found}
