"""The clients that watch: their kinds, how long they keep an answer, and what they make of what they get."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from failover.dial import Dial, Resolution
from failover.drill.samples import Look
from failover.recovery.kinds import KINDS
from sandbox.chaos import clients
from sandbox.chaos.clients import WATCHING, Around, FlooredAuthority, find_kind, look_as, pinned
from service.bundle.golden import Golden


class OneAnswer(Dial):
    """A name server that gives one site, for three seconds."""

    def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Resolution:
        return Resolution(
            host=host,
            addresses=("aws.example",),
            cname_chain=(),
            ttl_seconds=3,
            rdtype=rdtype,
            rcode="NOERROR",
            authoritative=True,
            elapsed_seconds=0.0,
        )


def test_every_kind_that_watches_is_known() -> None:
    assert set(WATCHING) <= {kind.name for kind in KINDS}
    assert find_kind("outlast").tries_others


@pytest.mark.parametrize(("floor", "kept"), [(0.0, 3), (6.0, 6)])
def test_a_cache_with_a_floor_keeps_an_answer_longer_than_it_was_told(floor: float, kept: int) -> None:
    assert FlooredAuthority("1", OneAnswer(), floor).ask("api.example", 1.0) == ("aws.example", kept)


@pytest.mark.parametrize(("kind", "fresh"), [("ttl", True), ("jvm", True), ("pool", False), ("browser", False)])
def test_connections_are_kept_by_those_who_keep_them(kind: str, fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    plain = Dial.client
    monkeypatch.setattr(Dial, "client", lambda self, **how: asked.update(how) or plain(self, **how))
    monkeypatch.setattr(clients, "_look_with", lambda client, around: lambda: Look("aws"))
    with ExitStack() as resources:
        golden: Any = Golden
        _, cache = look_as(find_kind(kind), Around(Dial(speed=10), "api.example", golden, {}, 1.0, resources))
    assert cache is not None
    assert asked["fresh"] is fresh


def test_another_site_at_a_sites_address_is_an_error() -> None:
    assert pinned(lambda: Look("gcp"), "aws")() == Look("gcp", error="answered by gcp")
    assert pinned(lambda: Look("aws"), "aws")().right
