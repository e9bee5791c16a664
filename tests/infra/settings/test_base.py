"""A base stack's file, and the switches in a traffic stack's: what is read, and every mistake with what to write."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings.base import LONGEST_AUDITED
from infra.settings.kinds import BaseSettings, TrafficSettings
from infra.stack_file import parse
from service.errors import InvalidInput
from tests.infra.harness import SWITCHES, configuration


def mistakes(stack: str, **changed: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        parse(stack, configuration(stack, **changed))
    return {m.place.split(": ")[1].removeprefix("outlast:"): f"{m.what}: {m.hint}" for m in caught.value.mistakes}


@pytest.mark.parametrize(
    ("stack", "region", "account"),
    [
        ("base-aws", "us-east-1", ""),
        ("base-azure", "westeurope", "00000000-0000-0000-0000-000000000000"),
        ("base-gcp", "europe-west1", "outlast-sandbox"),
    ],
)
def test_a_base_stack_is_read_whole(stack: str, region: str, account: str) -> None:
    config = configuration(stack)
    store = config["outlast:store"]
    expected = BaseSettings("base", stack, stack[5:], region, account, store, protect=False, labels={"stack": stack})
    assert parse(stack, config) == expected


@pytest.mark.parametrize(
    ("stack", "changed", "key", "told"),
    [
        ("base-aws", {"cloud": "oci"}, "cloud", "write one of aws, azure, gcp"),
        ("base-aws", {"store": "Switches"}, "store", "3 to 63 letters a-z"),
        ("base-aws", {"store": "sthree-switches"}, "store", "none that S3 keeps for itself"),
        ("base-aws", {"store": "switches--x-s3"}, "store", "none that S3 keeps for itself"),
        ("base-gcp", {"store": "my-google-switches"}, "store", "without goog at the beginning"),
        ("base-azure", {"store": "outlast-switches"}, "store", "3 to 24 letters a-z and digits"),
        ("base-gcp", {"store": None}, "store", "is missing"),
        ("base-gcp", {"protect": None}, "protect", "is missing"),
        ("base-aws", {"auditRetentionDays": 0}, "auditRetentionDays", "a whole number from 1 to 3650"),
        ("base-gcp", {"auditRetentionDays": 5000}, "auditRetentionDays", "a whole number from 1 to 3650"),
        ("base-aws", {"auditRetentionDays": 1, "auditStore": "Audit"}, "auditStore", "3 to 63 letters a-z"),
        (
            "base-aws",
            {"auditRetentionDays": 1, "auditStore": "outlast-switches"},
            "auditStore",
            "which anybody may read",
        ),
        ("base-gcp", {"auditRetentionDays": 1, "auditStore": "-"}, "auditStore", "at most 100 letters"),
        (
            "base-azure",
            {"auditRetentionDays": 1, "store": "twentytwoletterswides"},
            "auditStore",
            "'twentytwoletterswidesaudit' cannot be its name: write 3 to 24 letters",
        ),
        ("base-aws", {"auditStore": "records"}, "auditStore", "is not a setting of this kind of stack"),
        ("aws", {"base": "Base"}, "base", "write the name of a stack"),
        ("traffic", {"drainSwitches": {"oci": "base-aws"}}, "drainSwitches.oci", "is not among outlast:sites"),
        ("traffic", {"drainSwitches": {"aws": "Base"}}, "drainSwitches.aws", "write the name of a base stack"),
        ("traffic", {"drainSwitches": ["aws"]}, "drainSwitches", "a map"),
    ],
)
def test_mistakes_are_named(stack: str, changed: dict[str, Any], key: str, told: str) -> None:
    assert told in mistakes(stack, **changed)[key]


@pytest.mark.parametrize(
    ("stack", "given", "store"),
    [
        ("base-aws", None, "outlast-switches-audit"),
        ("base-azure", None, "outlastswitchesaudit"),
        ("base-gcp", None, "base-gcp-audit"),
        ("base-aws", "records-of-ours", "records-of-ours"),
    ],
)
def test_an_audit_store_is_named_after_the_other_unless_the_file_names_it(
    stack: str, given: str | None, store: str
) -> None:
    settings = parse(stack, configuration(stack, auditRetentionDays=400, auditStore=given))
    assert isinstance(settings, BaseSettings)
    assert (settings.audit_store, settings.audit_days) == (store, 400)


def test_switches_are_read_by_site_and_may_be_left_out() -> None:
    for given, found in ((SWITCHES, SWITCHES), (None, {})):
        settings = parse("traffic", configuration("traffic", drainSwitches=given))
        assert isinstance(settings, TrafficSettings) and settings.drain_switches == found


def test_a_stack_whose_audit_roles_would_have_too_long_a_name_is_refused() -> None:
    config = configuration("base-aws", auditRetentionDays=1)
    assert isinstance(parse("b" * LONGEST_AUDITED, config), BaseSettings)
    with pytest.raises(InvalidInput, match="the roles of its audit store are called after it"):
        parse("b" * (LONGEST_AUDITED + 1), config)
