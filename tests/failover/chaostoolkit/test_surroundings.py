"""What actions and probes work with: all of it from the environment, and told when it is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from failover.chaostoolkit import surroundings
from failover.chaostoolkit.surroundings import Surroundings
from failover.dial import Dial
from failover.drill.clients import Authority
from service.bundle.folder import list_released
from service.bundle.golden import Golden
from service.errors import InvalidInput
from tests.failover.drill.three_sites import HOST

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

MODEL = {"OUTLAST_DEFAULT_MODEL": list_released()[0]}


class Scripted(Authority):
    """A name server that names one origin."""

    def ask(self, host: str, timeout_seconds: float) -> tuple[str | None, int]:
        return f"{self.name}.{HOST}", 3


@pytest.fixture
def around(
    golden: Golden, route53: Route53Client, check_ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Surroundings:
    monkeypatch.setattr(surroundings, "build_client", lambda: route53)
    monkeypatch.setattr(surroundings, "find_authorities", lambda *_: (Scripted("gcp", Dial()),))
    return Surroundings(HOST, Dial(speed=10), golden, "")


def test_reads_host_speed_and_key() -> None:
    found = Surroundings.from_environment(
        {**MODEL, "OUTLAST_HOST": HOST, "OUTLAST_SPEED": "10", "OUTLAST_API_KEY": "k"}
    )
    assert (found.host, found.dial.speed, found.headers) == (HOST, 10, {"authorization": "Bearer k"})
    assert found.golden.rows and found.dial.deadline_seconds == 1.0
    assert Surroundings.from_environment(MODEL, "other.example.com").host == "other.example.com"


def test_without_a_host_it_says_where_to_name_one() -> None:
    with pytest.raises(InvalidInput) as caught:
        Surroundings.from_environment(MODEL)
    assert "OUTLAST_HOST" in caught.value.hint


def test_sites_are_those_of_route_53(around: Surroundings) -> None:
    assert set(around.origins) == {"aws", "azure", "gcp"}
    assert around.ask_dns() == "gcp"
    with pytest.raises(InvalidInput) as caught:
        around.find_origin("nowhere")
    assert "aws" in caught.value.hint and around.find_origin("aws") == around.origins["aws"]
