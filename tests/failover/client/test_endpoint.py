"""Both kinds of endpoint over real sockets: sites that stop, reset, wait, fail, lie, and a DNS that is silent."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace

import pytest

from failover.client import Endpoint, NoAddress, NoAnswer, Policy, RequestRefused
from failover.client.directory import Directory, Question
from tests.failover.client.conftest import ADDRESSES, FEATURES, QUICK, H, Make, World, render_answer
from tests.failover.simulator.site import Site

Sites = dict[str, Site]


def test_the_site_that_dns_names_answers(make: Make, sites: Sites) -> None:
    found = make().predict(FEATURES)
    assert found.label == "aws" and found.site == f"aws.{H}"
    assert [tried.failure for tried in found.tries] == [""]
    head = sites["aws"].seen[0].lower()
    assert head.startswith("post /predict http/1.1")
    assert f"host: {H}\r\n" in head and "authorization: bearer secret\r\n" in head
    assert sites["aws"].names == [H], "the certificate is asked for by the host's name"
    assert sites["azure"].seen == sites["gcp"].seen == []


def test_connections_are_kept(make: Make, sites: Sites) -> None:
    endpoint = make()
    for _ in range(5):
        endpoint.predict(FEATURES, model="tumour")
    assert len(sites["aws"].names) == 1 and len(sites["aws"].seen) == 5
    assert sites["aws"].seen[0].startswith("POST /predict/tumour ")


def test_a_site_that_refuses_connections_costs_no_answer(make: Make, sites: Sites) -> None:
    sites["aws"].stop()
    found = make().predict(FEATURES)
    assert found.label == "azure"
    assert "ConnectError" in found.tries[0].failure


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"reset": True}, "Connect"),
        ({"status": "503 Service Unavailable"}, "status 503"),
        ({"delay_seconds": 0.6}, ""),
        ({"drip": True}, ""),
        ({"body": b"<html>"}, "something else"),
        ({"body": render_answer("aws").replace(b"1.0", b"NaN")}, "probability of nan"),
    ],
    ids=["reset", "5xx", "late", "drip", "not json", "NaN"],
)
def test_a_site_that_fails_costs_no_answer(make: Make, sites: Sites, fault: dict[str, object], told: str) -> None:
    for name, value in fault.items():
        setattr(sites["aws"], name, value)
    began = time.monotonic()
    patient = replace(QUICK, attempt_seconds=2.0)  # a busy machine is late as well
    found = make(policy=patient if told else QUICK).predict(FEATURES)
    assert found.label != "aws"
    assert told in found.tries[0].failure
    assert time.monotonic() - began < QUICK.deadline_seconds


@pytest.mark.parametrize("days, host", [(-1, H), (30, "other.outlast.example")], ids=["expired", "wrong name"])
def test_a_certificate_that_does_not_hold_is_never_sent_a_key(
    make: Make, sites: Sites, world: World, days: int, host: str
) -> None:
    sites["aws"].stop()
    wrong = world.authority.issue(host, days=days)
    with Site(ADDRESSES["aws"], world.reach.port, wrong, body=render_answer("aws")) as bad:
        found = make().predict(FEATURES)
        assert bad.seen == []
    assert found.label == "azure"
    assert "certificate" in found.tries[0].failure.lower()


def test_after_a_few_failures_a_site_is_not_asked_any_more(make: Make, sites: Sites) -> None:
    sites["aws"].status = "500 Internal Server Error"
    endpoint = make()
    answers = [endpoint.predict(FEATURES) for _ in range(20)]
    assert {found.label for found in answers} == {"azure"}
    assert len(sites["aws"].seen) == Policy().circuit_failures
    assert [len(found.tries) for found in answers[-10:]] == [1] * 10


def test_when_every_site_fails_the_error_says_what_each_did(make: Make, sites: Sites) -> None:
    for site in sites.values():
        site.status = "503 Service Unavailable"
    with pytest.raises(NoAnswer, match="no site of") as caught:
        make().predict(FEATURES)
    assert [tried.site.split(".")[0] for tried in caught.value.tries] == ["aws", "azure", "gcp"]
    assert {tried.failure for tried in caught.value.tries} == {"status 503"}


def test_a_call_ends_at_its_deadline(make: Make, sites: Sites) -> None:
    for site in sites.values():
        site.delay_seconds = 1.5
    endpoint = make(policy=Policy(attempt_seconds=0.2))
    began = time.monotonic()
    with pytest.raises(NoAnswer):
        endpoint.predict(FEATURES, deadline_seconds=0.5)
    assert 0.3 < time.monotonic() - began < 1.4


def test_a_refusal_is_the_same_everywhere_and_asked_once(make: Make, sites: Sites) -> None:
    sites["aws"].status, sites["aws"].body = "400 Bad Request", json.dumps({"detail": "f1 is missing"}).encode()
    with pytest.raises(RequestRefused, match="f1 is missing"):
        make().predict({})
    assert sites["azure"].seen == []


def test_what_is_not_idempotent_is_not_sent_twice(make: Make, sites: Sites) -> None:
    sites["aws"].status = "500 Internal Server Error"
    endpoint = make()
    with pytest.raises(NoAnswer):
        endpoint.request("POST", "/orders", json={"n": 1})
    assert sites["azure"].seen == []
    assert endpoint.request("POST", "/orders", json={"n": 1}, idempotent=True).status == 200
    assert len(sites["azure"].seen) == 1
    sites["aws"].stop()
    assert make().request("POST", "/orders", json={"n": 1}).status == 200, "nobody can have seen it"


def test_feedback_is_idempotent(make: Make, sites: Sites) -> None:
    sites["aws"].status = "500 Internal Server Error"
    make().feedback("k.p.m", ["benign"])
    assert sites["azure"].seen[0].startswith("POST /feedback ")


def test_a_hedged_call_takes_the_quicker_answer(make: Make, sites: Sites) -> None:
    sites["aws"].delay_seconds = 0.6
    endpoint = make(policy=Policy(hedge_after_seconds=0.05))
    began = time.monotonic()
    assert endpoint.predict(FEATURES).label == "azure"
    assert time.monotonic() - began < 0.5
    assert len(sites["aws"].seen) == len(sites["azure"].seen) == 1


def test_a_hedged_call_that_is_quick_is_sent_once(make: Make, sites: Sites) -> None:
    endpoint = make(policy=Policy(hedge_after_seconds=1.0))
    assert endpoint.predict(FEATURES).label == "aws"
    sites["aws"].status = "500 Internal Server Error"
    assert endpoint.predict(FEATURES).label == "azure", "a failure before that time is retried as ever"
    assert sites["gcp"].seen == []


# -- DNS --------------------------------------------------------------------------------------------------------------


def test_sites_are_known_in_the_order_in_which_they_are_asked(make: Make, sites: Sites) -> None:
    assert [site.name.split(".")[0] for site in make().sites()] == ["aws", "azure", "gcp"]


def test_a_dns_that_falls_silent_is_not_missed(make: Make, sites: Sites) -> None:
    endpoint = make(policy=replace(QUICK, dns_seconds=0.05, deadline_seconds=1.0))
    endpoint.predict(FEATURES)
    core = endpoint.endpoint._core
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        for resolver in (core.names._blocking, core.names._waiting):
            resolver.port = silent.getsockname()[1]
        for entry in core.directory._entries.values():
            entry.expires -= 3600.0
        core.directory._next_due = 0.0
        sites["aws"].status = "500 Internal Server Error"
        answers = [endpoint.predict(FEATURES) for _ in range(3)]
    assert [found.label for found in answers] == ["azure"] * 3


def test_the_second_host_serves_where_the_first_is_unknown(make: Make, sites: Sites, world: World) -> None:
    endpoint = make(host="api.dark.example", second_host=H)
    assert endpoint.predict(FEATURES).label == "aws"
    assert sites["aws"].names == [H], "under its own name, which its certificate has"


def test_a_name_that_dns_does_not_know_is_told_at_once(make: Make) -> None:
    with pytest.raises(NoAddress, match="DNS names no site of absent"):
        make(host="absent.outlast.example").predict(FEATURES)


def test_sites_may_be_given_by_name(make: Make, sites: Sites) -> None:
    sites["aws"].stop()
    assert make(sites=[f"gcp.{H}"]).predict(FEATURES).label == "gcp"


def test_a_name_server_that_never_answers_ends_in_an_error_within_the_deadline(make: Make, world: World) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        reach = replace(world.reach, dns_port=silent.getsockname()[1])
        endpoint = make(reach=reach, policy=Policy(deadline_seconds=0.5))
        began = time.monotonic()
        with pytest.raises(NoAddress):
            endpoint.predict(FEATURES)
        assert time.monotonic() - began < 1.0


@pytest.mark.usefixtures("sites")
def test_a_call_does_not_wait_for_whoever_asks_a_silent_dns(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with Endpoint(H, "secret", reach=world.reach, policy=Policy(dns_seconds=0.05)) as endpoint:
        assert endpoint.predict(FEATURES).label == "aws"
        monkeypatch.setattr(Directory, "must_wait", lambda _: True)
        monkeypatch.setattr(Directory, "due", lambda _: (Question(H),))
        with endpoint._asking:  # another thread, whose question has no answer yet
            assert endpoint.predict(FEATURES).label == "aws"
