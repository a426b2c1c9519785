"""XML of any make: text that elements interrupt, tables and values in parts."""

from __future__ import annotations

import pytest

from config.contracts import Action
from dlp.model import Category
from tests.support.inspecting import Inspected


def _xml(body: str) -> bytes:
    return f'<?xml version="1.0"?>\n<export><batch id="4">{body}</batch></export>'.encode()


def _found(inspected: Inspected, data: bytes) -> set[Category]:
    report, _ = inspected(data, name="x.xml")
    return {finding.category for finding in report.findings if finding.confidence > 0.5}


@pytest.mark.parametrize(
    ("body", "category"),
    [
        ("<p>SSN <b>536</b>-<b>22</b>-8714</p>", Category.SSN),
        ("<p>SSN: <em>536228714</em></p>", Category.SSN),
        ("<p>SSN<br/>536228714</p>", Category.SSN),
        ("<p>Seen: <b>Marisol</b> <i>Quintero</i>, well</p>", Category.NAME),
        ("<p>Seen: Marisol<br/>Quintero, well</p>", Category.NAME),
        ("<p>Call (614) <b>555-0142</b></p>", Category.PHONE),
        ("<table><tr><th>Amount</th><th>SSN</th></tr><tr><td>1</td><td>536228714</td></tr></table>",
         Category.SSN),
        ("<Row><Cell><Data>SSN</Data></Cell></Row><Row><Cell><Data>536228714</Data></Cell></Row>",
         Category.SSN),
        ("<dict><key>ssn</key><string>536228714</string></dict>", Category.SSN),
        ("<BirthDate><Year>1961</Year><Month>03</Month><Day>04</Day></BirthDate>",
         Category.BIRTH_DATE),
        ('<birth year="1961" month="3" day="4"/>', Category.BIRTH_DATE),
        ("<ssn><area>536</area><group>22</group><serial>8714</serial></ssn>", Category.SSN),
        ("<dl><dt>SSN</dt><dd>536228714</dd></dl>", Category.SSN),
    ],
)  # fmt: skip
def test_a_value_in_pieces_or_cells_is_found(
    inspected: Inspected, body: str, category: Category
) -> None:
    assert category in _found(inspected, _xml(body))


@pytest.mark.parametrize(
    "body",
    [
        "<a>536</a><a>22</a><a>8714</a>",
        "<p>The <b>claims</b> system was <i>updated</i>.</p>",
        "<dict><key>ssn</key><true/><key>count</key><integer>536228714</integer></dict>",
        "<released><Year>2026</Year><Month>11</Month><Day>30</Day></released>",
        "<tr><th>Code</th><th>Fee</th></tr><tr><td>99213</td><td>110.00</td></tr>",
    ],
)
def test_what_stands_apart_stays_apart(inspected: Inspected, body: str) -> None:
    _, verdict = inspected(_xml(body), name="x.xml")
    assert verdict.action is Action.RELEASE


def test_a_value_in_one_piece_of_a_text_has_its_own_bytes(inspected: Inspected) -> None:
    data = _xml("<p>Known as <b>SSN 536-22-8714</b> since</p>")
    report, _ = inspected(data, name="x.xml")
    places = {data[f.offset : f.offset + (f.length or 0)] for f in report.findings if f.offset}
    assert b"536-22-8714" in places
