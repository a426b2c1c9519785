"""The console's page in a real browser, used as a person would."""

from __future__ import annotations

import json
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keys.site import generate_tls
from tests.support.browser import PROGRAM, Browser
from tests.support.code_app import enrolled
from tests.support.console_bench import PASSWORD, ConsoleBench, plain_settings, with_provider
from tests.support.oidc_provider import PASSWORD as THEIRS
from tests.support.provider_process import ProviderProcess

pytestmark = pytest.mark.skipif(not PROGRAM, reason="there is no Chromium here")
MARKUP = "<img src=x onerror=\"document.body.append('it ran')\">"


@pytest.fixture
async def bench(tmp_path: Path, books: Path) -> AsyncIterator[ConsoleBench]:
    """One that a browser takes for the site that it says it is."""
    shutil.copy(books, tmp_path)
    console = ConsoleBench(tmp_path, plain_settings())
    await console.start(_tls(tmp_path))
    yield console
    await console.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    one = Browser()
    try:
        await one.start()
        yield one
    finally:
        await one.close()


def _tls(root: Path) -> ssl.SSLContext:
    certificate, key = generate_tls("localhost", ["localhost"])
    (root / "tls.crt").write_bytes(certificate)
    (root / "tls.key").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(root / "tls.crt", root / "tls.key")
    return context


async def test_an_approver_registers_a_passkey_signs_in_by_it_and_releases(
    bench: ConsoleBench, browser: Browser
) -> None:
    app, held = enrolled(bench, "approver"), bench.held()
    await browser.call("Page.navigate", url=bench.party.origin)
    await browser.shows("Sign in")
    await browser.fill("account", "approver")
    await browser.fill("password", PASSWORD)
    await browser.press("Sign in")
    await browser.fill("code", app.code())
    await browser.press("Prove it")
    await browser.shows("Held files")
    await browser.press("Your account")
    await browser.fill("passkey-name", "telephone")
    await browser.press("Add a passkey")
    await browser.until("document.body.innerText.includes('telephone, added')")
    await browser.press("Sign out")
    await browser.until("document.body.innerText.includes('You are signed out')")
    await browser.press("Sign in with a passkey")
    await browser.press("Held files")
    await browser.press(held)
    await browser.fill("decision", "checked with the sender")
    await browser.press("Release")
    await browser.shows(f"Transfer {held}")
    await browser.press("Release")
    await browser.until(f"document.body.innerText.includes('{held} is released')")
    assert (bench.log()[-1]["kind"], bench.log()[-1]["actor"]) == (
        "hold.released",
        "person:approver",
    )
    assert browser.faults == []


async def test_who_comes_back_from_the_provider_is_signed_in(
    tmp_path: Path, books: Path, provider: ProviderProcess, browser: Browser
) -> None:
    """From another site, so without any Strict cookie: only a real browser shows that it works."""
    shutil.copy(books, tmp_path)
    bench = ConsoleBench(tmp_path, with_provider(provider.issuer))
    await bench.start(_tls(tmp_path))
    bench.bind("auditor", "subject-of-anna")
    try:
        await browser.call("Page.navigate", url=bench.party.origin)
        await browser.press("Sign in with the identity provider")
        await browser.until("document.forms[0]?.user")
        await browser.value("document.forms[0].user.value = 'anna'")
        await browser.value(f"document.forms[0].password.value = {json.dumps(THEIRS)}")
        await browser.value("document.forms[0].submit()")
        await browser.shows("Held files")
        assert await browser.value("document.getElementById('who').textContent") == "auditor"
    finally:
        await bench.close()


async def test_what_partners_wrote_is_shown_as_text_and_never_run(
    bench: ConsoleBench, browser: Browser
) -> None:
    held = bench.held(MARKUP)
    await browser.call("Page.navigate", url=f"{bench.party.origin}/#/transfers/{held}")
    await browser.fill("account", "auditor")
    await browser.fill("password", PASSWORD)
    await browser.press("Sign in")
    await browser.shows(f"Transfer {held}")
    shown = await browser.value("document.querySelector('main').innerText")
    assert MARKUP in shown
    assert "it ran" not in await browser.value("document.body.lastChild.textContent")
    assert await browser.value("document.querySelectorAll('img').length") == 0


async def test_it_fits_a_telephone_and_names_every_control(
    bench: ConsoleBench, browser: Browser
) -> None:
    held = bench.held()
    await browser.narrow(320)  # WCAG 2.2, 1.4.10
    await browser.call("Page.navigate", url=bench.party.origin)
    await browser.shows("Sign in")
    found = {"Sign in": await _flaws(browser)}
    await browser.fill("account", "auditor")
    await browser.fill("password", PASSWORD)
    await browser.press("Sign in")
    for place, heading in (
        ("#/holds", "Held files"), ("#/transfers", "Transfers"), ("#/account", "Your account"),
        (f"#/transfers/{held}", f"Transfer {held}"),
    ):  # fmt: skip
        await browser.value(f"location.hash = '{place}'")
        await browser.shows(heading)
        found[heading] = await _flaws(browser)
    assert found == dict.fromkeys(found, ([], 0))


async def _flaws(browser: Browser) -> tuple[list[str], int]:
    """Controls without a name, and by how many pixels the page is too wide."""
    wide = await browser.value("document.documentElement.scrollWidth - innerWidth")
    return await browser.nameless(), max(0, wide)


async def test_the_page_can_turn_no_text_into_markup_or_script(
    bench: ConsoleBench, browser: Browser
) -> None:
    await browser.call("Page.navigate", url=bench.party.origin)
    await browser.shows("Sign in")
    for attempt in ("document.body.innerHTML = '<p>'", "document.write('<p>')"):
        script = f"(() => {{ try {{ {attempt}; return 'done' }} catch (e) {{ return e.name }} }})()"
        assert await browser.value(script) == "TypeError", attempt
