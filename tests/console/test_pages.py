"""The console's page, as it is sent; what it does is shown by ``test_browser.py``."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from gateway.console.pages import PLACES, Pages
from tests.support.console_bench import ConsoleBench


@pytest.mark.parametrize("place", PLACES)
async def test_the_page_lets_nothing_run_but_its_own_script(
    bench: ConsoleBench, place: str
) -> None:
    reply = await bench.person().get(place)
    policy = dict(part.strip().partition(" ")[::2] for part in _policy(reply.headers).split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["trusted-types"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in _policy(reply.headers)


async def test_what_is_no_page_keeps_the_policy_under_which_nothing_loads(
    bench: ConsoleBench,
) -> None:
    reply = await bench.person().get("/v1/session")
    assert _policy(reply.headers) == "default-src 'none'; frame-ancestors 'none'"


async def test_the_page_is_the_same_for_everybody(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    for place in PLACES:
        assert (await anna.get(place)).data == (await bench.person().get(place)).data


async def test_the_page_has_nothing_of_its_own_inline_and_nothing_of_others(
    bench: ConsoleBench,
) -> None:
    """The policy would refuse it, and the page be broken."""
    page = (await bench.person().get("/")).data
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", page)
    for place in PLACES:
        text = (await bench.person().get(place)).data.replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text, place


def test_the_provider_is_offered_where_there_is_one() -> None:
    assert "by-provider" in Pages(provider=True)._texts["/"]
    assert "by-provider" not in Pages(provider=False)._texts["/"]


def _policy(headers: Mapping[str, str]) -> str:
    return headers["Content-Security-Policy"]
