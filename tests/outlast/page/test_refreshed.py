"""A value that is made while somebody asks: later ones have the last, an error stays until it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from outlast.page.refreshed import Refreshed
from service.errors import Unavailable


class Time:
    """A clock that is set, and what was to begin in the background."""

    def __init__(self) -> None:
        self.at = 0.0
        self.begun: list[Callable[[], None]] = []

    def of(self, *answers: int | Exception) -> Refreshed[int]:
        """A value that is made so, one after the other, at most every ten seconds."""
        rest = list(answers)

        def make() -> int:
            answer = rest.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return Refreshed(make, 10.0, now=lambda: self.at, begin=self.begun.append)


def test_the_first_waits_and_later_ones_have_the_last_until_the_next_is_made() -> None:
    time = Time()
    value = time.of(1, 2)
    assert [value.get(), value.get()] == [1, 1] and time.begun == []
    time.at = 10.5
    assert [value.get(), value.get()] == [1, 1] and len(time.begun) == 2
    for work in time.begun:  # the second finds that the first has done it
        work()
    assert value.get() == 2


def test_what_it_raised_is_raised_until_it_goes_well() -> None:
    time = Time()
    value = time.of(Unavailable("throttled", hint="wait"), 7)
    for _ in range(2):
        with pytest.raises(Unavailable, match="throttled"):
            value.get()
    time.at = 10.5
    with pytest.raises(Unavailable, match="throttled"):
        value.get()
    time.begun.pop()()
    assert value.get() == 7


def test_a_mistake_of_ours_is_not_asked_for_at_every_look() -> None:
    time = Time()
    value = time.of(KeyError("value"), 1, KeyError("value"), 2)
    with pytest.raises(KeyError):
        value.get()
    with pytest.raises(Unavailable, match="not read yet"):
        value.get()
    time.at = 10.5
    assert value.get() == 1
    time.at = 21
    assert value.get() == 1
    with pytest.raises(KeyError):
        time.begun.pop()()
    assert value.get() == 1 and time.begun == []


def test_with_a_first_value_nobody_waits() -> None:
    begun: list[Callable[[], None]] = []
    value = Refreshed(lambda: 7, 10.0, begin=begun.append, first=0)
    assert value.get() == 0
    begun.pop()()
    assert value.get() == 7 and begun == []


def test_a_process_that_ends_is_no_error_and_any_other_is_one() -> None:
    time = Time()
    ends = time.of(1, RuntimeError("cannot schedule new futures after interpreter shutdown"), RuntimeError("a mistake"))
    assert ends.get() == 1
    for at in (10.5, 21.0):
        time.at = at
        assert ends.get() == 1
    first, second = time.begun
    time.at = 10.5
    first()
    time.at = 21.0
    with pytest.raises(RuntimeError, match="a mistake"):
        second()


def test_the_next_one_is_made_by_a_thread_of_its_own() -> None:
    makers: list[str] = []
    done = threading.Event()

    def make() -> int:
        makers.append(threading.current_thread().name)
        if len(makers) > 1:
            done.set()
        return len(makers)

    value = Refreshed(make, -1.0)
    assert value.get() == 1
    value.get()
    assert done.wait(10) and makers[1] == "page-refresh"
