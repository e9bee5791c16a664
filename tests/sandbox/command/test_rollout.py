"""In what order sites are changed, and what stops the next one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from failover.dial import Dial
from failover.resolution import Resolution
from sandbox.command import rollout
from sandbox.command.rollout import Asking, Rollout, changes_anything, deploy_sites, find_serving, find_wrong
from sandbox.engine import commands
from sandbox.steps import Steps
from service.bundle.folder import RELEASED, load_golden
from service.errors import Deviated, InvalidInput, Refused

GOLDEN = load_golden(RELEASED / "tumour")
SITES = ("aws", "azure", "gcp")
Handler = Callable[[httpx.Request], httpx.Response]


class FakeDial(Dial):
    """Every site has an address, and `handler` answers at all of them."""

    handler: Handler

    def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Resolution:
        known = () if host.startswith("lost.") else ("127.0.0.9",)
        return Resolution(host, rdtype, known, (), 60, "NOERROR", True, 0.0)

    def client(self, **asked: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.handler))


def answering(request: httpx.Request, *, digest: str = GOLDEN.digest, wrong: bool = False) -> httpx.Response:
    """What a site says that serves the released model, or another."""
    if request.url.path == "/health":
        return httpx.Response(200, json={"models": {"tumour": {"digest": digest}}})
    asked = json.loads(request.content)["inputs"][0]["data"]
    row = next(row for row in GOLDEN.rows if [*row.features] == asked)
    label = next(name for name in GOLDEN.classes if name != row.label) if wrong else row.label
    outputs = [
        {"name": "label", "data": [label]},
        {"name": "probabilities", "data": [*row.probabilities.values()]},
    ]
    return httpx.Response(200, json={"outputs": outputs})


def summary(changes: Mapping[str, int] | None) -> str:
    """The event by which the CLI ends."""
    return json.dumps({"summaryEvent": {"resourceChanges": changes}})


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def rolling(tmp_path: Path, told: list[str]) -> Rollout:
    dial = FakeDial()
    object.__setattr__(dial, "handler", answering)
    pulumi: Any = SimpleNamespace(command="pulumi")
    models = {"tumour": GOLDEN.digest}
    return Rollout(pulumi, {}, tmp_path, Steps(told.append), Asking(dial, "api.x", "", lambda site: models))


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that were run, those side by side in one line, with a star where an update previews nothing."""
    lines: list[str] = []

    def run_all(pulumi: object, asked: Mapping[str, list[str]], **_: object) -> dict[str, str]:
        verb = next(iter(asked.values()))[0]
        previewed = {site: "*" if "--skip-preview" in words else "" for site, words in asked.items()}
        lines.append(f"{verb}: {' '.join(site + mark for site, mark in previewed.items())}")
        return {site: summary({"same": 9} | _changes(site)) for site in asked}

    monkeypatch.setattr(commands, "run_all", run_all)
    return lines


def _changes(site: str) -> dict[str, int]:
    return {"update": 1} if site in ("aws", "gcp") else {}


def test_the_first_bring_up_is_side_by_side(rolling: Rollout, ran: list[str]) -> None:
    assert deploy_sites(rolling, SITES, []).keys() == {*SITES}
    assert ran == ["up: aws azure gcp"]


def test_sites_that_serve_are_changed_one_after_the_other_when_all_were_previewed(
    rolling: Rollout, ran: list[str]
) -> None:
    assert deploy_sites(rolling, SITES, SITES).keys() == {*SITES}
    assert ran == ["preview: aws azure gcp", "up: azure*", "up: aws*", "up: gcp*"]


def test_a_new_site_comes_up_beside_what_does_not_change(rolling: Rollout, ran: list[str]) -> None:
    deploy_sites(rolling, SITES, ["azure", "gcp"])
    assert ran == ["preview: azure gcp", "up: aws azure*", "up: gcp*"]


