"""What a request's head may say: one thing, and to us."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports.https_head import LOOPBACK, Head, Served, check, loopback_of, served_or_address
from transports.https_names import names_in
from transports.https_problems import ProblemError

OURS = Served({"Edge.example", "*.wild.example", "::1"})
HEADERS = [(b"Host", b"edge.example")]


def status(headers: list[tuple[bytes, bytes]], target: str = "/", ours: object = OURS) -> int:
    try:
        check(Head((1, 1), target, headers), ours)  # type: ignore[arg-type]  # a test's
    except ProblemError as error:
        return error.status if error.ends else 0
    return 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"edge.example", 200), (b"EDGE.example:443", 200), (b"[::1]:8443", 200),
        (b"a.wild.example", 200), (b"a.b.wild.example", 421), (b"wild.example", 421),
        (b"edge.example.evil.example", 421), (b"127.0.0.1", 421), (b"edge.example:port", 400),
    ],
)  # fmt: skip
def test_a_host_is_ours_or_not(host: bytes, expected: int) -> None:
    assert status([(b"Host", host)]) == expected


def test_names_follow_the_certificate() -> None:
    ours = Served(["old.example"])
    ours.replace(["new.example"])
    assert status([(b"Host", b"old.example")], ours=ours) == 421
    assert status([(b"Host", b"new.example")], ours=ours) == 200


def test_ops_listeners_answer_to_addresses_and_to_no_name_of_another_site() -> None:
    ours = served_or_address(LOOPBACK)
    answers = [
        status([(b"Host", host)], ours=ours)
        for host in (b"localhost:9109", b"10.1.2.3:9109", b"[fe80::1]", b"rebound.evil.example")
    ]
    assert answers == [200, 200, 200, 421]


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("127.0.0.1", LOOPBACK), ("0.0.0.0", LOOPBACK), ("::", LOOPBACK), ("::1", LOOPBACK),
        ("localhost", LOOPBACK), ("10.0.0.7", frozenset()), ("edge.example", frozenset()),
    ],
)  # fmt: skip
def test_loopback_has_its_names_where_it_is_listened_on(host: str, names: frozenset[str]) -> None:
    assert loopback_of(host) == names


def test_the_names_of_a_certificate_are_its_own(server_certificate: tuple[Path, Path]) -> None:
    assert names_in(server_certificate[0]) == {"127.0.0.1"}


_FIELD = st.tuples(
    st.sampled_from([b"Host", b"Content-Length", b"Transfer-Encoding", b"X"]) | st.binary(),
    st.sampled_from([b"edge.example", b"chunked", b"0", b"1, 1"]) | st.binary(),
)


@given(st.lists(_FIELD), st.text(max_size=50))
def test_any_head_passes_or_is_refused_and_what_passes_is_framed_once(
    headers: list[tuple[bytes, bytes]], target: str
) -> None:
    if status(headers, target) == 200:
        framing = [
            name for name, _ in headers if name.lower() in (b"content-length", b"transfer-encoding")
        ]
        assert len(framing) <= 1
        assert target.startswith("/")
        assert [value for name, value in headers if name.lower() == b"host"]
