"""The settings of a site on a machine of one's own: what is needed, and which addresses can be looked at."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from infra.settings.kinds import DnsAccount, PrivateSettings
from infra.settings.reader import as_text
from infra.stack_file import parse
from service.bundle.folder import RELEASED, read_digest
from service.errors import InvalidInput
from tests.infra.harness import ROOT, configuration

FILE = configuration("private")
GUIDE = ROOT / "docs" / "guides" / "private-site.md"


def mistakes(**changed: str | None) -> str:
    config = FILE | {f"outlast:{key}": value for key, value in changed.items() if value is not None}
    for key in [key for key, value in changed.items() if value is None]:
        del config[f"outlast:{key}"]
    with pytest.raises(InvalidInput) as caught:
        parse("own", config)
    return str(caught.value)


def test_a_file_says_where_the_machine_is_and_what_it_bears() -> None:
    found = parse("own", FILE | {"outlast:geographies": '["eu"]', "outlast:dataClass": "health"})
    assert found == PrivateSettings(
        kind="private",
        name="own",
        zone="zone",
        region="hall-2",
        address="8.8.8.8",
        capacity_rps=100,
        models={"tumour": read_digest(RELEASED / "tumour")},
        dns=DnsAccount(("000000000000",), "us-east-1", ""),
        geographies=("eu",),
        labels={"stack": "own", "site": "own", "data-class": "health"},
    )


@pytest.mark.parametrize("key", ["zone", "region", "address", "capacityRps"])
def test_what_is_needed_is_told(key: str) -> None:
    assert f"outlast:{key}" in mistakes(**{key: None})


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "169.254.1.1", "224.0.0.1", "0.0.0.0", "100.64.0.1"])
def test_an_address_that_route_53_does_not_reach_is_refused(address: str) -> None:
    assert "Route 53's checkers have to reach it" in mistakes(address=address)


@pytest.mark.parametrize("address", ["::1", "example.com", ""])
def test_an_address_is_of_ipv4(address: str) -> None:
    assert "outlast:address" in mistakes(address=address)


@pytest.mark.parametrize(
    "changed", [{"cpu": "1"}, {"environment": "{}"}, {"apiKeys": "[]"}, {"minReplicas": "1"}, {"protect": "true"}]
)
def test_what_its_owner_decides_is_no_setting(changed: dict[str, Any]) -> None:
    assert f"outlast:{next(iter(changed))}" in mistakes(**changed)


def test_the_example_of_the_guide_is_in_order() -> None:
    (block,) = re.findall(r"```yaml\n(config:\n.*?)```", GUIDE.read_text(), re.DOTALL)
    config = {key: as_text(value) for key, value in yaml.safe_load(block)["config"].items()}
    found = parse("prod-private", config)
    assert isinstance(found, PrivateSettings) and found.name == "prod-private"
