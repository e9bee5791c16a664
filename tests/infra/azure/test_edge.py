"""A site on Azure has no rule before its replicas: they are told the limit, and whose address to count."""

from __future__ import annotations

from infra.azure.edge import edge_variables
from infra.edge import HOPS, SETTING, VARIABLE
from service.server.settings.table import find_mistakes
from tests.infra.goldens import at_production
from tests.infra.harness import run_stack


def test_the_container_is_told_the_limit_and_that_the_ingress_names_the_caller() -> None:
    run = run_stack("azure", **at_production(requestsPerMinutePerAddress=300))
    (container,) = run.one("azure-native:app:ContainerApp").inputs["template"]["containers"]
    told = {one["name"]: one.get("value") for one in container["env"]}
    assert (told[VARIABLE], told[HOPS]) == ("300", "1")


def test_the_server_takes_what_it_is_told() -> None:
    assert edge_variables(0) == {}
    assert not [m for m in find_mistakes(dict(edge_variables(300))) if "ADDRESS" in m.place or "HOPS" in m.place]


def test_it_is_said_that_each_replica_counts_by_itself() -> None:
    assert run_stack("azure", **at_production()).outputs["unsupported"].keys() == {SETTING}
    assert run_stack("azure").outputs["unsupported"] == {}