def test_a_site_that_answers_wrong_stops_the_others(
    rolling: Rollout, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(rolling.asking.dial, "handler", lambda request: answering(request, wrong=True))
    minutes = iter(range(0, 10_000, 60))
    clock = SimpleNamespace(monotonic=lambda: float(next(minutes)), sleep=lambda seconds: None)
    monkeypatch.setattr(rollout, "time", clock)
    with pytest.raises(Deviated, match="aws was changed and does not answer its golden rows: tumour") as caught:
        deploy_sites(rolling, SITES, SITES)
    assert "; gcp stay as they were" in caught.value.what
    assert ran[-1] == "up: aws*"


def test_what_a_preview_refuses_changes_no_site(rolling: Rollout, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_all(pulumi: object, asked: Mapping[str, list[str]], **_: object) -> dict[str, str]:
        assert next(iter(asked.values()))[0] == "preview"
        raise InvalidInput("a model that traffic does not accept")

    monkeypatch.setattr(commands, "run_all", run_all)
    with pytest.raises(InvalidInput, match="does not accept"):
        deploy_sites(rolling, SITES, SITES)


@pytest.mark.parametrize(
    ("site", "handler", "wrong"),
    [
        ("aws", answering, ""),
        ("lost", answering, "lost.api.x has no address"),
        ("aws", lambda request: answering(request, digest="sha256:0"), "tumour is sha256:0 there, not"),
        ("aws", lambda request: answering(request, wrong=True), "expected '"),
        ("aws", lambda request: httpx.Response(200, text="<html>"), "JSONDecodeError"),
        ("aws", lambda request: (_ for _ in ()).throw(httpx.ConnectError("refused")), "ConnectError: refused"),
    ],
)
def test_a_site_is_right_when_each_model_gives_its_golden_answers(
    rolling: Rollout, site: str, handler: Handler, wrong: str
) -> None:
    object.__setattr__(rolling.asking.dial, "handler", handler)
    found = find_wrong(rolling.asking, site)
    assert wrong in found
    assert bool(found) == bool(wrong)


def test_a_model_of_another_digest_is_never_taken_for_right(rolling: Rollout) -> None:
    other = replace(rolling.asking, models_of=lambda site: {"tumour": "sha256:0"})
    assert "and sha256:0 is to be served" in find_wrong(other, "aws")


def test_a_site_serves_when_a_replica_of_it_is_ready() -> None:
    workloads = [
        {"stack": "aws", "replicas": [{"ready": False}, {"ready": True}]},
        {"stack": "gcp", "replicas": [{"ready": False}]},
        {"stack": "other", "replicas": [{"ready": True}]},
    ]
    assert find_serving({"workloads": workloads}, SITES) == ["aws"]


@pytest.mark.parametrize(
    ("found", "changes"),
    [({"same": 3}, False), ({}, False), (None, False), ({"same": 3, "replace": 1}, True), ({"create": 1}, True)],
)
def test_a_preview_says_whether_anything_changes(found: dict[str, int] | None, changes: bool) -> None:
    events = [json.dumps({"preludeEvent": {}}), summary(found), "warning: not JSON", '"text"']
    assert changes_anything("\n".join(events)) is changes


def test_every_command_holds_resources_to_the_policy_pack(rolling: Rollout, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run_all(pulumi: object, each: Mapping[str, list[str]], **given: Any) -> dict[str, str]:
        asked.extend(each.values())
        assert given["environ"]["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"] == "true", "else a refusal has no words"
        return {site: summary({"update": 1}) for site in each}

    monkeypatch.setattr(commands, "run_all", run_all)
    deploy_sites(replace(rolling, policy=("--policy-pack", "infra/policy")), ["aws"], ["aws"])
    assert [words[0] for words in asked] == ["preview", "up"]
    assert all("--policy-pack" in words for words in asked)


def test_a_stack_that_has_something_to_lose_is_previewed_although_nobody_asks_it(
    rolling: Rollout, ran: list[str]
) -> None:
    deploy_sites(rolling, SITES, [], holding=["gcp"])
    assert ran == ["preview: gcp", "up: aws azure gcp*"]


def test_a_preview_that_loses_data_changes_no_site(rolling: Rollout, monkeypatch: pytest.MonkeyPatch) -> None:
    urn = "urn:pulumi:aws::outlast::aws:ecr/repository:Repository::repository"
    lost = {"metadata": {"op": "replace", "urn": urn, "type": "aws:ecr/repository:Repository"}}
    done: list[str] = []

    def run_all(pulumi: object, each: Mapping[str, list[str]], **_: object) -> dict[str, str]:
        done.extend(words[0] for words in each.values())
        return {site: json.dumps({"resourcePreEvent": lost}) for site in each}

    monkeypatch.setattr(commands, "run_all", run_all)
    with pytest.raises(Refused, match="would lose"):
        deploy_sites(rolling, ["aws"], [], holding=["aws"])
    assert done == ["preview"]
    deploy_sites(replace(rolling, replace=[urn]), ["aws"], [], holding=["aws"])
    assert done == ["preview", "preview", "up"]
