"""Steps say what they do, go on saying so, and say how long they took."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox import steps as module
from sandbox.steps import Steps


def test_a_long_step_says_how_far_it_is_and_what_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    ticked = threading.Event()

    def report(line: str) -> None:
        said.append(line)
        if "so far" in line:
            ticked.set()

    monkeypatch.setattr(module, "LONG_SECONDS", 0.0)
    steps = Steps(report, tick_seconds=0.01)
    with steps.step("build", "building it"):
        assert ticked.wait(10)
    assert said[0] == "building it"
    assert said[1].startswith("building it: ") and said[1].endswith(" s so far")
    assert said[-1].startswith("building it: done in ")
    assert set(steps.seconds) == {"build"}


def test_a_short_step_is_one_line_and_a_silent_one_none() -> None:
    said: list[str] = []
    steps = Steps(said.append)
    with steps.step("a", "doing a"):
        pass
    with steps.step("b"):
        pass
    assert said == ["doing a"]
    assert set(steps.seconds) == {"a", "b"}


def test_a_step_that_fails_has_its_time_all_the_same() -> None:
    steps = Steps(lambda line: None)
    with pytest.raises(ValueError), steps.step("a", "doing a"):
        raise ValueError
    assert set(steps.seconds) == {"a"}


def test_on_a_terminal_one_step_at_a_time_has_a_bar_instead_of_ticks() -> None:
    said: list[str] = []
    drawn: list[str] = []

    @contextmanager
    def bar(doing: str) -> Iterator[None]:
        drawn.append(f"begin {doing}")
        yield
        drawn.append(f"end {doing}")

    steps = Steps(said.append, tick_seconds=0.0, bar=bar)
    with steps.step("silent"), steps.step("a", "doing a"):
        ticked = threading.Event()
        beside = Steps(lambda line: ticked.set() if "so far" in line else None, tick_seconds=0.01)
        with steps.step("b", "doing b"), beside.step("c", "doing c"):
            assert ticked.wait(10)
    with steps.step("d", "doing d"):
        pass
    assert drawn == ["begin doing a", "end doing a", "begin doing d", "end doing d"]
    assert not [line for line in said if line.startswith(("doing a:", "doing d:"))]
