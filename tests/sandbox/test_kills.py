"""kill -9 of the sandbox at random moments of an update, in process: what it wrote is all that is left of it.

The engine is played here: a program of zone, records, health checks and a resource without moto, a state that learns of
each step by its answer only. The real CLI is killed with in tests/end_to_end/test_kills.py.
"""

from __future__ import annotations

import io
import os
import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from werkzeug.test import EnvironBuilder, run_wsgi_app

from failover.simulator import MovingRoute53
from sandbox.clouds.route53 import health_checks, records, zones
from sandbox.journal import Journal
from tests.sandbox.clouds.harness import Clouds, open_clouds

ZONE, RECORD, CHECK, VPC = zones.ZONE, records.RECORD, health_checks.HEALTH_CHECK, "aws:ec2/vpc:Vpc"
STACK = "traffic"
OTHERS = tuple("abcde")
Program = dict[tuple[str, str], dict[str, Any]]  # (type, name) -> inputs; an id of another is `("id", type, name)`


class RawBody(io.BytesIO):
    """What botocore expects of a response's body."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class Killed(BaseException):
    """The sandbox is gone. No handler of it that writes anything gets further than this."""


@dataclass
class Disk:
    """What survives: the journal's file and the last snapshot of Route 53. Dies at the write number `dies_at`."""

    snapshot: dict[str, Any] | None = None
    writes: int = 0
    dies_at: int | None = None
    before: bool = False  # whether that write still reaches the disk

    def write(self, act: Callable[[], None]) -> None:
        self.writes += 1
        if self.dies_at is not None and self.writes >= self.dies_at:
            if self.writes == self.dies_at and not self.before:
                act()
            raise Killed
        act()


