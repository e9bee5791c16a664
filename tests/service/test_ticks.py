"""What goes on is told after a while and now and then; bars are in test_command_line.py."""

from __future__ import annotations

import threading

import pytest

from service.ticks import open_bars, ticking


def test_it_is_told_first_after_a_while_then_now_and_then() -> None:
    told, enough = [0], threading.Event()

    def tell() -> None:
        told[0] += 1
        if told[0] == 3:
            enough.set()

    threads = threading.active_count()
    with ticking(tell, first=0.0, every=0.001):
        assert enough.wait(10)
    assert threading.active_count() == threads, "it is over with it"


def test_what_is_over_soon_is_not_told_and_a_failure_ends_it() -> None:
    def tell() -> None:
        raise AssertionError("too soon")

    threads = threading.active_count()
    with pytest.raises(KeyError), ticking(tell):
        assert threading.active_count() == threads + 1
        raise KeyError
    assert threading.active_count() == threads


def test_without_a_terminal_there_are_no_bars() -> None:
    assert open_bars() is None
