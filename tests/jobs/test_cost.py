"""What a job may cost, what it cost, and the limit."""

from __future__ import annotations

import datetime

import pytest

from jobs.cost import estimate, refuse_above, spent
from jobs.machines import CHECKED
from jobs.service import JobState, State
from service.errors import Refused
from tests.jobs.specs import spec_for

DAY = datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("cloud", "machine", "usd"),
    [("aws", "ml.m5.large", 0.1208), ("azure", "Standard_D2s_v3", 0.096), ("gcp", "e2-highmem-2", 0.1095)],
)
def test_an_hour_at_most(cloud: str, machine: str, usd: float) -> None:
    cost = estimate(spec_for(cloud), cloud)
    assert (cost.machine, cost.seconds, cost.exact) == (machine, 3600, False)
    assert cost.usd == pytest.approx(usd, abs=0.0001)


def test_spot_is_reckoned_at_the_full_price_before() -> None:
    assert estimate(spec_for("aws", spot=True), "aws") == estimate(spec_for("aws"), "aws")


def test_the_seconds_that_are_charged_are_exact() -> None:
    state = JobState(State.SUCCEEDED, billable_seconds=360, started="2026-11-29T10:00:00+00:00")
    cost = spent(spec_for("aws"), "aws", state)
    assert cost and cost.exact and cost.usd == pytest.approx(0.01208, abs=0.00001)


def test_elsewhere_the_time_from_start_to_end_is_an_upper_limit() -> None:
    state = JobState(State.FAILED, started="2026-11-29T10:00:00Z", ended="2026-11-29T10:30:00.5+00:00")
    cost = spent(spec_for("azure"), "azure", state)
    assert cost and not cost.exact and cost.seconds == 1800 and cost.usd == pytest.approx(0.048)


def test_a_job_that_never_started_is_not_reckoned() -> None:
    assert spent(spec_for("gcp"), "gcp", JobState(State.FAILED, ended="2026-11-29T10:30:00Z")) is None


def test_all_clouds_together_are_held_against_the_limit() -> None:
    costs = {cloud: estimate(spec_for(cloud), cloud) for cloud in ("aws", "azure", "gcp")}
    refuse_above(costs, 0.33, CHECKED)
    with pytest.raises(Refused, match=r"may cost 0\.33 USD, more than 0\.30: aws 0\.12 \(ml\.m5\.large\), azure"):
        refuse_above(costs, 0.30, CHECKED)


def test_old_prices_hold_no_limit() -> None:
    with pytest.raises(Refused, match="91 days old"):
        refuse_above({}, 1000.0, CHECKED + 91 * DAY)
