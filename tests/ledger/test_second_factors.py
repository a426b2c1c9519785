"""Second factors on each database: each code once, whatever is asked at once, and none guessed."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from config.operations import Role
from config.settings import Limits
from gateway.directory import Directory
from gateway.directory_types import DirectoryError, UnknownEntryError
from gateway.second_factors import FactorState, SecondFactors
from gateway.throttle import Throttle, of_account
from keys.totp import code_at, step_at
from transports.ports import TooManyAttemptsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.ledger.conftest import Bench

ME = "person:dana"


class Keys:
    def derive(self, purpose: bytes) -> bytes:
        return purpose.ljust(32, b"-")[:32]


class Person:
    """Somebody with an app."""

    def __init__(self, bench: Bench) -> None:
        Directory(bench.database, bench.clock).add_account("dana", "", {Role.APPROVER}, ME)
        limits = Limits(free_failures=3, lock_account_after=6)
        self.throttle = Throttle(bench.database, limits, bench.clock)
        self.factors = SecondFactors(bench.database, Keys(), self.throttle, bench.clock)
        self._clock = bench.clock
        self.uri = self.factors.enrol("dana", "Lazaretto test", ME)
        query = parse_qs(urlsplit(self.uri).query)
        self.secret = base64.b32decode(query["secret"][0])

    def code(self, steps: int = 0) -> str:
        return code_at(self.secret, step_at(self._clock()) + steps)

    def confirm(self) -> Sequence[str]:
        codes = self.factors.confirm("dana", self.code(), ME)
        self._clock.move(30)
        return codes


@pytest.fixture
def dana(bench: Bench) -> Person:
    return Person(bench)


def test_it_counts_once_a_code_confirmed_it(dana: Person) -> None:
    assert dana.uri.startswith("otpauth://totp/Lazaretto%20test:dana?")
    assert not dana.factors.check("dana", dana.code())
    assert dana.factors.state("dana") == FactorState(confirmed=False, codes=0)
    with pytest.raises(DirectoryError, match="doesn't fit"):
        dana.factors.confirm("dana", "000000", ME)
    dana.confirm()
    assert dana.factors.check("dana", dana.code())
    assert dana.factors.state("dana") == FactorState(confirmed=True, codes=10)


def test_a_code_is_good_once_even_if_two_ask_at_once(dana: Person) -> None:
    dana.confirm()
    code = dana.code()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _n: dana.factors.check("dana", code), range(3)))
    assert sorted(answers) == [False, False, True]


def test_the_code_that_confirmed_it_opens_nothing(dana: Person) -> None:
    code = dana.code()
    dana.factors.confirm("dana", code, ME)
    assert not dana.factors.check("dana", code)


def test_a_recovery_code_is_good_once_and_on_the_log(dana: Person, bench: Bench) -> None:
    first, second, *_ = dana.confirm()
    assert dana.factors.check("dana", first.upper())
    assert not dana.factors.check("dana", first)
    assert dana.factors.check("dana", second)
    assert dana.factors.state("dana").codes == 8
    with bench.database.read() as connection:
        bodies = connection.exec_driver_sql("SELECT body FROM events").scalars().all()
    used = [body for body in bodies if "recovery-code-used" in body]
    assert len(used) == 2
    assert all('"actor":"account:dana"' in body for body in used)
    assert bench.verify().ok


def test_new_recovery_codes_end_the_former(dana: Person) -> None:
    former, *_ = dana.confirm()
    fresh, *_ = dana.factors.recovery("dana", ME)
    assert not dana.factors.check("dana", former)
    assert dana.factors.check("dana", fresh)


def test_recovery_codes_of_an_earlier_enrolment_open_nothing_before_the_new_one_is_confirmed(
    dana: Person,
) -> None:
    """A code made before the second factor was in force must never be a way around it."""
    with pytest.raises(DirectoryError, match="no second factor"):
        dana.factors.recovery("dana", ME)
    codes = dana.confirm()
    dana.factors.reset("dana", ME)
    dana.factors.enrol("dana", "x", ME)
    assert not any(dana.factors.check("dana", code) for code in codes[:3])


def test_what_is_in_force_is_not_replaced_without_a_reset(dana: Person) -> None:
    dana.confirm()
    with pytest.raises(DirectoryError, match="take it away first"):
        dana.factors.enrol("dana", "x", ME)
    dana.factors.reset("dana", ME)
    with pytest.raises(DirectoryError, match="no second factor"):
        dana.factors.reset("dana", ME)


@pytest.mark.parametrize("name", ["nobody", "no/name", "\ud800"])
def test_an_account_that_is_not_there_has_none(dana: Person, name: str) -> None:
    assert not dana.factors.check(name, dana.code())
    assert dana.factors.state(name) == FactorState(confirmed=False, codes=0)
    with pytest.raises(UnknownEntryError):
        dana.factors.enrol(name, "x", ME)


def test_codes_are_not_to_be_guessed_even_by_who_knows_the_password(
    dana: Person, bench: Bench
) -> None:
    dana.confirm()
    for _ in range(4):
        assert not dana.factors.check("dana", "000000")
        # Whoever knows the password logs in with it meanwhile, which wipes its slate.
        dana.throttle.succeeded(of_account("dana"), "")
    with pytest.raises(TooManyAttemptsError):
        dana.factors.check("dana", dana.code())
    for _ in range(2):
        bench.clock.move(10)
        assert not dana.factors.check("dana", "000000")
    bench.clock.move(60)
    with pytest.raises(TooManyAttemptsError):
        dana.factors.check("dana", dana.code())
    with bench.database.read() as connection:
        bodies = connection.exec_driver_sql("SELECT body FROM events").scalars().all()
    (locked,) = (body for body in bodies if '"kind":"login.locked"' in body)
    assert '"what":"codes"' in locked
    assert dana.secret.hex() not in repr(dana.factors)


@pytest.mark.parametrize("meanwhile", ["begun anew", "taken away"])
def test_a_code_puts_nothing_in_force_but_what_it_was_of(
    dana: Person, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    settle = dana.throttle.succeeded

    def and_meanwhile(subject: str, address: str) -> None:
        settle(subject, address)
        if meanwhile == "begun anew":
            dana.factors.enrol("dana", "Lazaretto test", ME)
        else:
            dana.factors.reset("dana", ME)

    monkeypatch.setattr(dana.throttle, "succeeded", and_meanwhile)
    with pytest.raises(DirectoryError, match="meanwhile"):
        dana.confirm()
    assert dana.factors.state("dana") == FactorState(confirmed=False, codes=0)
