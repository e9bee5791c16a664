"""The audit store on Azure: a container that takes appended lines alone, and an environment's log sent there.

Its retention is not locked: Pulumi has no call for that. `az storage container immutability-policy lock` locks it, once
it is sure that the days are right; until then whoever may write the policy may take it away.
"""

from __future__ import annotations

import pulumi
from pulumi_azure_native import app, monitor, resources, storage

from infra.applied import apply
from infra.audit import AZURE_CATEGORY, AZURE_CONTAINER, AuditStore
from infra.azure.base import make_account, make_lock
from infra.settings.kinds import BaseSettings

NAME = "audit"


def make_audit(settings: BaseSettings) -> pulumi.Output[AuditStore]:
    """A group of its own with the account and its container; known once records can be appended to it."""
    kept = pulumi.ResourceOptions(protect=settings.protect)
    group = resources.ResourceGroup(
        NAME, resource_group_name=f"outlast-{settings.name}-{NAME}", location=settings.region, opts=kept
    )
    account = make_account(NAME, settings.audit_store, settings, group, public=False)
    policy = _container(settings, account, group)
    if settings.protect:
        make_lock(NAME, group)
    known: pulumi.Output[list[str]] = pulumi.Output.all(account.id, policy.id)
    return apply(
        known,
        lambda found: AuditStore(
            settings.name,
            "azure",
            settings.region,
            settings.audit_store,
            settings.audit_days,
            locked=False,
            target=found[0],
        ),
    )


def _container(
    settings: BaseSettings, account: storage.StorageAccount, group: resources.ResourceGroup
) -> storage.BlobContainerImmutabilityPolicy:
    container = storage.BlobContainer(
        NAME,
        container_name=AZURE_CONTAINER,
        account_name=account.name,
        resource_group_name=group.name,
        public_access=storage.PublicAccess.NONE,
    )
    return storage.BlobContainerImmutabilityPolicy(
        NAME,
        immutability_policy_name="default",
        container_name=container.name,
        account_name=account.name,
        resource_group_name=group.name,
        immutability_period_since_creation_in_days=settings.audit_days,
        # A diagnostic setting appends to one blob an hour; without this it is refused from the second line on.
        allow_protected_append_writes=True,
    )


def send_log(environment: app.ManagedEnvironment, audit: pulumi.Output[AuditStore]) -> pulumi.Resource:
    """Every line that a site's containers print goes to the store: a diagnostic setting has no filter."""
    setting: pulumi.Resource = monitor.DiagnosticSetting(
        NAME,
        name=NAME,
        resource_uri=environment.id,
        storage_account_id=apply(audit, lambda store: store.target),
        logs=[monitor.DiagnosticsLogSettingsArgs(category=AZURE_CATEGORY, enabled=True)],
    )
    return setting
