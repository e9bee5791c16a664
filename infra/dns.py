"""A site's own records in the zone: what it is reached by, and what proves that its certificate may be issued.

The zone lies in AWS. A site on another cloud writes there through a provider of its own, pinned to the zone's account.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra import plan
from infra.settings.kinds import DnsAccount


class ZoneWriter:
    """Writes records into one zone, with the stack's own AWS provider or with that of `account`."""

    def __init__(self, zone_id: pulumi.Input[str], account: DnsAccount | None = None) -> None:
        self._zone_id = zone_id
        self._provider = _provider(account) if account else None

    def alias(
        self, name: str, host: pulumi.Input[str], target: pulumi.Input[str], target_zone: pulumi.Input[str]
    ) -> aws.route53.Record:
        """`host` answers with the addresses of an AWS load balancer."""
        to = aws.route53.RecordAliasArgs(
            name=target,
            zone_id=target_zone,
            # The health checks of `traffic` decide who answers; this name is where they look, healthy or not.
            evaluate_target_health=False,
        )
        opts = pulumi.ResourceOptions(provider=self._provider)
        return aws.route53.Record(name, zone_id=self._zone_id, name=host, type="A", aliases=[to], opts=opts)

    def address(self, name: str, host: pulumi.Input[str], ipv4: pulumi.Input[str]) -> aws.route53.Record:
        """`host` answers with one IPv4 address."""
        return aws.route53.Record(
            name,
            zone_id=self._zone_id,
            name=host,
            type="A",
            ttl=plan.ORIGIN_TTL_SECONDS,
            records=[ipv4],
            opts=pulumi.ResourceOptions(provider=self._provider),
        )

    def proof(
        self, name: str, host: pulumi.Input[str], kind: pulumi.Input[str], value: pulumi.Input[str]
    ) -> aws.route53.Record:
        """A standing record that proves ownership: it stays when the site goes.

        A cloud asks every site of one account for the same proof of the same host. So the second site finds the record
        there and writes it again, and the first that is destroyed leaves it: without it the other's certificate would
        fail to renew, months later.
        """
        return aws.route53.Record(
            name,
            zone_id=self._zone_id,
            name=host,
            type=kind,
            ttl=plan.VALIDATION_TTL_SECONDS,
            records=[value],
            allow_overwrite=True,
            opts=pulumi.ResourceOptions(provider=self._provider, retain_on_delete=True),
        )

    def claim(
        self, name: str, host: pulumi.Input[str], kind: str, value: pulumi.Input[str], site: str
    ) -> aws.route53.Record:
        """One site's own part of what proves ownership of `host`, where each account asks for another value.

        Every site has a record set of its own, and Route 53 answers with the values of all of them: one set that the
        sites wrote in turn would prove the host to the account of the last alone. It goes with the site.
        """
        return aws.route53.Record(
            name,
            zone_id=self._zone_id,
            name=host,
            type=kind,
            ttl=plan.VALIDATION_TTL_SECONDS,
            records=[value],
            set_identifier=site,
            multivalue_answer_routing_policy=True,
            opts=pulumi.ResourceOptions(provider=self._provider),
        )


def _provider(account: DnsAccount) -> aws.Provider:
    """Explicit, so that a site on another cloud says which AWS account it writes to, and is refused in any other."""
    return aws.Provider(
        "dns",
        region=account.region,
        allowed_account_ids=list(account.account_ids),
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=account.role)] if account.role else None,
    )
