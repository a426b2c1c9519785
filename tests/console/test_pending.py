"""What waits for its end: once, for a while, and no more of it than fits."""

from __future__ import annotations

from gateway.console.pending import Pending


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_thing_is_taken_once() -> None:
    waiting: Pending[str] = Pending()
    key = waiting.keep("it")
    assert (waiting.take(key), waiting.take(key), waiting.take("")) == ("it", None, None)


def test_a_thing_is_over_in_time() -> None:
    time = Time()
    waiting: Pending[str] = Pending(seconds=10, clock=time)
    early, late = waiting.keep("a"), waiting.keep("b")
    time.now = 9.9
    assert waiting.take(early) == "a"
    time.now = 10
    assert waiting.take(late) is None


def test_a_flood_pushes_out_the_oldest_and_nothing_else() -> None:
    waiting: Pending[int] = Pending(most=3)
    keys = [waiting.keep(number) for number in range(5)]
    assert [waiting.take(key) for key in keys] == [None, None, 2, 3, 4]


def test_beginning_again_replaces_what_was_begun() -> None:
    waiting: Pending[str] = Pending(most=2)
    other = waiting.keep("other")
    for thing in ("first", "second"):
        waiting.keep(thing, "mine")
    assert (waiting.take("mine"), waiting.take(other)) == ("second", "other")


def test_keys_are_not_guessed() -> None:
    waiting: Pending[int] = Pending()
    keys = {waiting.keep(number) for number in range(100)}
    assert len(keys) == 100
    assert min(map(len, keys)) >= 43, "256 bits"