@dataclass
class Sandbox:
    """A sandbox that can be killed and started again, and Pulumi's state of one stack beside it."""

    folder: Path
    disk: Disk = field(default_factory=Disk)
    state: dict[tuple[str, str], tuple[str, dict[str, Any]]] = field(default_factory=dict)  # -> id, inputs

    def __post_init__(self) -> None:
        self.client = boto3.client("route53", endpoint_url="http://route53.invalid", region_name="us-east-1")
        self.client.meta.events.register("before-send.route53", self._ask)

    def start(self) -> None:
        self.route53 = MovingRoute53(on_change=self._keep)
        if self.disk.snapshot is not None:
            self.route53.restore(self.disk.snapshot)
        self.clouds: Clouds = open_clouds(self.folder, lambda: self.client, clock=self.route53.clock)
        self.clouds.clouds.recover()

    def kill(self) -> None:
        self.clouds.world.store.journal.close()
        self.route53.stop()

    def _ask(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Route 53's API without a socket and its thread: most of a round would be spent there."""
        url = urlsplit(request.url)
        sent = {k: v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
        builder = EnvironBuilder(
            url.path,
            query_string=url.query,
            method=request.method,
            headers=list(sent.items()),
            data=request.body or b"",
        )
        chunks, status, headers = run_wsgi_app(self.route53._dispatcher, builder.get_environ(), buffered=True)
        return AWSResponse(request.url, int(status.split()[0]), dict(headers), RawBody(b"".join(chunks)))

    def _keep(self, snapshot: dict[str, Any]) -> None:
        def act() -> None:
            self.disk.snapshot = snapshot

        try:
            self.disk.write(act)
        except Killed as killed:  # the API's thread: its caller sees a server that is gone
            raise RuntimeError("killed") from killed

    # -- what the engine does ------------------------------------------------------------------------

    def up(self, program: Program) -> None:
        """First what `make up` puts right, then as the engine: create and update in order, delete what is left over."""
        known = {(type_, id_) for (type_, _), (id_, _) in self.state.items()}
        self.clouds.clouds.forget_orphans(STACK, known)
        for key, given in program.items():
            inputs = self._resolved(given)
            if key not in self.state:
                self.state[key] = (self._create(key, inputs), inputs)
            elif self.state[key][1] != inputs:
                id_ = self.state[key][0]
                self.clouds.clouds.update(self._request(key, inputs, id=id_))
                self.state[key] = (id_, inputs)
        for key in [key for key in reversed(self.state) if key not in program]:
            self.clouds.clouds.delete(self._request(key, {}, id=self.state[key][0]))
            del self.state[key]

    def _create(self, key: tuple[str, str], inputs: dict[str, Any]) -> str:
        id_, _ = self.clouds.clouds.create(self._request(key, inputs))
        return id_

    def _request(self, key: tuple[str, str], inputs: dict[str, Any], **more: Any) -> Any:
        return self.clouds.request(*key, inputs, stack=STACK, **more)

    def _resolved(self, given: dict[str, Any]) -> dict[str, Any]:
        return {k: self.state[v[1:]][0] if isinstance(v, tuple) else v for k, v in given.items()}

    # -- what is seen ----------------------------------------------------------------------------------

    def assert_is(self, program: Program) -> None:
        """The state, the journal, Route 53 and its answers all say what the program says, and no more."""
        assert self.state.keys() == program.keys()
        assert {(r.type, r.id) for r in self.clouds.world.store.all()} == {
            (key[0], v[0]) for key, v in self.state.items()
        }
        kept = self.route53.snapshot()
        assert {zone["Id"] for zone in kept["zones"]} == self._ids(ZONE)
        assert {check["Id"] for check in kept["health_checks"]} == self._ids(CHECK)
        assert len(kept["zones"][0]["Records"]) == 2 + len(self._ids(RECORD))
        names = {i["records"][0] for (type_, _), (_, i) in self.state.items() if type_ == RECORD}
        answers = [self.route53.ask("api.outlast.example", "CNAME").records[0].values[0] for _ in range(60)]
        assert {answer.rstrip(".") for answer in answers} == names

    def assert_no_drift(self) -> None:
        """What `pulumi refresh` would read is what Pulumi's state holds."""
        for (type_, name), (id_, inputs) in self.state.items():
            found = self.clouds.clouds.read("aws", type_, id_)
            assert found is not None, f"{type_} {name} is gone"
            assert {k: found[0].get(k) for k in inputs} == inputs

    def _ids(self, type_: str) -> set[str]:
        return {id_ for (each, _), (id_, _) in self.state.items() if each == type_}


def program(chance: random.Random) -> Program:
    """`aws`, which stays, and one that comes and goes; weights and thresholds of this moment."""
    sites = [chance.choice(OTHERS), "aws"]
    made: Program = {(ZONE, "zone"): {"name": "outlast.example", "comment": "kept"}}
    for site in sites:
        made[CHECK, site] = {
            "type": "TCP",
            "ipAddress": "127.0.0.1",
            "port": 9,
            "requestInterval": 30,
            "failureThreshold": chance.randint(2, 9),
        }
        made[RECORD, site] = {
            "zoneId": ("id", ZONE, "zone"),
            "name": "api.outlast.example",
            "type": "CNAME",
            "ttl": 30,  # one for all of a weighted set, and deletions come last
            "records": [f"{site}.outlast.example"],
            "setIdentifier": site,
            "weightedRoutingPolicies": [{"weight": chance.randint(40, 60)}],
            "healthCheckId": ("id", CHECK, site),
        }
    made[VPC, f"vpc-{chance.randint(1, 3)}"] = {"cidrBlock": "10.0.0.0/16"}
    return made


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path)
    append = Journal._append

    def append_or_die(journal: Journal, line: bytes) -> None:
        made.disk.write(lambda: append(journal, line))

    monkeypatch.setattr(Journal, "_append", append_or_die)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # a server that is gone does not come back for a second one
    made.start()
    yield made
    made.kill()


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_random_moments_the_next_up_ends_where_it_was_asked_to(sandbox: Sandbox, kills: int) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # shown where it fails
    chance = random.Random(seed)
    wanted = program(chance)
    sandbox.up(wanted)
    sandbox.assert_is(wanted)
    killed = 0
    for _ in range(kills):
        kept = {key: sandbox.state[key][0] for key in sandbox.state}
        wanted = program(chance)
        sandbox.disk.writes, sandbox.disk.dies_at = 0, chance.randint(1, 12)
        sandbox.disk.before = chance.random() < 0.5
        try:
            sandbox.up(wanted)
        except (Killed, Exception):
            killed += 1
        sandbox.disk.dies_at = None
        sandbox.kill()
        sandbox.start()
        sandbox.up(wanted)
        sandbox.assert_is(wanted)
        staying = kept.keys() & sandbox.state.keys()
        assert (ZONE, "zone") in staying and (CHECK, "aws") in staying
        for key in (ZONE, "zone"), (CHECK, "aws"), (RECORD, "aws"):
            assert sandbox.state[key][0] == kept[key], key
    sandbox.assert_no_drift()
    assert killed, "nothing was killed: the moments are drawn wrongly"
