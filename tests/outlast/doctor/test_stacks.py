"""What a set of stack files names, and what is wrong in the files themselves."""

from __future__ import annotations

from collections.abc import Callable

from outlast.doctor.checks import FINE, UNKNOWN, WRONG
from outlast.doctor.stacks import Subjects, look_at_files, look_for_keys, read_subjects
from tests.infra.harness import ROOT
from tests.sandbox.own_set import ACCOUNT, HOST, PROJECT, SUBSCRIPTION

KEYS = {"outlast:apiKeys": {"secure": "AAA"}}


def test_accounts_places_and_names_come_from_the_files(subjects: Callable[..., Subjects]) -> None:
    found = subjects()
    assert (found.accounts, found.domain, found.host) == ({ACCOUNT}, "example.org", HOST)
    places = found.places("azure", "azure-native:subscriptionId", "azure-native:location")
    assert [*places] == [(SUBSCRIPTION, "eastus")]
    assert found.sites("gcp")["prod-gcp"]["gcp:project"] == PROJECT
    assert found.encrypted == ()


def test_accounts_that_the_files_do_not_share_are_none(subjects: Callable[..., Subjects]) -> None:
    assert subjects({"prod-aws": {"aws:allowedAccountIds": ["999999999999"]}}).accounts == set()


def test_the_files_are_judged_as_the_programs_judge_them(subjects: Callable[..., Subjects]) -> None:
    assert look_at_files(subjects()).state == FINE
    found = look_at_files(subjects({"prod-gcp": {"gcp:region": "eastus"}}))
    assert found.state == WRONG
    assert "1 mistakes: stacks/Pulumi.prod-gcp.yaml: gcp:region" in found.what


def test_a_site_without_keys_is_named(subjects: Callable[..., Subjects]) -> None:
    found = look_for_keys(subjects({"prod-aws": KEYS, "prod-azure": KEYS}), {})
    assert (found.state, found.what) == (WRONG, "no outlast:apiKeys in prod-gcp")
    assert look_for_keys(subjects(dict.fromkeys(("prod-aws", "prod-azure", "prod-gcp"), KEYS)), {}).state == FINE


def test_the_stacks_of_a_sandbox_get_theirs_from_it(subjects: Callable[..., Subjects]) -> None:
    committed = read_subjects(ROOT, None)
    assert look_for_keys(committed, {}).state == UNKNOWN
    assert look_for_keys(subjects(), {"OUTLAST_STACK_KEYS": "/keys.json"}).state == UNKNOWN
    assert committed.encrypted == committed.stacks.stacks
