"""What programs and servers put in a mail's header holds no mail; what else stands there does."""

from __future__ import annotations

import pytest

from dlp.model import Category
from dlp.parse.eml import machines
from tests.support.inspecting import Inspected

_MACHINES = [
    (
        "Received: from mail.clinic.example ([40.107.243.45])\r\n by mx.payer.example"
        " (Postfix) with ESMTPS id 4VY1x23z4Rz9s; Mon, 6 May 2024 13:00:04 +0000 (UTC)"
    ),
    (
        "Received: from DM6PR01MB1234.prod.exchangelabs.com (2603:10b6:5:1a::12) by\r\n"
        " BN8PR01MB5678.prod.exchangelabs.com with HTTPS; Mon, 6 May 2024 13:00:05 +0000"
    ),
    (
        "X-Received: by 2002:a17:902:e5c9:b0:1ec:9d5e:5c9c with SMTP id u9-20mr84plf.12.17150;\r\n"
        " Mon, 06 May 2024 06:00:05 -0700 (PDT)"
    ),
    (
        "Received-SPF: pass (google.com: domain of desk@clinic.example designates 209.85.220.41\r\n"
        " as permitted sender) client-ip=209.85.220.41;"
    ),
    (
        "Authentication-Results: mx.google.com; dkim=pass header.i=@clinic.example \r\n"
        " header.s=google header.b=aBc1De2F; spf=pass (sender IP is 40.107.243.45)"
    ),
    (
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=clinic.example; s=google;\r\n"
        " t=1715000405; x=1715605205; darn=payer.example; h=to:subject:message-id:date:from\r\n"
        " :mime-version; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=abc123"
    ),
    "X-Forefront-Antispam-Report: CIP:40.107.243.45;CTRY:;LANG:en;SCL:1;CAT:NONE;DIR:OUT;",
    "x-ms-publictraffictype: Email",
    "X-MS-TNEF-Correlator: none",
    "X-MS-Exchange-CrossTenant-AuthSource: DM6PR01MB1234.prod.exchangelabs.com",
    "User-Agent: Mozilla Thunderbird",
    "X-Mailer: Apple Mail (2.3774.500.171.1.1)",
    "Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3774.500.171.1.1\\))",
    'Content-Type: text/html; charset="utf-8"',
    "Content-Type: text/plain; charset=UTF-8; format=flowed; delsp=yes",
]


def _mail(field: str, sender: str = "desk@clinic.example") -> bytes:
    head = f"From: {sender}\r\nTo: claims@payer.example\r\nSubject: Totals\r\n{field}\r\n"
    return f"{head}\r\nThe totals of May went up.\r\n".encode()


@pytest.mark.parametrize("field", _MACHINES)
def test_what_servers_and_programs_write_holds_no_mail(inspected: Inspected, field: str) -> None:
    report, verdict = inspected(_mail(field))
    assert verdict.action == "release", [f.where for f in report.findings]


def test_a_mail_that_bounced_is_from_nobody(inspected: Inspected) -> None:
    data = _mail("X-Loop: yes", "MAILER-DAEMON@mx.payer.example (Mail Delivery System)")
    assert inspected(data)[1].action == "release"


@pytest.mark.parametrize(
    "field",
    [
        "Received: from mail.clinic.example (SSN 236-45-6789) by mx.payer.example",
        "X-Mailer: MRN 7741983",
        "X-Mailer: Call 614-823-4471",
        "User-Agent: DOB 03/14/1962",
        "DKIM-Signature: v=1; s=236-45-6789; d=clinic.example",
        "X-MS-Exchange-Note: SSN 236-45-6789",
        'Content-Type: text/plain; charset=utf-8; name="SSN 236-45-6789"',
        "Content-Type: text/plain; charset=236-45-6789",
        "X-Forefront-Antispam-Report: 236-45-6789",
        "X-Patient-Rosalind-Achterberg: 1",
    ],
)
def test_what_else_stands_in_those_fields_is_read(inspected: Inspected, field: str) -> None:
    assert inspected(_mail(field))[1].action == "hold"


def test_a_field_of_signatures_too_long_for_one_is_left_whole() -> None:
    text = "d=clinic.example; " * 1_000
    assert machines.without("dkim-signature", text) == text


def test_a_number_in_a_field_of_ones_own_is_told_by_its_name(inspected: Inspected) -> None:
    report, _ = inspected(b"From: a\r\nX-SSN: 236458714\r\nMIME-Version: 1.0\r\n\r\nhi\r\n")
    assert Category.SSN in {finding.category for finding in report.findings}


def test_a_pages_own_name_of_a_part_is_nobodys_address(inspected: Inspected) -> None:
    place = b"cid:css-4f9b2c1d-8e7a-4b6c-9d0e-1f2a3b4c5d6e@mhtml.blink"
    data = b"From: a\r\nMIME-Version: 1.0\r\nContent-Location: " + place + b"\r\n\r\nhi\r\n"
    report, _ = inspected(data)
    assert Category.EMAIL not in {finding.category for finding in report.findings}
