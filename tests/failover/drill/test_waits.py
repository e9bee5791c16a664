"""Who holds on to a site, for how long, and what of it a drill waits for or names."""

from __future__ import annotations

import pytest

from failover.drill.waits import (
    CONNECTION_SECONDS,
    NAMES,
    Waits,
    choose_kinds,
    describe_waits,
    find_declared,
    hold_beyond_ttl,
    plan_waits,
    read_kinds,
    read_waits,
)
from failover.recovery.kinds import KINDS, ClientKind
from infra import contract
from service.errors import InvalidInput
from service.server.settings.table import SETTINGS

HELD = {  # seconds beyond a TTL of 30: with a site that still answers, and with one that does not
    "ttl": (0, 0),
    "floor": (0, 0),
    "pool": (90, 0),
    "jvm": (30, 30),
    "browser": (90, 30),
    "aiohttp": (90, 10),
    "outlast": (90, 0),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_holds_on_as_long_as_its_cache_and_its_connections(kind: ClientKind) -> None:
    held = tuple(hold_beyond_ttl(kind, 30, level) for level in (1, 2))
    assert held == HELD[kind.name]


def test_a_drill_waits_for_the_slowest_of_those_that_are_declared_and_names_the_rest() -> None:
    waits = plan_waits(["jvm"], ttl_seconds=30, level=1)
    assert waits == Waits(("jvm",), 30.0, ("pool (90 s)", "browser (90 s)", "aiohttp (90 s)", "outlast (90 s)"))
    assert list(describe_waits(waits)) == [
        "waits 30 s (simulated) after its own clients have left, for jvm",
        "may give the site back while there are still clients at it: pool (90 s), browser (90 s), aiohttp (90 s), "
        "outlast (90 s)",
    ]


def test_without_a_declaration_it_waits_for_none_and_names_all() -> None:
    waits = plan_waits([], ttl_seconds=30, level=2)
    assert (waits.seconds, waits.left) == (0.0, ("jvm (30 s)", "browser (30 s)", "aiohttp (10 s)"))


def test_who_waits_for_the_slowest_leaves_nobody() -> None:
    assert list(describe_waits(plan_waits(["pool", "pool"], ttl_seconds=30, level=1))) == [
        "waits 90 s (simulated) after its own clients have left, for pool"
    ]


def test_the_greatest_age_of_a_connection_is_the_same_for_server_load_balancer_and_drill() -> None:
    assert float(SETTINGS["connection_seconds"].default) == contract.CONNECTION_SECONDS == CONNECTION_SECONDS


def test_an_unknown_kind_is_told_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="no kind of client 'netscape'") as refused:
        plan_waits(["netscape"], ttl_seconds=30, level=1)
    assert all(name in refused.value.hint for name in NAMES)


def test_a_tag_declares_and_a_journal_from_before_does_not() -> None:
    assert read_kinds("browser  netscape jvm") == ("browser", "jvm")
    assert read_waits({}) == Waits()
    assert read_waits({"waits": {"waited_for": ["jvm"], "seconds": 30, "left": ["pool (90 s)"]}}) == Waits(
        ("jvm",), 30.0, ("pool (90 s)",)
    )


def test_the_kinds_that_are_played_are_those_declared_and_where_requests_fail_some_of_each() -> None:
    assert choose_kinds(("ttl", "jvm"), breaks_requests=False) == ("jvm",)
    assert choose_kinds((), breaks_requests=False) == ()
    assert choose_kinds(("floor", "jvm"), breaks_requests=True) == ("floor", "jvm", "pool", "browser", "outlast")


def test_what_is_asked_for_goes_before_what_the_stack_declares() -> None:
    tags = {"outlast:client-kinds": "jvm browser"}
    assert find_declared((), tags) == ("jvm", "browser")
    assert find_declared(("pool",), tags) == ("pool",)
