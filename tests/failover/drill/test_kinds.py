"""The kinds of clients that a drill plays: what each keeps of DNS and of its connections, and when it lets go."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from failover.dial import Dial, Resolution
from failover.drill import kinds
from failover.drill.clients import Authority, ClientCache
from failover.drill.kinds import Around, FlooredAuthority, OwnCache, Player, play
from failover.drill.samples import Look
from failover.recovery.kinds import find_kind


class Names(Dial):
    """A name server that gives one site, for three seconds; `site` is which."""

    site = "aws"

    def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Resolution:
        return Resolution(
            host=host,
            addresses=(f"{self.site}.example" if rdtype == "CNAME" else f"address of {host}",),
            cname_chain=(),
            ttl_seconds=3,
            rdtype=rdtype,
            rcode="NOERROR",
            authoritative=True,
            elapsed_seconds=0.0,
        )


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    monkeypatch.setattr(Names, "site", "aws")
    return Names(speed=10)


def around(names: Names, resources: ExitStack) -> Around:
    golden: Any = None
    return Around(names, "api.example", golden, "a-key", 1.0, resources, Authority("1", names))


@pytest.mark.parametrize(("floor", "kept"), [(0.0, 3), (6.0, 6)])
def test_a_cache_with_a_floor_keeps_an_answer_longer_than_it_was_told(names: Names, floor: float, kept: int) -> None:
    assert FlooredAuthority("1", names, floor).ask("api.example", 1.0) == ("aws.example", kept)


def test_a_runtimes_cache_lies_above_its_resolvers(names: Names) -> None:
    """Right before the resolver's answer has run out Java asks for it, and keeps it for its own time as well."""
    now = [100.0]
    below = ClientCache(Authority("1", names), names, "api.example", now=lambda: now[0])
    cache = OwnCache(below, 3.0, now=lambda: now[0])
    assert cache.prime("aws.example", 0.9)
    Names.site = "gcp"
    told = []
    for _ in range(8):
        told.append(cache.lookup("api.example").addresses[0].removeprefix("address of "))
        now[0] += 0.5
    assert told == ["aws.example"] + ["gcp.example"] * 7, "a tenth of 3 s was left of both"


def test_what_its_resolver_still_keeps_a_runtime_keeps_once_more(names: Names) -> None:
    now = [100.0]
    below = ClientCache(Authority("1", names), names, "api.example", now=lambda: now[0])
    below.lookup("api.example")
    now[0] += 2.9
    cache = OwnCache(below, 3.0, now=lambda: now[0])
    cache.lookup("api.example")
    Names.site = "gcp"
    now[0] += 2.9
    assert cache.lookup("api.example").addresses == ("address of aws.example",), "5.8 s after it was told with 3 s"
    now[0] += 0.2
    assert cache.lookup("api.example").addresses == ("address of gcp.example",)


def test_a_site_that_dns_never_names_cannot_be_primed(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = OwnCache(ClientCache(Authority("1", names), names, "api.example"), 3.0)
    assert not cache.prime("gcp.example", 0.5)


@pytest.mark.parametrize(("kind", "fresh"), [("jvm", True), ("floor", True), ("pool", False), ("browser", False)])
def test_connections_are_kept_by_those_who_keep_them(
    names: Names, monkeypatch: pytest.MonkeyPatch, kind: str, fresh: bool
) -> None:
    asked: list[dict[str, Any]] = []
    used: list[httpx.Client] = []

    def connect(self: Dial, **how: Any) -> httpx.Client:
        asked.append(how)
        return httpx.Client()

    def look_with(client: Callable[[], httpx.Client], around: Around) -> Callable[[], Look]:
        def look() -> Look:
            used.append(client())
            return Look("aws")

        return look

    monkeypatch.setattr(Dial, "client", connect)
    monkeypatch.setattr(kinds, "_look_with", look_with)
    with ExitStack() as resources:
        player = play(find_kind(kind), around(names, resources))
        player.look()
        player.look()
        assert used[0] is used[1] and used[0].headers["authorization"] == "Bearer a-key"
        assert player.prime("aws.example", 0.5)
        player.look()
        assert used[2] is not used[1] and used[1].is_closed, "whoever was sent to a site is connected to it"
    assert used[2].is_closed and [how["fresh"] for how in asked] == [fresh, fresh]


def test_one_that_knows_every_site_asks_dns_by_itself() -> None:
    assert Player(lambda: Look("aws")).prime("aws.example", 0.5)
