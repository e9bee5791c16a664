"""Looks side by side: each has a limit, and none stops the others."""

from __future__ import annotations

import threading

from outlast.doctor.checks import UNKNOWN, WRONG, Check, Finding, count_wrong, fine, render, run_checks, wrong
from service.errors import Unavailable


def refuse() -> Finding:
    raise Unavailable("the cloud\n  does not answer", hint="try again")


def break_down() -> Finding:
    raise KeyError("limit")


def test_every_look_is_told_in_order_whatever_became_of_the_others() -> None:
    looks = [("a", refuse), ("b", lambda: fine("there")), ("c", break_down), ("d", lambda: wrong("gone", "get it"))]
    found = run_checks([Check("make up", name, look) for name, look in looks])
    assert [(one.name, one.state, one.what) for one in found] == [
        ("a", UNKNOWN, "the cloud does not answer"),
        ("b", "ok", "there"),
        ("c", UNKNOWN, "KeyError: 'limit'"),
        ("d", WRONG, "gone"),
    ]
    assert found[0].hint == "try again"
    assert count_wrong(found, ["make up"]) == 1 and count_wrong(found, ["make test"]) == 0


def test_a_look_that_takes_too_long_is_left_alone() -> None:
    never = threading.Event()

    def hang() -> Finding:
        never.wait(30)
        return fine("late")

    found = run_checks([Check("x", "slow", hang), Check("x", "quick", lambda: fine("at once"))], limit_seconds=0.05)
    never.set()
    assert [one.state for one in found] == [UNKNOWN, "ok"]
    assert "no answer within 0.05 s" in found[0].what


def test_one_line_a_finding_and_a_hint_where_it_is_not_fine() -> None:
    found = [
        Finding("ok", "3.12", "no need", "make up", "Python"),
        Finding(WRONG, "gone", "get it", "make test", "git"),
    ]
    assert render(found) == [
        "make up",
        "  ok       Python  3.12",
        "",
        "make test",
        "  missing  git     gone",
        "                   hint: get it",
    ]
