"""What only one cloud's site is asked for."""

from __future__ import annotations

import pytest

from infra.settings.kinds import AwsOptions, AzureOptions, DnsAccount, GcpOptions, Options, SiteSettings
from infra.stack_file import parse
from service.errors import InvalidInput
from tests.infra.harness import configuration
from tests.infra.test_stack_file import mistakes


def options(stack: str, **changed: object) -> Options:
    settings = parse(stack, configuration(stack, **changed))
    assert isinstance(settings, SiteSettings)
    return settings.options


def test_aws_takes_two_zones_of_its_region_and_a_range_for_its_network() -> None:
    assert options("aws") == AwsOptions(("us-east-1a", "us-east-1b"), "10.20.0.0/16")
    assert options("aws", vpcCidr="192.168.0.0/24") == AwsOptions(("us-east-1a", "us-east-1b"), "192.168.0.0/24")


@pytest.mark.parametrize("stack", ["azure", "gcp"])
def test_a_site_elsewhere_is_pinned_to_the_account_of_the_zone(stack: str) -> None:
    role = "arn:aws:iam::000000000000:role/outlast-dns"
    found = options(stack, dnsRole=role)
    assert isinstance(found, AzureOptions | GcpOptions)
    assert found.dns == DnsAccount(("000000000000",), "us-east-1", role)


def test_a_secret_of_another_vault_is_refused() -> None:
    found = mistakes("azure", certificateSecret="https://other.vault.azure.net/secrets/a")
    assert "is not in the vault" in found["certificateSecret"].what


def test_azure_without_a_certificate_is_told_how_to_get_one() -> None:
    found = mistakes("azure", certificateVault=None, certificateSecret=None)
    assert found.keys() == {"certificateVault", "certificateSecret"}
    hint = found["certificateVault"].hint
    assert "`outlast certificate renew`" in hint and "docs/guides/certificates.md" in hint


def test_registry_login_asks_for_a_token_unless_told_otherwise() -> None:
    for given, expected in ((None, "token"), ("docker", "docker")):
        found = options("azure", registryLogin=given)
        assert isinstance(found, AzureOptions)
        assert found.registry_login == expected


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"size": "production"}, "is true (by outlast:size, production), and westus has no availability zones"),
        ({"network": "private", "zoneRedundant": True}, "is true, and westus has no availability zones"),
        ({"size": "production", "zoneRedundant": False}, None),
    ],
)
def test_zones_are_refused_in_a_region_of_azure_that_has_none(changed: dict[str, object], said: str | None) -> None:
    config = configuration("azure", **changed) | {"azure-native:location": "westus"}
    try:
        parse("azure", config)
        found = None
    except InvalidInput as error:
        found = next((m.what for m in error.mistakes if m.place.endswith("zoneRedundant")), None)
    assert found == said
