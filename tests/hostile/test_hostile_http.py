"""HTTP as no honest client speaks it: refused, and nothing behind it taken for a request."""

from __future__ import annotations

import pytest

from tests.hostile.http_attempts import ATTEMPTS
from tests.hostile.http_client import HttpClient, request
from tests.hostile.http_floods import FLOODS, Act
from tests.hostile.target import Target


@pytest.mark.parametrize(
    ("sent", "expected"), [pytest.param(sent, e, id=name) for name, sent, e in ATTEMPTS]
)
def test_over_http(target: Target, sent: bytes, expected: str) -> None:
    with HttpClient(target.https) as client:
        client.send(sent.replace(b"PARCEL", target.parcel.encode()))
        assert client.said(head_only=sent.startswith(b"HEAD")) == expected
    assert "evil" not in [name for name, _ in target.strange()]
    assert target.strange() == [] or expected.startswith("201")


@pytest.mark.parametrize(("act", "expected"), [pytest.param(a, e, id=n) for n, a, e in FLOODS])
def test_http_flood(target: Target, act: Act, expected: str) -> None:
    assert act(target) == expected
    assert target.settled()["busy"] == 0
    assert target.strange() == []


@pytest.mark.parametrize("sent", [request(), request(host=b""), b"nonsense\r\n\r\n"])
def test_every_answer_has_the_security_headers(target: Target, sent: bytes) -> None:
    with HttpClient(target.https) as client:
        client.send(sent)
        answer = client.answer()
    assert answer
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["server"] == "Lazaretto"
    assert "set-cookie" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
