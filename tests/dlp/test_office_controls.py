"""What a form in a document holds is told by what its field is called."""

from __future__ import annotations

import pytest

from dlp.model import Category, Passage
from dlp.parse.office import parse
from tests.support.office_files import package, paragraph, run, word
from tests.support.reading import read

_SSN = "236458714"


def _told(data: bytes) -> list[tuple[Category, str]]:
    said = (item for item in read(parse, data) if isinstance(item, Passage) and item.category)
    return [(item.category, item.text) for item in said if item.category]


def _control(label: str, content: str, more: str = "") -> str:
    return (
        f'<w:sdt><w:sdtPr><w:alias w:val="{label}"/>{more}</w:sdtPr>'
        f"<w:sdtContent>{content}</w:sdtContent></w:sdt>"
    )


def _field(name: str, default: str, result: str) -> str:
    def mark(kind: str, inside: str = "") -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}">{inside}</w:fldChar></w:r>'

    data = (
        f'<w:ffData><w:name w:val="{name}"/><w:textInput><w:default w:val="{default}"/>'
        "</w:textInput></w:ffData>"
    )
    return paragraph(mark("begin", data), mark("separate"), run(result), mark("end"))


@pytest.mark.parametrize(
    "body",
    [
        paragraph(_control("SSN", run(_SSN))),
        _control("SSN", paragraph(run(_SSN[:4]), run(_SSN[4:]))),
        paragraph(_control("Form", _control("SSN", run(_SSN)))),
        _field("SSN", _SSN, "x"),
        _field("SSN", "", _SSN),
        paragraph(f'<w:docVar w:name="PatientSSN" w:val="{_SSN}"/>'),
    ],
)
def test_a_number_in_a_field_is_told_by_its_name(body: str) -> None:
    assert _told(word(body)) == [(Category.SSN, _SSN)]


def test_the_day_behind_a_date_control_is_told() -> None:
    day = "1961-03-14T00:00:00Z"
    date = f'<w:date w:fullDate="{day}"/>'
    body = paragraph(_control("DOB", run("spring"), date))
    assert _told(word(body)) == [(Category.BIRTH_DATE, day)]


def test_a_custom_property_is_told_by_its_name() -> None:
    said = f'<Properties><property name="SSN"><i4>{_SSN}</i4></property></Properties>'
    assert _told(package({"docProps/custom.xml": said})) == [(Category.SSN, _SSN)]


@pytest.mark.parametrize("prompt", ["Click or tap here to enter text.", "Choose an item", ""])
@pytest.mark.parametrize("label", ["First Name", "Patient Name", "DOB"])
def test_a_prompt_is_nobodys(label: str, prompt: str) -> None:
    assert _told(word(paragraph(_control(label, run(prompt))))) == []


def test_text_behind_a_field_is_not_its_answer() -> None:
    assert _told(word(_field("SSN", "", "x") + paragraph(run(_SSN)))) == []
