"""The budget of a site's resource group on Azure: what is really billed, told before and when it is too much."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pulumi

from infra.alerts import BUDGET_LOOKS
from infra.contract import SiteSpec

if TYPE_CHECKING:
    from infra.azure.holdings import Holdings


def build_budget(name: str, spec: SiteSpec, group: Holdings) -> None:
    """A budget of the site's group, month by month, where the site's file names a sum.

    Azure wants the day from which it counts, the first of this month or a later one. It is that of the first update,
    and left alone from then on: a date in the file would be refused in the month after.
    """
    if spec.monthly_budget_usd is None:
        return
    from pulumi_azure_native import consumption

    consumption.Budget(
        "budget",
        budget_name=f"{name}-month",
        scope=group.id,
        amount=spec.monthly_budget_usd,
        category="Cost",
        time_grain="Monthly",
        time_period=consumption.BudgetTimePeriodArgs(start_date=first_of_month(datetime.datetime.now(datetime.UTC))),
        notifications={
            look.name: consumption.NotificationArgs(
                enabled=True,
                operator="GreaterThan",
                threshold=look.per_cent,
                threshold_type="Forecasted" if look.forecast else "Actual",
                contact_emails=[spec.alert_email],
            )
            for look in BUDGET_LOOKS
        },
        opts=pulumi.ResourceOptions(ignore_changes=["timePeriod"]),
    )


def first_of_month(now: datetime.datetime) -> str:
    """The first day of the month of `now`, as Azure writes it."""
    return now.strftime("%Y-%m-01T00:00:00Z")
