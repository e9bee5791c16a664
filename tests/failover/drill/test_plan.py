"""The plan: what it holds, and that its hash is over all of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.drill.discover import read_fleet
from failover.drill.plan import DrillPlan, Limits, find_lost_site, render_plan
from failover.levers.change import FLAG
from failover.levers.levels import Way
from service.errors import InvalidInput, Refused
from tests.failover.drill.fake_route53 import FakeRoute53
from tests.failover.drill.fakes import UNHURRIED, Stage
from tests.failover.drill.three_sites import HOST


def test_says_who_takes_over(stage: Stage) -> None:
    plan = stage.plan()
    assert {site.name: site.share for site in plan.sites} == {"aws": 0.5, "azure": 0.3, "gcp": 0.2}
    assert {site.name: site.share_during for site in plan.sites} == {"aws": 0.0, "azure": 0.6, "gcp": 0.4}
    assert dict(plan.change.before) == {"Disabled": False, "Inverted": False}
    assert dict(plan.change.after) == {"Disabled": True, "Inverted": True}
    assert plan.change.version == 1


def test_level_1_has_no_detection(stage: Stage) -> None:
    assert [term.name for term in stage.plan().failover.terms] == ["switch", "caches", "client"]
    assert [term.name for term in stage.plan().failback.terms] == ["switch", "caches", "client"]


def test_says_which_kinds_of_clients_are_played_and_what_is_expected_of_each(stage: Stage) -> None:
    assert stage.plan().kinds == {}
    plan = stage.plan(wait_for=("jvm",))
    assert list(plan.kinds) == ["jvm"] and plan.kinds["jvm"][0] < plan.kinds["jvm"][1]
    assert "  played     jvm: clients that hold on" in render_plan(plan)
    broken = stage.plan(way=Way(2, FLAG, "https://flag", "errors:1"))
    assert list(broken.kinds) == ["pool", "jvm", "browser", "outlast"]
    assert json.loads(json.dumps(broken.to_data()))["kinds"]["outlast"] == list(broken.kinds["outlast"])


def test_the_same_world_gives_the_same_hash(stage: Stage) -> None:
    assert stage.plan().hash == stage.plan().hash
    assert len(stage.plan().hash) == 16


def _changed(plan: DrillPlan) -> dict[str, DrillPlan]:
    return {
        "lose": replace(plan, lose="gcp"),
        "host": replace(plan, host="other.example"),
        "speed": replace(plan, speed=1),
        "ttl": replace(plan, ttl_seconds=60),
        "a weight": replace(plan, sites=(replace(plan.sites[0], weight=51), *plan.sites[1:])),
        "a version": replace(plan, change=replace(plan.change, version=2)),
        "another site's version": replace(plan, sites=(*plan.sites[:2], replace(plan.sites[2], check_version=2))),
        "a capacity": replace(plan, sites=(replace(plan.sites[0], capacity_rps=1.0), *plan.sites[1:])),
        "a model": replace(plan, sites=(replace(plan.sites[0], model_digest="sha256:1"), *plan.sites[1:])),
        "golden": replace(plan, golden_digest="sha256:1"),
        "peak": replace(plan, peak_rps=41.0),
        "limits": replace(plan, limits=Limits(max_duration_seconds=601.0)),
        "overrides": replace(plan, overrides=("capacity",)),
        "prediction": replace(plan, failover=plan.failback.__class__(plan.failover.terms[:2])),
    }


def test_the_hash_is_over_everything(stage: Stage) -> None:
    plan = stage.plan()
    hashes = {name: changed.hash for name, changed in _changed(plan).items()}
    assert len({plan.hash, *hashes.values()}) == len(hashes) + 1, hashes


def test_what_moves_by_itself_is_no_part_of_it(stage: Stage) -> None:
    before = stage.plan().hash
    stage.clock.sleep(1000.0)
    stage.dead.add("gcp")
    assert stage.plan().hash == before


def test_a_write_by_anybody_makes_another_plan(stage: Stage) -> None:
    before = stage.plan().hash
    stage.client.update_health_check(HealthCheckId="check-gcp", FailureThreshold=3)
    assert stage.plan().hash != before


@pytest.mark.parametrize("lose", ["aws,azure", "aws azure", "aws, azure, gcp", "aws aws"])
def test_two_sites_are_refused(stage: Stage, lose: str) -> None:
    stage.lose = lose
    with pytest.raises(Refused, match="a drill loses one site at a time"):
        stage.plan()


@pytest.mark.parametrize("lose", ["", " ", "AWS", "oracle"])
def test_no_such_site_names_those_there_are(stage: Stage, lose: str) -> None:
    stage.lose = lose
    with pytest.raises(InvalidInput, match="one of: aws, azure, gcp"):
        stage.plan()


@UNHURRIED
@given(st.text(max_size=20))
def test_any_text_names_a_site_or_is_an_error(lose: str) -> None:
    fleet = read_fleet(FakeRoute53(), HOST)  # type: ignore[arg-type]
    try:
        assert find_lost_site(fleet, lose).name == lose.strip(" ,\t\n")
    except (InvalidInput, Refused) as error:
        assert error.hint or isinstance(error, InvalidInput)


def test_is_json_with_its_hash(stage: Stage) -> None:
    plan = stage.plan()
    data: dict[str, Any] = json.loads(json.dumps(plan.to_data()))
    assert data["hash"] == plan.hash
    assert data["sites"][0]["name"] == "aws"
    assert data["failover"]["terms"][0]["name"] == "switch"


def test_as_text_a_person_can_judge_it(stage: Stage) -> None:
    text = render_plan(stage.plan(overrides=("capacity",)))
    for part in (
        "lose aws of api.outlast.example",
        "10 times real time",
        "Disabled=False, Inverted=False -> Disabled=True, Inverted=True",
        "undo",
        "40 rps",
        "predicted failover",
        "overridden guards: capacity",
    ):
        assert part in text
    assert "unknown" not in text
    assert "peak load  not known" in render_plan(stage.plan(peak_rps=None))


def test_shares_without_weights_are_equal(stage: Stage) -> None:
    for record in stage.client.records:
        record["Weight"] = 0
    plan = stage.plan()
    assert [site.share for site in plan.sites] == pytest.approx([1 / 3] * 3, abs=1e-5)
