"""An authenticator app, as far as a console's tests need one."""

from __future__ import annotations

from base64 import b32decode
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from keys.totp import code_at, step_at
from tests.support.console_bench import ConsoleBench, Person


class App:
    """An authenticator app that scanned a URI."""

    def __init__(self, bench: ConsoleBench, uri: str) -> None:
        self._bench = bench
        text = parse_qs(urlsplit(uri).query)["secret"][0]
        self._secret = b32decode(text + "=" * (-len(text) % 8))

    def code(self) -> str:
        """The next code, half a minute later."""
        self._bench.clock.ahead += timedelta(seconds=30)
        return code_at(self._secret, step_at(self._bench.clock()))


def enrolled(bench: ConsoleBench, account: str) -> App:
    """By an administrator's hand."""
    app = App(bench, bench.codes.enrol(account, "Lazaretto", "system"))
    bench.codes.confirm(account, app.code(), "system")
    return app


async def prove(person: Person, code: str) -> int:
    """The status of proving a second factor by it."""
    return (await person.post("/v1/session/factor/code", {"code": code})).status
