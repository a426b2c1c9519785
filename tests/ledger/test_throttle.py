"""Failed logins are counted in the database: the same on each, and for all processes together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from config.settings import Limits
from gateway.store.database import open_database
from gateway.throttle import Throttle, of_account, of_address, of_code, of_name

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench

DANA = of_account("dana")
HOST = "192.0.2.7"
LIMITS = Limits(
    free_failures=2, lock_account_after=6, longest_delay_seconds=4.0,
    address_free_failures=1_000, lock_minutes=10, forget_hours=1,
)  # fmt: skip


@pytest.fixture
def throttle(bench: Bench) -> Throttle:
    return Throttle(bench.database, LIMITS, bench.clock)


def fail(throttle: Throttle, subject: str = DANA, address: str = HOST) -> float:
    left = throttle.charge(subject, address)
    if not left:
        throttle.failed(subject, address)
    return left


def events(bench: Bench, kind: str) -> list[str]:
    with bench.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT body FROM events ORDER BY seq").scalars()
        return [body for body in rows if f'"kind":"{kind}"' in body]


def test_the_wait_doubles_from_the_first_failure_that_is_not_free(
    throttle: Throttle, bench: Bench
) -> None:
    waits: list[float] = []
    for _ in range(5):
        assert fail(throttle) == 0
        waits.append(throttle.charge(DANA, HOST) if len(waits) >= 2 else 0)
        bench.clock.move(10)
    # The third failure is the first that isn't free; 4 s is the longest.
    assert waits == [0, 0, 1.0, 2.0, 4.0]


def test_at_the_limit_an_account_is_locked_and_the_log_says_so_once(
    throttle: Throttle, bench: Bench
) -> None:
    for _ in range(LIMITS.lock_account_after):
        assert fail(throttle) == 0
        bench.clock.move(5)
    assert fail(throttle) == pytest.approx(595)
    (event,) = events(bench, "login.locked")
    assert '"facts":{"account":"dana","failures":6,"minutes":10,"what":"passwords"}' in event
    bench.clock.move(595)
    assert fail(throttle) == 0, "a lock runs out"
    assert len(events(bench, "login.locked")) == 1
    assert bench.verify().ok


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_each_lock_is_told_once_by_its_kind_and_by_no_name(bench: Bench) -> None:
    told: list[str] = []
    limits = Limits(free_failures=9, lock_account_after=2, lock_address_after=6)
    throttle = Throttle(bench.database, limits, bench.clock, told.append)
    for subject in (DANA, of_code("dana"), of_name("dave")):
        for _ in range(2):
            fail(throttle, subject)
    assert told == ["account", "code", "address", "name"]


def test_a_person_lifts_a_lock_on_the_log(throttle: Throttle, bench: Bench) -> None:
    for _ in range(LIMITS.lock_account_after):
        fail(throttle)
        bench.clock.move(5)
    assert [lock.subject for lock in throttle.locks()] == [DANA]
    assert throttle.unlock([DANA], "person:dana")
    assert throttle.locks() == []
    assert fail(throttle) == 0
    assert len(events(bench, "login.unlocked")) == 1
    assert not throttle.unlock([of_account("other")], "person:dana")


def test_names_that_no_account_has_wait_the_same_and_never_fill_table_or_log(
    throttle: Throttle, bench: Bench
) -> None:
    for _ in range(3):
        assert fail(throttle, of_name("hunter2")) == 0
    assert fail(throttle, of_name("hunter2")) == 1.0
    bench.clock.move(300)
    for _ in range(20):
        fail(throttle, of_name("hunter2"))
        bench.clock.move(300)
    assert events(bench, "login.locked") == []
    assert "hunter2" not in of_name("hunter2")
    assert len(of_name("hunter2")) == len("name:") + 4, "65,536 rows at most"


def test_an_address_counts_over_accounts_and_a_success_takes_back_its_own_failure_alone(
    bench: Bench,
) -> None:
    limits = LIMITS.model_copy(update={"address_free_failures": 3})
    throttle = Throttle(bench.database, limits, bench.clock)
    for name in ("a", "b"):
        assert fail(throttle, of_account(name)) == 0
    assert throttle.charge(of_account("mine"), HOST) == 0
    throttle.succeeded(of_account("mine"), HOST)
    for name in ("c", "d"):
        assert fail(throttle, of_account(name)) == 0
    assert throttle.wait(HOST) == 1.0
    assert throttle.charge(of_account("e"), HOST) == 1.0
    assert throttle.charge(of_account("e"), "192.0.2.8") == 0


def test_an_exempt_network_is_never_made_to_wait_but_its_accounts_are(bench: Bench) -> None:
    limits = LIMITS.model_copy(
        update={"address_free_failures": 0, "exempt_networks": ("192.0.2.0/24",)}
    )
    throttle = Throttle(bench.database, limits, bench.clock)
    for _ in range(3):
        assert fail(throttle) == 0
    assert throttle.wait(HOST) == 0
    assert fail(throttle) == 1.0


def test_failures_are_forgotten_and_their_rows_go(throttle: Throttle, bench: Bench) -> None:
    for number in range(20):
        fail(throttle, of_name(str(number)), f"198.51.100.{number}")
    bench.clock.move(3_601)
    assert fail(throttle) == 0
    with bench.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT subject FROM attempts").scalars()
        assert set(rows) == {DANA, of_address(HOST)}


def test_guesses_at_once_from_several_processes_share_one_count(bench: Bench) -> None:
    limits = LIMITS.model_copy(update={"free_failures": 5, "delay_seconds": 60.0})
    others = [open_database(bench.url) for _ in range(2)]
    throttles = [Throttle(database, limits, bench.clock) for database in (bench.database, *others)]
    with ThreadPoolExecutor(6) as pool:
        left = list(pool.map(lambda n: throttles[n % 3].charge(DANA, HOST), range(30)))
    for database in others:
        database.close()
    assert left.count(0) == 6, "the free ones, and the first that makes others wait"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_an_address_is_counted_as_what_one_party_has(one: str, other: str, same: bool) -> None:
    assert (of_address(one) == of_address(other)) is same


def test_a_lock_outlasts_the_memory_of_failures(throttle: Throttle, bench: Bench) -> None:
    limits = LIMITS.model_copy(update={"lock_minutes": 180})
    throttle = Throttle(bench.database, limits, bench.clock)
    for _ in range(limits.lock_account_after):
        assert fail(throttle) == 0
        bench.clock.move(5)
    bench.clock.move(7_200)
    fail(throttle, of_account("other"), "198.51.100.1")
    assert fail(throttle) > 3_000, "forgetting is hourly here, and the lock is for three"


def test_a_success_under_way_lifts_no_lock_of_its_address(bench: Bench) -> None:
    limits = LIMITS.model_copy(update={"lock_address_after": 3})
    throttle = Throttle(bench.database, limits, bench.clock)
    assert throttle.charge(of_account("mine"), HOST) == 0
    for name in ("a", "b"):
        assert fail(throttle, of_account(name)) == 0
    assert throttle.wait(HOST) == 600
    throttle.succeeded(of_account("mine"), HOST)
    assert throttle.wait(HOST) == 600


def test_codes_and_passwords_from_one_address_never_wait_for_each_other_in_a_ring(
    bench: Bench,
) -> None:
    limits = LIMITS.model_copy(update={"free_failures": 100, "lock_account_after": 1})
    throttle = Throttle(bench.database, limits, bench.clock)

    def log_in(number: int) -> None:
        for _ in range(25):
            throttle.charge(of_code("dana"), HOST)
            throttle.succeeded(of_code("dana"), HOST)
        for turn in range(25):
            subject = (of_code if number % 2 else of_account)(f"p{number}-{turn}")
            throttle.charge(subject, HOST)
            throttle.failed(subject, HOST)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(log_in, range(4)))
    assert len(events(bench, "login.locked")) == 100


def test_what_is_over_is_left_alone_while_somebody_holds_it(
    throttle: Throttle, bench: Bench
) -> None:
    """Two who each come back after a day would else wait for each other's rows."""
    if bench.database.is_sqlite:
        pytest.skip("SQLite has one writer")
    assert fail(throttle, of_account("other"), "") == 0
    bench.clock.move(3_601)
    with bench.database.write() as connection:
        connection.exec_driver_sql("SELECT subject FROM attempts FOR UPDATE")
        assert fail(throttle, DANA, "") == 0
