"""The project's five stacks on the simulated clouds, Route 53 in moto: what follows from them, and from each part."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator

import pytest

from failover.simulator import MovingRoute53
from infra.models import LAID_OUT
from sandbox.clouds.azure import vaults
from sandbox.clouds.kinds import kind_of
from sandbox.clouds.store import Resource
from sandbox.images import store as images
from tests.infra.harness import ROOT
from tests.sandbox.clouds.harness import HOST, Clouds, open_clouds
from tests.sandbox.clouds.program import deploy
from tests.sandbox.clouds.test_references import Place, is_noticed, leaves

DOCKERFILE = 'FROM python:3.11 AS serve\nWORKDIR /app\nCOPY app.py ./\nENTRYPOINT ["python", "app.py"]\n'


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    folder = tmp_path_factory.mktemp("clouds")
    (folder / "service").mkdir()
    (folder / "service" / "Dockerfile").write_text(DOCKERFILE)
    (folder / "service" / "app.py").write_text("print('hello')\n")
    (folder / LAID_OUT).symlink_to(ROOT / LAID_OUT)  # where the program lays out the models that it builds in
    with pytest.MonkeyPatch.context() as patch, MovingRoute53(seed=1) as route53, warnings.catch_warnings():
        patch.setattr(images, "make_environment", lambda lock, report: folder)
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"pulumi_(aws|azure_native|gcp)\b")
        clouds = open_clouds(folder, route53.client, lookup=_lookup(route53), sleep=None, clock=route53.clock)
        vaults.fill(clouds.world.ca, clouds.world.accounts)
        deploy(clouds)
        yield clouds
        clouds.world.store.journal.close()


def _lookup(route53: MovingRoute53) -> Callable[[str, str], list[str]]:
    def lookup(name: str, type_: str) -> list[str]:
        answer = route53.ask(name, type_)
        return [value.strip('"') for rrset in answer.records if rrset.type == type_ for value in rrset.values]

    return lookup


def test_three_fronts_on_443_with_the_right_names(five: Clouds) -> None:
    entries = {f.stack: f for f in five.effects().entry_points if f.port == 443}
    assert set(entries) == {"aws", "azure", "gcp"}
    assert [b.host for b in entries["aws"].bindings] == ["*"]
    assert entries["aws"].bindings[0].pair.names == (HOST, f"aws.{HOST}")
    for stack in ("azure", "gcp"):
        assert [b.host for b in entries[stack].bindings] == [HOST]
        assert HOST in entries[stack].bindings[0].pair.names
    assert len({f.address for f in entries.values()}) == 3
    assert five.effects().why_not == {}


# Numbers of the program's resources that may be a thousand times as large: none that a source names is crossed. May
# only shrink.
UNBOUNDED = {
    ("docker-build:index:Image", "exports"),  # `compressionLevel`: 0, and 7 as well
    ("gcp:artifactregistry/repository:Repository", "cleanupPolicies"),  # `keepCount`: nobody says how many
    ("aws:secretsmanager/secret:Secret", "recoveryWindowInDays"),  # 0, and 7 as well
    ("aws:ecs/service:Service", "healthCheckGracePeriodSeconds"),  # up to 2147483647
    ("aws:ecs/service:Service", "capacityProviderStrategies"),  # `base`: up to 100,000
    ("aws:lb/loadBalancer:LoadBalancer", "clientKeepAlive"),  # up to 604,800
    ("azure-native:portal:Dashboard", "properties"),  # places, and what a part's settings say to the portal alone
}


@pytest.mark.slow
def test_somebody_refuses_every_number_that_is_wrong(five: Clouds) -> None:
    """Each number of each resource is made far too large, and negative: refused, or somebody outside sees it."""
    numbers = [(r.key, place, value) for r in five.world.store.all() for place, value in _numbers(r.inputs)]
    assert len(numbers) > 30
    silent = []
    for key, place, value in numbers:
        for wrong in (value * 1000 + 7, -1):
            resource = five.world.store.by_key(key)
            if resource.type.startswith("aws:route53/"):
                continue  # the stand-in for Route 53 has its own tests
            before = copy.deepcopy(resource.document())
            if not is_noticed(five, resource, place, wrong):
                silent.append((resource.type, place[0], wrong > 0))
            five.world.store.put(Resource(**before))
    assert {(type_, name) for type_, name, _ in silent} == UNBOUNDED
    judged = [too_large for type_, _, too_large in silent if type_ != "azure-native:portal:Dashboard"]
    assert all(judged), "nothing is negative"


def _numbers(value: object, place: Place = ()) -> Iterator[tuple[Place, float]]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield place, value
    elif isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(inner, (*place, step))


# Of a dashboard on Azure: the API takes any of them, and the portal shows an empty chart.
_CHART = "lenses.parts.metadata.settings.content.options.chart"
READ_BY_THE_PORTAL = (
    "lenses.parts.metadata.inputs.name",
    "metadata.model.timeRange.type",
    *(f"{_CHART}.{one}" for one in ("title", "filterCollection.filters.key", "filterCollection.filters.values")),
    *(
        f"{_CHART}.metrics.{one}"
        for one in ("name", "namespace", "resourceMetadata.id", "metricVisualization.displayName")
    ),
)


# Texts of the program's resources that may be anything. May only shrink, but for what people write for each other.
FREE = {
    ("docker-build:index:Image", "buildArgs.SOURCE_DATE_EPOCH"),  # the Dockerfile's own
    ("azure-native:app:ContainerApp", "template.scale.rules.name"),  # nobody says what it may hold
    ("gcp:artifactregistry/repository:Repository", "cleanupPolicies.id"),  # the same
    ("gcp:serviceaccount/account:Account", "displayName"),  # for people
    *((f"aws:ec2/{one}", "tags.Name") for one in ("vpc:Vpc", "subnet:Subnet", "routeTable:RouteTable")),  # for people
    ("aws:ec2/internetGateway:InternetGateway", "tags.Name"),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "metricQueries.label"),  # for people
    *(("azure-native:portal:Dashboard", f"properties.{place}") for place in READ_BY_THE_PORTAL),
}


@pytest.mark.slow
def test_somebody_refuses_every_text_that_is_wrong(five: Clouds) -> None:
    """Each text of each resource gets a letter too many, and is far too long: refused, or somebody outside sees it."""
    texts = [(r.key, place, text) for r in five.world.store.all() for place, text in leaves(r.inputs)]
    assert len(texts) > 200
    silent = set()
    for key, place, text in texts:
        resource = five.world.store.by_key(key)
        if resource.type.startswith("aws:route53/") or place[0] in kind_of(resource.type).forces_new:
            continue  # has its own tests; is another resource, made as any other
        before = copy.deepcopy(resource.document())
        for wrong in (f"{text} é\n", "x" * 3000):
            if not is_noticed(five, five.world.store.by_key(key), place, wrong):
                silent.add((resource.type, ".".join(str(step) for step in place if not isinstance(step, int))))
            five.world.store.put(Resource(**before))
    assert silent == FREE
