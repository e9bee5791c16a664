"""For how long a cloud keeps logs, against the vendors' own lists."""

from __future__ import annotations

import re

import botocore.session
import pytest

from infra.settings.log_days import OFFERED, explain_bad_days
from infra.settings.profiles import DEFAULTS


def test_the_days_of_cloudwatch_are_those_of_its_api() -> None:
    model = botocore.session.get_session().get_service_model("logs").shape_for("PutRetentionPolicyRequest")
    text = model.members["retentionInDays"].documentation
    assert {int(day) for day in re.findall(r"\b\d+\b", text)} == set(OFFERED["aws"])


@pytest.mark.parametrize("cloud", OFFERED)
def test_every_cloud_offers_what_the_sizes_ask_for(cloud: str) -> None:
    (row,) = [row for row in DEFAULTS if row.key == "logRetentionDays"]
    assert explain_bad_days(cloud, int(row.small)) is None
    assert explain_bad_days(cloud, int(row.production)) is None


def test_what_a_cloud_does_not_offer_is_answered_with_what_is_near() -> None:
    assert str(explain_bad_days("aws", 366)).startswith("365 or 400 (CloudWatch Logs takes 1, 3, 5")
    assert explain_bad_days("azure", 731) == "30 to 730"
