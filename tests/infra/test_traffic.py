"""Routing: one health check for each site that exists, one record for each that may take traffic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from tests.infra.harness import HOST, Run, accepted_model, run_stack, site

RECORD, CHECK = "aws:route53/record:Record", "aws:route53/healthCheck:HealthCheck"
OTHER = "sha256:" + "f" * 64


def group(run: Run) -> dict[str, Any]:
    """The records of the public host."""
    return {name: record for name, record in run.all(RECORD).items() if record.inputs["name"] == HOST}


def test_group_is_one_name_with_a_weight_and_a_check_for_each_site(run_of: Callable[[str], Run]) -> None:
    records = group(run_of("traffic"))
    assert {r.inputs["setIdentifier"] for r in records.values()} == records.keys() == {"aws", "azure", "gcp"}
    weights = {name: r.inputs["weightedRoutingPolicies"] for name, r in records.items()}
    assert weights == {"aws": [{"weight": 50}], "azure": [{"weight": 30}], "gcp": [{"weight": 20}]}
    assert {name: r.inputs["records"] for name, r in records.items()} == {n: [f"{n}.{HOST}"] for n in records}
    assert {name: r.inputs["healthCheckId"] for name, r in records.items()} == {n: f"{n}-id" for n in records}


def test_a_checker_goes_to_the_address_where_there_is_one_and_never_resolves_the_public_host(
    run_of: Callable[[str], Run],
) -> None:
    where = {n: (c.inputs.get("ipAddress"), c.inputs["fqdn"]) for n, c in run_of("traffic").all(CHECK).items()}
    assert where == {"aws": (None, f"aws.{HOST}"), "azure": ("192.0.2.20", HOST), "gcp": ("192.0.2.30", HOST)}


def test_a_check_has_room_for_the_tags_of_a_drill_or_a_drain() -> None:
    """Route 53 takes ten of a health check; either puts three beside these."""
    tags = run_stack("traffic", clientKinds=["jvm"]).one(CHECK, "azure").inputs["tags"]
    assert len(tags) + 3 <= 10


def test_checks_carry_what_a_drill_needs_to_know(run_of: Callable[[str], Run]) -> None:
    assert run_of("traffic").one(CHECK, "azure").inputs["tags"] == {
        "Name": f"azure.{HOST}",
        "outlast:cloud": "azure",
        "outlast:capacity-rps": "100",
        "outlast:model-digest": accepted_model(),
        "outlast:workload": "the-workload-of/azure",
        "outlast:fault-flag": "https://outlast-drills.s3.us-east-1.amazonaws.com/faults/azure.json",
    }


def test_checks_say_for_which_clients_a_drill_has_to_wait() -> None:
    run = run_stack("traffic", clientKinds=["jvm", "browser"])
    assert run.one(CHECK, "azure").inputs["tags"]["outlast:client-kinds"] == "jvm browser"


def test_an_up_does_not_end_a_drill(run_of: Callable[[str], Run]) -> None:
    for check in run_of("traffic").all(CHECK).values():
        assert check.options["ignoreChanges"] == ["disabled", "invertHealthcheck"]
        assert not {"disabled", "invertHealthcheck"} & check.inputs.keys()


def test_clients_find_every_site_that_may_take_traffic_in_one_record() -> None:
    run = run_stack("traffic", stacks={"gcp": {"site": site("gcp", model_digest=OTHER)}})
    (listed,) = (record for record in run.all(RECORD).values() if record.inputs["type"] == "SRV")
    assert listed.inputs["name"] == f"_https._tcp.{HOST}"
    assert listed.inputs["records"] == [f"0 50 443 aws.{HOST}", f"0 30 443 azure.{HOST}"]


def test_a_missing_site_costs_the_others_nothing() -> None:
    run = run_stack("traffic", stacks={"azure": {}})
    assert group(run).keys() == run.all(CHECK).keys() == {"aws", "gcp"}
    assert run.outputs["routing"]["left_out"].keys() == {"azure"}


def test_a_site_with_another_model_is_checked_but_takes_no_traffic() -> None:
    run = run_stack("traffic", stacks={"gcp": {"site": site("gcp", model_digest=OTHER)}})
    assert group(run).keys() == {"aws", "azure"}
    assert run.all(CHECK).keys() == {"aws", "azure", "gcp"}
    assert OTHER in run.outputs["routing"]["left_out"]["gcp"]


def test_two_models_may_serve_while_a_release_goes_round() -> None:
    run = run_stack(
        "traffic",
        stacks={"gcp": {"site": site("gcp", model_digest=OTHER)}},
        acceptedModels=[accepted_model(), OTHER],
    )
    assert group(run).keys() == {"aws", "azure", "gcp"}


def test_nobody_left_is_refused_with_the_reasons() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        run_stack("traffic", stacks={"azure": {}, "gcp": {}}, acceptedModels=[OTHER])
    said = str(caught.value)
    assert "no site may take traffic" in said
    assert "aws: it serves the model" in said
    assert "azure: the stack has no site" in said
    assert "hint: bring up a site, or put the digest" in said


def test_settings_reach_the_records_and_the_checks() -> None:
    run = run_stack(
        "traffic",
        ttlSeconds=15,
        checkIntervalSeconds=30,
        failureThreshold=2,
        checkerRegions=["us-east-1", "us-west-1", "eu-west-1"],
        weights={"aws": 100, "azure": 0, "gcp": 0},
    )
    check = run.one(CHECK, "gcp").inputs
    assert (check["requestInterval"], check["failureThreshold"], len(check["regions"])) == (30, 2, 3)
    assert run.one(RECORD, "gcp").inputs["ttl"] == 15
    assert run.one(RECORD, "gcp").inputs["weightedRoutingPolicies"] == [{"weight": 0}]


def test_the_path_and_text_that_checkers_look_for_are_the_services_own(run_of: Callable[[str], Run]) -> None:
    check = run_of("traffic").one(CHECK, "aws").inputs
    assert (check["resourcePath"], check["searchString"]) == ("/health", '"status":"ok"')


def test_routing_that_would_not_survive_a_loss_is_refused_with_all_reasons() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        run_stack("traffic", stacks={"azure": {}, "gcp": {}})
    said = str(caught.value)
    assert "would not survive the loss of a site" in said
    assert "aws: is the only record: with one site there is no other to go to (rule one-site)" in said
    assert "or excuse the rule in outlast:exceptions of stacks/Pulumi.traffic.yaml" in said


def test_a_rule_that_the_file_excuses_is_said_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    excused = [{"rule": "one-site", "reason": "the second comes in March", "until": "2099-01-01"}]
    run = run_stack("traffic", stacks={"azure": {}, "gcp": {}}, exceptions=excused)
    assert group(run).keys() == {"aws"}
    (told,) = [line for line in said if "only record" in line]
    assert "(excused until 2099-01-01: the second comes in March)" in told
    assert not told.startswith(("error", "warning")), "Pulumi says that it is a warning"


# -- other policies --------------------------------------------------------------------------------------------------

GEOGRAPHIES = {
    "eu": {"continents": ["EU"], "countries": ["TR"], "allowedSites": ["azure", "gcp"]},
    "world": {"default": True, "allowedSites": ["aws", "azure", "gcp"]},
}
REGIONS = {"aws": "us-east-1", "azure": "eu-central-1", "gcp": "eu-west-1"}


def test_active_passive_is_a_chain_of_pairs_in_the_order_of_the_sites() -> None:
    run = run_stack("traffic", routing="active-passive", weights=None)
    records = run.all(RECORD)
    listed = records.pop("sites").inputs["records"]
    assert listed == [f"{number} 1 443 {name}.{HOST}" for number, name in enumerate(("aws", "azure", "gcp"))]
    roles = {n: (r.inputs["name"], r.inputs["failoverRoutingPolicies"][0]["type"]) for n, r in records.items()}
    assert roles == {
        "aws": (HOST, "PRIMARY"),
        "standby": (HOST, "SECONDARY"),
        "standby1-azure": (f"standby1.{HOST}", "PRIMARY"),
        "standby1-gcp": (f"standby1.{HOST}", "SECONDARY"),
    }
    alias = {"name": f"standby1.{HOST}", "zoneId": "Z0SANDBOX", "evaluateTargetHealth": True}
    assert records["standby"].inputs["aliases"] == [alias]
    assert not {"ttl", "records", "healthCheckId"} & records["standby"].inputs.keys()
    below = [f"{RECORD}::standby1-azure", f"{RECORD}::standby1-gcp"]
    assert records["standby"].options["dependsOn"] == below, "Route 53 refuses an alias to what is not there"
    assert run.outputs["routing"]["policy"] == "active-passive"


def test_latency_gives_each_site_the_region_that_it_stands_for() -> None:
    records = group(run_stack("traffic", routing="latency", weights=None, latencyRegions=REGIONS))
    assert {n: r.inputs["latencyRoutingPolicies"][0]["region"] for n, r in records.items()} == REGIONS


def test_geolocation_leads_each_location_to_the_allowed_sites_and_nowhere_else() -> None:
    records = run_stack("traffic", routing="geolocation", geographies=GEOGRAPHIES).all(RECORD)
    located = {n: r.inputs["geolocationRoutingPolicies"] for n, r in records.items() if r.inputs["name"] == HOST}
    assert located == {
        "continent-EU": [{"continent": "EU"}],
        "country-TR": [{"country": "TR"}],
        "default": [{"country": "*"}],
    }
    groups = {n for n, r in records.items() if r.inputs["name"] == f"eu.{HOST}"}
    assert groups == {"eu-azure", "eu-gcp"}
    assert not any(records[n].inputs["aliases"][0]["evaluateTargetHealth"] for n in located)
    assert "sites" not in records, "a list of every site would lead clients out of their geography"


def test_without_an_allowed_site_a_geography_answers_nothing_and_the_preview_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    excused = [{"rule": "one-site", "reason": "rehearsal", "until": "2099-01-01"}]
    missing: dict[str, Any] = {"azure": {}, "gcp": {}}
    run = run_stack("traffic", stacks=missing, routing="geolocation", geographies=GEOGRAPHIES, exceptions=excused)
    europe = run.one(RECORD, "continent-EU").inputs
    assert (europe["records"], europe.get("aliases")) == ([f"eu.{HOST}"], None)
    assert any("leads to eu.api.outlast.example, which has no records" in line for line in said)


def test_a_site_in_a_region_outside_its_geography_is_refused() -> None:
    europe = GEOGRAPHIES["eu"] | {"allowedRegions": ["westeurope", "europe-west1"]}
    sites = {"azure": {"site": site("azure", region="westeurope")}, "gcp": {"site": site("gcp", region="us-east4")}}
    with pytest.raises(pulumi.RunError) as caught:
        run_stack("traffic", stacks=sites, routing="geolocation", geographies=GEOGRAPHIES | {"eu": europe})
    assert "gcp: is in us-east4, not in westeurope, europe-west1" in str(caught.value)
    assert "(rule region-outside)" in str(caught.value)


def test_promises_that_cannot_be_kept_are_told_in_the_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    run_stack("traffic", rtoSeconds=60, peakRps=180)
    told = "\n".join(said)
    assert "to leave a dead site, 60 s are promised: the promise cannot be kept" in told
    assert "aws: leaves 200 requests a second when lost, not 1.2 times the peak of 180" in told
    said.clear()
    run_stack("traffic", rtoSeconds=120, peakRps=160)
    assert [line for line in said if "nobody has measured" not in line] == []


def test_another_policy_on_records_that_are_there_is_refused_in_the_preview() -> None:
    """Route 53 would refuse the first changed record, with some of the stack changed already."""
    with pytest.raises(pulumi.RunError) as refused:
        run_stack(
            "traffic",
            stacks={"traffic": {"routing": {"policy": "weighted"}}},
            weights=None,
            sites=["aws", "azure", "gcp"],
            routing="active-passive",
        )
    told = str(refused.value)
    assert "the host's records are weighted, and outlast:routing says active-passive" in told
    assert "pulumi destroy -s traffic --yes && pulumi up -s traffic --yes" in told


@pytest.mark.parametrize("before", [{}, {"routing": None}, {"routing": {"policy": "active-passive"}}])
def test_the_same_policy_and_none_before_are_taken(before: dict[str, Any]) -> None:
    assert group(
        run_stack(
            "traffic", stacks={"traffic": before}, weights=None, sites=["aws", "azure", "gcp"], routing="active-passive"
        )
    )
