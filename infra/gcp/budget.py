"""The budget of a site on Google Cloud, where a billing account is named: it is not the project's to make one."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from infra.alerts import BUDGET_LOOKS, BudgetLook
from infra.contract import SiteSpec

APIS = ("billingbudgets",)


def needed_apis(spec: SiteSpec, billing_account: str) -> tuple[str, ...]:
    """What the project that asks for it has to have switched on: a billing account has no APIs of its own."""
    return APIS if billing_account and spec.monthly_budget_usd is not None else ()


def build_budget(
    name: str,
    spec: SiteSpec,
    billing_account: str,
    told: gcp.monitoring.NotificationChannel,
    ready: pulumi.ResourceOptions,
) -> None:
    """A budget of what carries the site's label, month by month, where its file names a sum and the account."""
    if spec.monthly_budget_usd is None:
        return
    if not billing_account:
        hint = (
            f"write outlast:billingAccount into stacks/Pulumi.{spec.name}.yaml, or leave outlast:monthlyBudgetUsd out"
        )
        pulumi.log.warn(
            f"no budget is made: on Google Cloud it is a billing account's, and none is named\nhint: {hint}"
        )
        return
    gcp.billing.Budget(
        "budget",
        billing_account=billing_account,
        display_name=f"{name}-month",
        amount=gcp.billing.BudgetAmountArgs(specified_amount=_dollars(spec.monthly_budget_usd)),
        # One label is all that a budget takes (API, Filter.labels); every resource of the site has this one.
        budget_filter=gcp.billing.BudgetBudgetFilterArgs(calendar_period="MONTH", labels={"site": spec.name}),
        threshold_rules=[_threshold(look) for look in BUDGET_LOOKS],
        all_updates_rule=gcp.billing.BudgetAllUpdatesRuleArgs(monitoring_notification_channels=[told.id]),
        opts=ready,
    )


def _dollars(amount: float) -> gcp.billing.BudgetAmountSpecifiedAmountArgs:
    """As google.type.Money is written: whole dollars as a text, and what is left in billionths."""
    whole, nanos = divmod(round(amount * 1e9), 1_000_000_000)
    return gcp.billing.BudgetAmountSpecifiedAmountArgs(currency_code="USD", units=str(whole), nanos=nanos or None)


def _threshold(look: BudgetLook) -> gcp.billing.BudgetThresholdRuleArgs:
    basis = "FORECASTED_SPEND" if look.forecast else "CURRENT_SPEND"
    return gcp.billing.BudgetThresholdRuleArgs(threshold_percent=look.per_cent / 100, spend_basis=basis)
