"""The project's five stacks on the simulated clouds, Route 53 in moto: what follows from them, and from each part."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import pytest

from failover.simulator import MovingRoute53
from sandbox.images import store as images
from tests.sandbox.clouds.harness import HOST, Clouds, open_clouds
from tests.sandbox.clouds.program import deploy

DOCKERFILE = 'FROM python:3.11\nWORKDIR /app\nCOPY app.py ./\nENTRYPOINT ["python", "app.py"]\n'


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    folder = tmp_path_factory.mktemp("clouds")
    (folder / "service").mkdir()
    (folder / "service" / "Dockerfile").write_text(DOCKERFILE)
    (folder / "service" / "app.py").write_text("print('hello')\n")
    patch = pytest.MonkeyPatch()
    patch.setattr(images, "make_environment", lambda lock, report: folder)
    with MovingRoute53(seed=1) as route53, warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"pulumi_(aws|azure_native|gcp)\b")
        clouds = open_clouds(folder, route53.client, lookup=_lookup(route53), sleep=None, clock=route53.clock)
        clouds.world.ca.issue(f"vault-{HOST.replace('.', '-')}", [HOST])
        deploy(clouds)
        yield clouds
        clouds.world.store.journal.close()
    patch.undo()


def _lookup(route53: MovingRoute53) -> Callable[[str, str], list[str]]:
    def lookup(name: str, type_: str) -> list[str]:
        answer = route53.ask(name, type_)
        return [value.strip('"') for rrset in answer.records if rrset.type == type_ for value in rrset.values]

    return lookup


def test_three_fronts_on_443_with_the_right_names(five: Clouds) -> None:
    fronts = {f.stack: f for f in five.effects().entry_points if f.port == 443}
    assert set(fronts) == {"aws", "azure", "gcp"}
    assert [b.host for b in fronts["aws"].bindings] == ["*"]
    assert fronts["aws"].bindings[0].pair.names == (HOST, f"aws.{HOST}")
    for stack in ("azure", "gcp"):
        assert [b.host for b in fronts[stack].bindings] == [HOST]
        assert HOST in fronts[stack].bindings[0].pair.names
    assert len({f.address for f in fronts.values()}) == 3
    assert five.effects().why_not == {}
