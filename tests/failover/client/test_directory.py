"""Which sites a client knows, by what DNS said, on a clock of the test's own."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from failover.client.directory import Directory, Question
from failover.resolution import Resolution
from tests.failover.client.fakes import Chance, Clock

H, SECOND = "api.outlast.example", "api.outlast.test"
HOST, LIST = Question(H), Question(f"_https._tcp.{H}", "SRV")
ADDRESSES = {f"aws.{H}": "192.0.2.1", f"azure.{H}": "192.0.2.2", f"gcp.{H}": "192.0.2.3"}


def answer(question: Question, *addresses: str, chain: tuple[str, ...] = (), ttl: int = 30) -> Resolution:
    return Resolution(question.name, question.rdtype, addresses, chain, ttl, "NOERROR", False, 0.0)


def listed(*names: str) -> Resolution:
    return answer(LIST, *(f"0 {weight} 443 {name}." for weight, name in enumerate(names, 1)), ttl=300)


class World:
    """A directory and the DNS that it asks; `silent` names get no answer."""

    def __init__(self, *, second_host: str | None = None, sites: tuple[str, ...] = (), chance: Random | None = None):
        self.clock = Clock()
        self.directory = Directory(
            H, second_host=second_host, sites=sites, now=self.clock, chance=chance or Chance(0.0)
        )
        self.answers: dict[Question, Resolution] = {
            HOST: answer(HOST, "192.0.2.1", chain=(f"aws.{H}",)),
            LIST: listed(*ADDRESSES),
            **{Question(name): answer(Question(name), address, ttl=60) for name, address in ADDRESSES.items()},
        }
        self.silent = False

    def ask(self) -> list[Question]:
        """Ask until nothing is due; what was asked."""
        asked: list[Question] = []
        while question := next((q for q in self.directory.due() if q not in asked), None):
            asked.append(question)
            self.directory.take(question, None if self.silent else self.answers.get(question, answer(question)))
        return asked

    @property
    def names(self) -> list[str]:
        return [site.name.removesuffix(f".{H}") for site in self.directory.sites]


def test_at_first_nothing_is_known_and_a_call_has_to_wait() -> None:
    world = World()
    assert world.directory.sites == ()
    assert world.directory.must_wait()
    assert world.directory.due() == (HOST, LIST)


def test_the_host_says_which_site_is_best_and_the_list_which_others_there_are() -> None:
    world = World()
    world.ask()
    assert world.names[0] == "aws" and sorted(world.names) == ["aws", "azure", "gcp"]
    assert all(site.host == H for site in world.directory.sites)
    assert not world.directory.must_wait()
    assert world.directory.due() == ()


def test_sites_that_are_given_need_no_list() -> None:
    world = World(sites=(f"GCP.{H}.", f"aws.{H}"))
    assert LIST not in world.ask()
    assert world.names == ["aws", "gcp"]


def test_a_site_that_the_host_named_once_is_remembered() -> None:
    world = World()
    world.answers[LIST] = answer(LIST)
    world.ask()
    assert world.names == ["aws"]
    world.answers[HOST] = answer(HOST, "192.0.2.3", chain=(f"gcp.{H}",))
    world.clock.pass_(30)
    world.ask()
    assert world.names == ["gcp", "aws"]


def test_a_host_without_a_chain_is_its_own_best_site_and_is_not_counted_twice() -> None:
    world = World()
    world.answers[HOST] = answer(HOST, "192.0.2.2")
    world.ask()
    assert world.directory.sites[0].name == H
    assert sorted(world.names[1:]) == ["aws", "gcp"]


def test_a_chain_that_leaves_the_zone_is_followed_by_the_sites_own_name() -> None:
    world = World()
    world.answers[HOST] = answer(HOST, chain=(f"azure.{H}", "app.example.net"))
    world.ask()
    assert world.directory.sites[0].name == f"azure.{H}"
    assert world.directory.sites[0].addresses == ("192.0.2.2",)


def test_a_group_between_the_host_and_the_site_is_not_the_site() -> None:
    world = World()
    world.answers[LIST] = answer(LIST)
    world.answers[HOST] = answer(HOST, "192.0.2.2", chain=(f"europe.{H}", f"azure.{H}", "app.example.net"))
    world.ask()
    assert world.names == ["azure"]


def test_an_answer_is_asked_for_again_when_its_time_is_over() -> None:
    world = World()
    world.ask()
    world.clock.pass_(29.9)
    assert world.directory.due() == ()
    world.clock.pass_(0.2)
    assert world.directory.due() == (HOST,)
    assert not world.directory.must_wait(), "the old answer serves while the new one is on its way"
    world.clock.pass_(30)
    assert world.directory.must_wait(), "after twice its TTL it does not"


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_clients_that_started_together_ask_at_different_moments_and_never_late(chance: float) -> None:
    world = World(chance=Chance(chance))
    world.ask()
    world.clock.pass_(30 * (1 - chance / 10) - 0.01)
    assert HOST not in world.directory.due()
    world.clock.pass_(0.02)
    assert HOST in world.directory.due()


def test_while_dns_is_silent_the_last_good_answers_serve_and_nobody_waits() -> None:
    world = World(chance=Chance(1.0))
    world.ask()
    known = world.directory.sites
    world.silent = True
    world.clock.pass_(3600)
    world.ask()
    assert world.directory.sites == known
    assert not world.directory.must_wait()


def test_a_silent_dns_is_asked_ever_less_often_up_to_a_limit() -> None:
    world = World(chance=Chance(1.0))
    world.silent = True
    waits = []
    for _ in range(7):
        world.ask()
        begin = world.clock()
        while not world.directory.due():
            world.clock.pass_(0.5)
        waits.append(world.clock() - begin)
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


@pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN", "SERVFAIL"])
def test_a_host_that_suddenly_has_no_address_is_not_believed(rcode: str) -> None:
    world = World()
    world.ask()
    known = world.names
    world.answers[HOST] = Resolution(H, "A", (), (), 30, rcode, False, 0.0)
    world.clock.pass_(30)
    world.ask()
    assert world.names == known


def test_a_site_that_is_gone_is_gone() -> None:
    world = World()
    world.ask()
    name = Question(f"gcp.{H}")
    world.answers[name] = Resolution(name.name, "A", (), (), 30, "NXDOMAIN", False, 0.0)
    world.clock.pass_(60)
    world.ask()
    assert sorted(world.names) == ["aws", "azure"]


def test_the_second_host_comes_last_and_serves_where_the_first_has_no_answer() -> None:
    second = Question(SECOND)
    world = World(second_host=SECOND)
    world.answers[second] = answer(second, "192.0.2.9")
    world.ask()
    assert world.names[-1] == SECOND and world.directory.sites[-1].host == SECOND
    alone = World(second_host=SECOND)
    alone.directory.take(HOST, None)
    alone.directory.take(second, answer(second, "192.0.2.9"))
    assert alone.names == [SECOND]


def test_priorities_come_in_order_and_weights_decide_within_one() -> None:
    first: Counter[str] = Counter()
    for seed in range(400):
        world = World(chance=Random(seed))
        world.answers[HOST] = answer(HOST, "192.0.2.99")
        lines = [f"1 50 443 aws.{H}.", f"0 30 443 azure.{H}.", f"0 10 443 gcp.{H}."]
        world.answers[LIST] = answer(LIST, *lines, ttl=300)
        world.ask()
        assert world.names[-1] == "aws"
        first[world.names[1]] += 1
    assert 260 <= first["azure"] <= 340  # 300 expected, sigma 8.7


def test_a_list_that_says_that_there_is_no_service_names_nothing() -> None:
    world = World()
    world.answers[LIST] = answer(LIST, "0 0 0 .")
    world.ask()
    assert world.names == ["aws"]
