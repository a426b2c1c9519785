"""Mail of the site's own people is no PHI by its headers; a patient's mailbox is."""

from __future__ import annotations

import io

import pytest
from pydantic import ValidationError

from config.contracts import Contract, Rules
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.model import Category, Finding
from dlp.parse.eml import staff
from tests.support.inspecting import Inspected

DOMAINS = ("lakeside.example.com", "heart.example.org")
_RULES = Rules(staff_domains=DOMAINS, digest_key=b"k" * 32)


@pytest.fixture(scope="module")
def own() -> Detectors:
    return Detectors(_RULES)


def _mail(sender: str, to: str, text: str = "The schedule is attached.") -> bytes:
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: Schedule\r\nMIME-Version: 1.0\r\n"
    return f"{head}Date: Thu, 4 Jun 2026 10:00:00 -0400\r\n\r\n{text}\r\n".encode()


_HELEN = "Helen Marsh <hmarsh@lakeside.example.com>"


def _found(own: Detectors, contract: Contract, data: bytes) -> list[Finding]:
    report = inspect(io.BytesIO(data), "a", contract, _RULES, Budget(), detectors=own)
    return [finding for finding in report.findings if finding.confidence >= contract.confidence]


@pytest.mark.parametrize(
    "to",
    [
        "Omar Reyes <oreyes@heart.example.org>",
        '"Reyes, Omar" <oreyes@mail.heart.example.org>, Priya Nair <p.nair@LAKESIDE.example.com>',
        "oreyes@heart.example.org",
    ],
)
def test_staff_may_write_to_staff(own: Detectors, contracts: dict[str, Contract], to: str) -> None:
    assert _found(own, contracts["no-phi"], _mail(_HELEN, to)) == []


def test_who_sends_may_sign(own: Detectors, contracts: dict[str, Contract]) -> None:
    data = _mail(_HELEN, "claims@heart.example.org", "Thanks,\r\nHelen Marsh")
    assert _found(own, contracts["no-phi"], data) == []


@pytest.mark.parametrize(
    "to",
    [
        "Rosalind Achterberg <ra@mail.example.net>",
        "Rosalind Achterberg <r@alakeside.example.com>",
    ],
)
def test_anybody_elses_mailbox_is_a_persons(
    own: Detectors, contracts: dict[str, Contract], to: str
) -> None:
    found = _found(own, contracts["no-phi"], _mail(_HELEN, to))
    assert {f.category for f in found} >= {Category.NAME, Category.EMAIL}


def test_without_a_list_everybody_is_somebody(inspected: Inspected) -> None:
    report, _ = inspected(_mail(_HELEN, "claims@heart.example.org"))
    assert Category.NAME in {finding.category for finding in report.findings}


def test_a_mails_own_date_is_nobody(inspected: Inspected) -> None:
    report, _ = inspected(_mail("billing@heart.example.org", "claims@heart.example.org"))
    assert not [finding for finding in report.findings if finding.where == "header Date"]


def test_a_number_in_front_of_a_mailbox_stays() -> None:
    said = staff.told("to", "SSN 412-55-7731 <a@heart.example.org>", DOMAINS)
    assert said == staff.Staff((), "SSN 412-55-7731")


def test_other_fields_are_read_whole() -> None:
    assert staff.told("subject", _HELEN, DOMAINS).rest == _HELEN


@pytest.mark.parametrize("domain", ["com", "a b.com", "@a.com", ""])
def test_a_domain_is_one(domain: str) -> None:
    with pytest.raises(ValidationError):
        Rules(staff_domains=(domain,))
