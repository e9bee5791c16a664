"""Asking a real name server on loopback, blocking and not."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

import pytest

from failover.client.directory import Question
from failover.client.names import Names
from failover.resolution import Resolution
from tests.failover.client.conftest import H, World

Ask = Callable[[Names, Question, float], Resolution | None]


@pytest.fixture(params=["blocking", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    if request.param == "blocking":
        return Names.ask
    return lambda names, question, seconds: asyncio.run(names.ask_async(question, seconds))


def test_an_address_comes_with_the_chain_that_led_there(world: World, ask: Ask) -> None:
    found = ask(Names("127.0.0.1", world.reach.dns_port), Question(H), 2.0)
    assert found is not None
    assert (found.addresses, found.cname_chain, found.ttl_seconds) == (("127.0.0.41",), (f"aws.{H}",), 30)


def test_a_list_of_services_is_read(world: World, ask: Ask) -> None:
    found = ask(Names("127.0.0.1", world.reach.dns_port), Question(f"_https._tcp.{H}", "SRV"), 2.0)
    assert found is not None and found.ttl_seconds == 300
    assert sorted(found.addresses) == [f"{n} 1 443 {name}.{H}." for n, name in enumerate(("aws", "azure", "gcp"))]


def test_a_name_that_does_not_exist_is_an_answer(world: World, ask: Ask) -> None:
    found = ask(Names("127.0.0.1", world.reach.dns_port), Question(f"nobody.{H}"), 2.0)
    assert found is not None and (found.rcode, found.addresses) == ("NXDOMAIN", ())


def test_a_silent_server_is_none_within_the_time(ask: Ask) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        began = time.monotonic()
        assert ask(Names("127.0.0.1", silent.getsockname()[1]), Question(H), 0.2) is None
        assert time.monotonic() - began < 1.0


def test_without_a_server_the_systems_are_asked() -> None:
    names = Names()
    assert names._blocking.nameservers or names._blocking.port == 53
