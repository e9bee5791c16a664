"""The stack files of a deployment: every combination of clouds and sizes is one that the programs read."""

from __future__ import annotations

import datetime
from itertools import combinations

import pytest
import yaml

from failover.routing.lint_rules import RULES
from infra.contract import parse_site
from infra.prediction import lint_plan
from infra.settings.kinds import TrafficSettings
from infra.settings.profiles import PRODUCTION, SIZES
from infra.settings.reader import as_text
from infra.settings.regions import CLOUDS, REGION_KEYS
from infra.stack_file import parse
from outlast.init_deployment.files import EXCUSED_DAYS, Config, build, judge, render
from outlast.init_deployment.questions import fill
from service.bundle.folder import RELEASED, read_digest
from tests.infra.harness import HOST, ROOT, site
from tests.outlast.init_deployment.test_questions import GIVEN

TODAY = datetime.datetime.now(datetime.UTC).date()
SETS = [",".join(chosen) for count in (1, 2, 3) for chosen in combinations(CLOUDS, count)]


def made(**changed: str) -> dict[str, Config]:
    return build(ROOT, "prod", fill(GIVEN | changed), read_digest(RELEASED / "tumour"), TODAY)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("clouds", SETS)
def test_every_combination_is_a_set_that_agrees_with_itself(clouds: str, size: str) -> None:
    files = made(clouds=clouds, size=size, owner="platform", cost_centre="c1", alert_email="us@example.org")
    assert judge("prod", files) == []
    sites = [f"prod-{cloud}" for cloud in clouds.split(",")]
    bases = [f"prod-base-{cloud}" for cloud in clouds.split(",") if size == PRODUCTION]
    assert [*files] == ["prod-zone", *bases, *sites, "prod-traffic"]
    assert all(files[site]["outlast:size"] == size for site in sites)
    assert all(config["outlast:owner"] == "platform" for config in files.values())
    told = [stack for stack, config in files.items() if config.get("outlast:alertEmail") == "us@example.org"]
    assert told == [*sites, "prod-traffic"]


@pytest.mark.parametrize("clouds", SETS)
def test_the_linter_of_routing_refuses_nothing(clouds: str) -> None:
    config = made(clouds=clouds)["prod-traffic"]
    settings = parse("prod-traffic", {key: as_text(value) for key, value in config.items()}, today=TODAY)
    assert isinstance(settings, TrafficSettings)
    known = {f"prod-{cloud}": parse_site({**site(cloud), "name": f"prod-{cloud}"}) for cloud in clouds.split(",")}
    found = lint_plan(settings, HOST, known, settings.weights, {})
    refused = [one for one in found if one.severity == "error" and one.rule not in settings.exceptions]
    assert refused == []


def test_nothing_of_the_sandbox_is_left() -> None:
    for stack, config in made().items():
        text = render(stack, config)
        for word in ("000000000000", "outlast-sandbox", "outlast.example", "sandbox", "OUTLAST_DRILLS", "salt"):
            assert word not in text, (stack, word)
        assert yaml.safe_load(text)["config"] == config, "the words beside the settings are comments"


def test_names_are_protected_and_excuses_end() -> None:
    files = made()
    assert files["prod-zone"]["outlast:protect"] is True
    assert not any("outlast:protect" in files[f"prod-{cloud}"] for cloud in CLOUDS), "a site is protected by default"
    ends = {row["until"] for config in files.values() for row in config.get("outlast:exceptions", [])}
    assert ends == {str(TODAY + datetime.timedelta(days=EXCUSED_DAYS))}


def test_a_production_site_is_excused_from_no_rule() -> None:
    files = made(size="production", owner="platform", cost_centre="c1")
    assert not any("outlast:exceptions" in files[f"prod-{cloud}"] for cloud in CLOUDS)


WHOSE = {"owner": "platform", "cost_centre": "c1"}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_production_site_has_a_base_stack_for_what_outlives_it(cloud: str) -> None:
    files = made(size="production", **WHOSE)
    site, base = files[f"prod-{cloud}"], files[f"prod-base-{cloud}"]
    assert site["outlast:base"] == site["outlast:heldIn"] == f"prod-base-{cloud}"
    assert base["outlast:holdsFor"] == [f"prod-{cloud}"] and base["outlast:protect"] is True
    assert (base["outlast:auditRetentionDays"], base["outlast:logRetentionDays"]) == (30, 365)
    assert base[REGION_KEYS[cloud]] == site[REGION_KEYS[cloud]]
    switch = files["prod-traffic"]["outlast:drainSwitches"][f"prod-{cloud}"]
    assert switch in files and switch != f"prod-base-{cloud}", "in another cloud than the site"


def test_base_stacks_are_left_out_and_asked_for_by_their_days() -> None:
    without = made(size="production", audit_days="0", **WHOSE)
    assert [*without] == ["prod-zone", *(f"prod-{cloud}" for cloud in CLOUDS), "prod-traffic"]
    assert not any({"outlast:base", "outlast:drainSwitches"} & config.keys() for config in without.values())
    small = made(audit_days="7", clouds="aws")
    assert small["prod-base-aws"]["outlast:auditRetentionDays"] == 7
    assert "outlast:drainSwitches" not in small["prod-traffic"], "no other cloud is there to hold it"


def test_names_of_stores_are_such_as_a_cloud_takes_however_long_the_set_is_called() -> None:
    name = "our-prod-2026"
    answers = fill({**GIVEN, **WHOSE, "size": "production", "prefix": "outlast"})
    files = build(ROOT, name, answers, read_digest(RELEASED / "tumour"), TODAY)
    assert judge(name, files) == []
    assert files[f"{name}-base-azure"]["outlast:store"] == "outlastourproswitch"


def test_one_site_alone_is_excused_from_the_rule_about_it() -> None:
    (excuse,) = made(clouds="gcp")["prod-traffic"]["outlast:exceptions"]
    assert excuse["rule"] == "one-site" and excuse["rule"] in RULES
    assert "outlast:exceptions" not in made(clouds="aws,gcp")["prod-traffic"]


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"aws_account": "12"}, "--aws-account"),
        ({"aws_region": "eastus"}, "--aws-region"),
        ({"azure_region": "us-east-1"}, "--azure-region"),
        ({"azure_vault": "k"}, "--azure-vault"),
        ({"gcp_project": "X"}, "--gcp-project"),
        ({"host": "example.org"}, "--host"),
        ({"prefix": "a-prefix-that-is-much-too-long-for-google"}, "--prefix"),
        ({"budget": "much"}, "--budget"),
        ({"size": "huge"}, "--size"),
        ({"owner": "Platform Team"}, "--owner"),
        ({"audit_days": "a year"}, "--audit-days"),
    ],
)
def test_what_the_programs_refuse_is_told_at_the_flag(changed: dict[str, str], place: str) -> None:
    assert place in {mistake.place for mistake in judge("prod", made(**changed))}
