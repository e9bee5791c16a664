"""`outlast capacity measure` against a site of one process: counted, stopped, written."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from failover.dial import Dial
from failover.resolution import Resolution
from infra.capacity import Step
from outlast import capacity
from service.bundle.folder import RELEASED, load_golden

GOLDEN = load_golden(RELEASED / "tumour")
STEP = ["--seconds", "0.5"]


class Site(Dial):
    """One that answers golden rows right, or as told."""

    def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Resolution:
        return Resolution(host, rdtype, ("127.0.0.9",), (), 60, "NOERROR", True, 0.0)

    def client(self, **asked: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        SEEN.append(request)
        if len(SEEN) > WRONG_FROM[0]:
            return httpx.Response(503)
        asked = json.loads(request.content)["inputs"][0]["data"]
        row = next(row for row in GOLDEN.rows if [*row.features] == asked)
        outputs = [
            {"name": "label", "data": [row.label]},
            {"name": "probabilities", "data": [*row.probabilities.values()]},
        ]
        return httpx.Response(200, json={"outputs": outputs})


SEEN: list[httpx.Request] = []
WRONG_FROM = [10**9]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    SEEN.clear()
    WRONG_FROM[0] = 10**9
    monkeypatch.setattr(capacity.Dial, "from_environment", lambda environ: Site())
    monkeypatch.setattr(capacity, "STACKS", tmp_path)
    monkeypatch.setattr(capacity, "CLIENTS", (1, 2))
    monkeypatch.setenv("OUTLAST_API_KEY", "olk_test")
    path = tmp_path / "Pulumi.aws.yaml"
    path.write_text("config:\n  outlast:kind: aws\n  outlast:minReplicas: 2\n  outlast:rpsPerReplica: 50\n")
    return path


def run(*words: str) -> Any:
    asked = ["measure", "--site", "aws", "--host", "api.x", "--model", "tumour", *STEP, *words]
    return CliRunner().invoke(capacity.capacity, asked)


def test_a_site_is_measured_with_its_key_and_the_figure_is_written(site: Path) -> None:
    done = run("--json", "--write")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["replicas"] == 2
    assert abs(found["rps_per_replica"] - found["rps"] / 2) <= 1  # `rps` is told rounded
    assert f"outlast:rpsPerReplica: {found['rps_per_replica']}\n" in site.read_text()
    assert "outlast:rpsMeasuredOn" in site.read_text()
    assert {request.headers["authorization"] for request in SEEN} == {"Bearer olk_test"}


def test_without_being_asked_nothing_is_written(site: Path) -> None:
    before = site.read_text()
    done = run("--replicas", "1")
    assert done.stdout.startswith("aws bears ") and "with 1 replicas" in done.stdout
    assert site.read_text() == before


def test_a_site_that_answers_wrong_has_no_capacity(site: Path) -> None:
    WRONG_FROM[0] = 0
    done = run()
    assert done.exit_code != 0
    assert "or answered wrong" in done.output


def test_more_clients_are_asked_until_that_tells_nothing_new() -> None:
    given = iter([Step(1, 50, 0.1, 0), Step(2, 99, 0.1, 0), Step(4, 100, 0.1, 0)])
    said: list[str] = []
    announced: list[tuple[int, int]] = []
    steps = capacity.run_steps(
        lambda clients: next(given), 0.25, said.append, lambda done, of: announced.append((done, of))
    )
    assert [step.clients for step in steps] == [1, 2, 4]
    assert announced == [(1, 7), (2, 7), (3, 7)]
    assert said[0] == "• 1 clients: 50 a second, p95 100 ms, 0 failed"
    endless = (Step(clients, 50.0 * clients, 0.1, 0) for clients in itertools.count(1))
    assert len(capacity.run_steps(lambda clients: next(endless), 0.25, said.append)) == len(capacity.CLIENTS)


def test_a_file_without_replicas_has_those_of_its_size(site: Path) -> None:
    site.write_text("config:\n  outlast:kind: aws\n  outlast:size: production\n")
    assert "with 2 replicas" in run().output


def test_a_file_that_is_no_sites_is_refused(site: Path) -> None:
    site.write_text("config: {}\n")
    assert "outlast:kind: is missing" in run().output
    site.unlink()
    assert "--replicas says how many replicas run" in run().output
