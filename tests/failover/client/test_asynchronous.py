"""What only the asynchronous endpoint does: many calls at once, and calls that their caller gives up."""

from __future__ import annotations

import asyncio

import pytest

from failover.client import AsyncEndpoint, Policy
from failover.client.directory import Directory, Question
from tests.failover.client.conftest import FEATURES, H, World
from tests.failover.simulator.site import Site


def test_many_calls_at_once_share_connections_and_circuits(world: World, sites: dict[str, Site]) -> None:
    sites["aws"].status = "500 Internal Server Error"
    patient = Policy(deadline_seconds=60, attempt_seconds=30)  # a busy machine is no site that fails

    async def run() -> list[str]:
        async with AsyncEndpoint(H, "secret", reach=world.reach, policy=patient) as endpoint:
            await endpoint.predict(FEATURES)
            found = await asyncio.gather(*(endpoint.predict(FEATURES) for _ in range(30)))
            return [each.label for each in found] + [(await endpoint.predict(FEATURES)).label]

    labels = asyncio.run(run())
    # The burst begins before anybody knows; each call goes on to a site that has not failed, which costs nothing.
    assert len(labels) == 31 and "aws" not in labels
    assert len(sites["aws"].seen) <= 32  # the last call may be the one that tries it again


def test_a_call_that_its_caller_gives_up_is_not_held_against_the_site(world: World, sites: dict[str, Site]) -> None:
    async def run() -> list[str]:
        async with AsyncEndpoint(H, reach=world.reach, policy=Policy()) as endpoint:
            answered = []
            for _ in range(4):
                sites["aws"].delay_seconds = 0.0
                answered.append((await endpoint.predict(FEATURES)).label)
                sites["aws"].delay_seconds = 0.5
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(endpoint.predict(FEATURES), 0.05)
            return answered

    assert asyncio.run(run()) == ["aws"] * 4


def test_the_slower_of_two_hedged_calls_is_ended(world: World, sites: dict[str, Site]) -> None:
    sites["aws"].delay_seconds = 0.5

    async def run() -> int:
        async with AsyncEndpoint(H, reach=world.reach, policy=Policy(hedge_after_seconds=0.05)) as endpoint:
            assert (await endpoint.predict(FEATURES)).label == "azure"
            return len(asyncio.all_tasks()) - 1

    assert asyncio.run(run()) == 0


@pytest.mark.usefixtures("sites")
def test_a_call_does_not_wait_for_whoever_asks_a_silent_dns(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> str:
        async with AsyncEndpoint(H, "secret", reach=world.reach, policy=Policy(dns_seconds=0.05)) as endpoint:
            assert (await endpoint.predict(FEATURES)).label == "aws"
            monkeypatch.setattr(Directory, "must_wait", lambda _: True)
            monkeypatch.setattr(Directory, "due", lambda _: (Question(H),))
            async with endpoint._asking:  # another task, whose question has no answer yet
                return (await asyncio.wait_for(endpoint.predict(FEATURES), 5)).label

    assert asyncio.run(run()) == "aws"
