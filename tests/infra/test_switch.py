"""Drain switches: where each is, and the check that looks for it."""

from __future__ import annotations

import pytest

from failover.levers.clouds import Clouds
from failover.levers.objects import open_object
from failover.simulator.check_rules import complete_health_check
from infra.switch import FlagStore, describe_gate, describe_switch, host_of, parse_store, store_output
from service.errors import Unavailable

AWS = FlagStore("base-aws", "aws", "switches", host_of("aws", "switches", "eu-west-1"))
AZURE = FlagStore("base-azure", "azure", "switches", host_of("azure", "switches", "westeurope"))
GCP = FlagStore("base-gcp", "gcp", "switches", host_of("gcp", "switches", "europe-west1"))


@pytest.mark.parametrize(
    ("store", "url"),
    [
        (AWS, "https://switches.s3.eu-west-1.amazonaws.com/flags/gcp.drain"),
        (AZURE, "https://switches.blob.core.windows.net/flags/gcp.drain"),
        (GCP, "https://storage.googleapis.com/switches/flags/gcp.drain"),
    ],
)
def test_a_switch_has_the_address_at_which_its_cloud_serves_and_takes_objects(store: FlagStore, url: str) -> None:
    assert store.url("gcp") == url
    environ = {"OUTLAST_AZURE_TOKEN": "t", "OUTLAST_GOOGLE_TOKEN": "t"}
    assert open_object(url, Clouds(environ)), "an address that can be written as well"


@pytest.mark.parametrize("store", [AWS, AZURE, GCP])
def test_a_check_that_looks_for_a_switch_is_one_that_route53_takes(store: FlagStore) -> None:
    config = complete_health_check(describe_switch("gcp", store), ())
    assert f"https://{config['FullyQualifiedDomainName']}{config['ResourcePath']}" == store.url("gcp")
    assert config["Inverted"], "a store that does not answer drains nobody"
    assert config["Port"] == 443 and config["Type"] == "HTTPS", "what the object holds does not matter"


def test_a_gate_needs_every_child() -> None:
    assert describe_gate(["a", "b"])["HealthThreshold"] == 2


def test_a_store_is_read_back_as_it_was_exported() -> None:
    assert parse_store(store_output(AZURE)) == AZURE
    with pytest.raises(Unavailable, match="exported without host") as caught:
        parse_store({"name": "base-aws", "cloud": "aws", "store": "s"})
    assert "pulumi up" in caught.value.hint
