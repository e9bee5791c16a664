"""What a site's tags say, also when they say nothing or nonsense."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from failover.drill.fleet import TAG_CAPACITY, TAG_DIGEST, TAG_EXPIRES, TAG_ID, Fleet, FleetSite, HealthCheck, is_past

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def site(name: str = "aws", **tags: str) -> FleetSite:
    named = {{"capacity": TAG_CAPACITY, "digest": TAG_DIGEST}[key]: value for key, value in tags.items()}
    return FleetSite(name, f"{name}.api.outlast.example", 10, HealthCheck(f"c-{name}", 1, 10, 3, tags=named))


@pytest.mark.parametrize(
    ("said", "capacity"),
    [("250", 250.0), ("0.5", 0.5), ("0", None), ("-3", None), ("plenty", None), ("", None), ("nan", None)],
)
def test_a_capacity_is_a_number_above_zero_or_unknown(said: str, capacity: float | None) -> None:
    assert site(capacity=said).capacity_rps == capacity


def test_a_site_without_tags_says_neither_capacity_nor_model() -> None:
    assert site().capacity_rps is None
    assert site().model_digest is None
    assert site(digest="sha256:1").model_digest == "sha256:1"


def test_a_check_that_no_drill_holds_has_no_drill() -> None:
    check = HealthCheck("c", 1, 10, 3)
    assert (check.drill_id, check.expires_at) == (None, "")
    held = HealthCheck("c", 1, 10, 3, tags={TAG_ID: "d", TAG_EXPIRES: "2026-03-01T12:00:00+00:00"})
    assert (held.drill_id, held.expires_at) == ("d", "2026-03-01T12:00:00+00:00")


@pytest.mark.parametrize(
    ("said", "expired"),
    [
        ("2026-03-01T11:59:59+00:00", True),
        ("2026-03-01T12:00:00+00:00", True),
        ("2026-03-01T12:00:01+00:00", False),
        ("2026-03-01T13:30:00+02:00", True),
        ("2026-03-01T11:30:00-02:00", False),
        ("tomorrow", True),
        (None, True),
    ],
)
def test_a_hold_ends_at_its_time_in_any_zone_and_at_once_when_it_names_none(said: str | None, expired: bool) -> None:
    check = HealthCheck("c", 1, 10, 3, tags={} if said is None else {TAG_EXPIRES: said})
    assert check.is_expired(NOON) is expired


def test_a_fleet_finds_a_site_by_its_name_alone() -> None:
    fleet = Fleet("api.outlast.example", "Z1", 60, (site("aws"), site("gcp")))
    assert fleet.site("gcp").check.id == "c-gcp"
    with pytest.raises(KeyError):
        fleet.site("azure")


def test_a_time_that_is_none_has_passed() -> None:
    assert is_past("yesterday", NOON) and is_past("", NOON) and is_past(NOON.isoformat(), NOON)
    assert not is_past("2026-03-01T12:00:01+00:00", NOON)
