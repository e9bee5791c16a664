"""`outlast destroy`: a site goes only when no record leads to it, a base stack only when nobody needs it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from failover.simulator.store import Store
from outlast import destroy
from service.errors import InvalidInput, Refused, Unavailable
from tests.infra.harness import BASES, PRIVATE
from tests.sandbox.own_set import ACCOUNT, HOST, own_set, write


def record(site: str, weight: int) -> dict[str, Any]:
    shared = {"Name": HOST, "Type": "CNAME", "TTL": 30, "SetIdentifier": site, "Weight": weight}
    return {**shared, "ResourceRecords": [{"Value": f"{site}.{HOST}"}]}


@pytest.fixture(scope="module")
def route53() -> Any:
    """A zone whose host is answered by two of three sites, one of them in reserve."""
    client = Store().client
    zone = client.create_hosted_zone(Name="example.org", CallerReference="one")["HostedZone"]["Id"]
    changes: Any = [
        {"Action": "CREATE", "ResourceRecordSet": record(*row)} for row in (("prod-aws", 10), ("prod-gcp", 0))
    ]
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return client


@pytest.fixture
def ran(tmp_path: Path, route53: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks that Pulumi was asked to destroy."""
    files = own_set()
    files["prod-base-azure"] = dict(BASES["base-azure"])
    files["prod-traffic"]["outlast:drainSwitches"] = {"prod-aws": "prod-base-azure"}
    write(tmp_path, files)
    stacks: list[str] = []
    monkeypatch.setattr(destroy, "ROOT", tmp_path)
    monkeypatch.setattr(destroy, "build_client", lambda: route53)
    monkeypatch.setattr(destroy, "count_resources", lambda: {"prod-traffic": 19})
    monkeypatch.setattr(destroy, "run_pulumi", lambda stack, yes: stacks.append(stack) or 0)
    return stacks


def run(*words: str) -> Any:
    return CliRunner().invoke(destroy.destroy, [*words], standalone_mode=False).exception


def test_a_site_on_a_machine_of_one_s_own_stays_as_well(ran: list[str]) -> None:
    write(destroy.ROOT, {"prod-aws": PRIVATE | {"outlast:zone": "prod-zone"}})
    assert isinstance(run("prod-aws"), Refused) and ran == []


@pytest.mark.parametrize("site", ["prod-aws", "prod-gcp"])
def test_a_site_that_a_record_leads_to_stays(ran: list[str], site: str) -> None:
    refused = run(site)
    assert isinstance(refused, Refused) and ran == []
    assert f"still lead to {site} (weight {10 if site == 'prod-aws' else 0})" in refused.what
    assert refused.hint.startswith(
        f"take {site} out of outlast:sites and outlast:weights of stacks/Pulumi.prod-traffic"
    )
    assert "wait 30 s" in refused.hint, "at weight 0 it would answer when all the others are unhealthy"


def test_a_site_that_nothing_leads_to_goes(ran: list[str]) -> None:
    assert run("prod-azure") is None
    assert ran == ["prod-azure"]


def test_a_base_stack_with_a_switch_stays(ran: list[str]) -> None:
    refused = run("prod-base-azure")
    assert isinstance(refused, Refused) and ran == []
    assert [m.place for m in refused.mistakes] == ["stacks/Pulumi.prod-traffic.yaml: outlast:drainSwitches.prod-aws"]


@pytest.mark.parametrize(("accounts", "goes"), [((ACCOUNT,), True), (("999999999999",), False)])
def test_where_the_zone_is_gone_only_its_own_account_can_say_so(
    ran: list[str], monkeypatch: pytest.MonkeyPatch, accounts: tuple[str, ...], goes: bool
) -> None:
    """Credentials of another account see no zone either, and there DNS may well lead to the site."""
    monkeypatch.setattr(destroy, "build_client", lambda: Store().client)
    monkeypatch.setattr(destroy, "find_account", lambda: accounts[0])
    refused = run("prod-aws")
    assert (refused is None, ran) == (goes, ["prod-aws"] if goes else [])
    if not goes:
        assert isinstance(refused, InvalidInput) and "no public hosted zone of this account contains" in refused.what


def test_stacks_are_counted_as_pulumi_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"name": "prod-aws", "resourceCount": 41}, {"name": "organization/outlast/prod-gcp", "resourceCount": 0}]
    program = tmp_path / "pulumi"
    program.write_text(f"#!/bin/sh\necho '{json.dumps([*rows, {'name': 'prod-azure'}])}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert destroy.count_resources() == {"prod-aws": 41, "prod-gcp": 0, "prod-azure": 1}
    program.write_text("#!/bin/sh\necho no bucket >&2\nexit 255\n")
    with pytest.raises(Unavailable, match="`pulumi stack ls` failed: no bucket"):
        destroy.count_resources()


def test_other_stacks_are_pulumis_own_business(ran: list[str]) -> None:
    assert run("prod-traffic") is None
    assert ran == ["prod-traffic"]


def test_pulumi_runs_with_what_was_asked_and_its_code_is_ours(tmp_path: Path) -> None:
    program = tmp_path / "pulumi"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/typed\nexit 7\n')
    program.chmod(0o755)
    assert destroy.run_pulumi("prod-aws", yes=True, environ={"PATH": str(tmp_path)}) == 7
    assert (tmp_path / "typed").read_text() == "destroy -s prod-aws --yes --skip-preview\n"
    with pytest.raises(Unavailable, match="no `pulumi` on the PATH"):
        destroy.run_pulumi("prod-aws", yes=True, environ={"PATH": ""})


def test_a_site_without_a_zone_is_a_mistake_in_its_file(tmp_path: Path) -> None:
    write(tmp_path, {"prod-zone": {"outlast:kind": "zone"}})
    with pytest.raises(InvalidInput, match="outlast:zone of the site is missing"):
        destroy.find_host(tmp_path, {"outlast:kind": "aws"})
    with pytest.raises(InvalidInput, match=r"Pulumi\.prod-zone\.yaml: outlast:host is missing"):
        destroy.find_host(tmp_path, {"outlast:kind": "aws", "outlast:zone": "prod-zone"})
