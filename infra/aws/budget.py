"""The budget of a site's account on AWS: what is really billed, told before and when it is too much."""

from __future__ import annotations

import pulumi_aws as aws

from infra.alerts import BUDGET_LOOKS, BudgetLook
from infra.contract import SiteSpec


def build_budget(name: str, spec: SiteSpec) -> None:
    """A budget of the whole account, month by month, where the site's file names a sum.

    Not of the site's tags: AWS knows these in bills only once somebody has activated them there
    (docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html).
    """
    if spec.monthly_budget_usd is None:
        return
    aws.budgets.Budget(
        "budget",
        name=f"{name}-month",
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=_dollars(spec.monthly_budget_usd),
        limit_unit="USD",
        notifications=[_notification(look, spec.alert_email) for look in BUDGET_LOOKS],
    )


def _dollars(amount: float) -> str:
    """Without the exponent that Python writes for a million: the API's NumericValue has none."""
    return f"{amount:.2f}".removesuffix(".00")


def _notification(look: BudgetLook, address: str) -> aws.budgets.BudgetNotificationArgs:
    return aws.budgets.BudgetNotificationArgs(
        comparison_operator="GREATER_THAN",
        notification_type="FORECASTED" if look.forecast else "ACTUAL",
        threshold=look.per_cent,
        threshold_type="PERCENTAGE",
        subscriber_email_addresses=[address],
    )
