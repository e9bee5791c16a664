"""Where a cloud trains is what Pulumi says of its training stack; without one, how to bring it up is said."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from failover.levers.clouds import Clouds
from jobs.azure_ml_service import AzureMlService
from jobs.sagemaker_service import SageMakerService
from jobs.vertex_service import VertexService
from outlast.train import places
from outlast.train.places import enter_sandbox, name_clouds, name_stack, open_service, read_place
from sandbox.layout import Layout
from service.errors import InvalidInput, Unavailable
from tests.outlast.train.fake import make_place

OUTPUTS = {
    "cloud": "aws",
    "region": "us-east-1",
    "trainingImage": f"r@sha256:{'0' * 64}",
    "dataAddress": "s3://b/data",
    "outputAddress": "s3://b/output",
    "checkpointsAddress": "s3://b/checkpoints",
    "identity": "arn:aws:iam::1:role/r",
}


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a `pulumi` on the path that prints, fails or is not there."""

    def install(script: str | None) -> None:
        binaries = tmp_path / "bin"
        binaries.mkdir(exist_ok=True)
        monkeypatch.setenv("PATH", str(binaries) if script is None else f"{binaries}{os.pathsep}{os.environ['PATH']}")
        if script is not None:
            (binaries / "pulumi").write_text(f"#!/bin/sh\n{script}\n")
            (binaries / "pulumi").chmod(0o755)

    return install


def test_a_place_is_read_from_the_outputs(pulumi: Any, tmp_path: Path) -> None:
    pulumi(f"[ \"$*\" = 'stack output --json --stack training-aws' ] && echo '{json.dumps(OUTPUTS)}'")
    place = read_place("aws", None, root=tmp_path)
    assert (place.cloud, place.data_address) == ("aws", "s3://b/data")


@pytest.mark.parametrize(
    ("script", "told", "hint"),
    [
        (None, "Pulumi is not installed", "outlast doctor"),
        ("echo 'error: no stack named prod-training-aws found' >&2; exit 255", "no stack named", "pulumi stack init"),
        ("echo '{}'", "stack prod-training-aws has no outputs: it is not up", "pulumi up -s prod-training-aws"),
    ],
)
def test_a_stack_that_is_not_up_is_said(script: str | None, told: str, hint: str, pulumi: Any, tmp_path: Path) -> None:
    pulumi(script)
    with pytest.raises(Unavailable, match=told) as caught:
        read_place("aws", "prod", root=tmp_path)
    assert hint in caught.value.hint


def test_a_stack_of_another_cloud_is_refused(pulumi: Any, tmp_path: Path) -> None:
    pulumi(f"echo '{json.dumps(OUTPUTS)}'")
    with pytest.raises(InvalidInput, match="stack training-gcp is of aws, not of gcp"):
        read_place("gcp", None, root=tmp_path)


def test_names() -> None:
    assert name_clouds("all") == ("aws", "azure", "gcp")
    assert name_clouds("gcp") == ("gcp",)
    assert (name_stack("aws", None), name_stack("aws", "prod")) == ("training-aws", "prod-training-aws")


@pytest.mark.parametrize(
    ("cloud", "kind"), [("aws", SageMakerService), ("azure", AzureMlService), ("gcp", VertexService)]
)
def test_each_place_has_its_service(
    cloud: str, kind: type[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clouds, "aws", lambda self, service, region: object())
    place = make_place(cloud, tmp_path)
    assert isinstance(open_service(place, Clouds({"OUTLAST_AZURE_TOKEN": "t", "OUTLAST_GOOGLE_TOKEN": "t"})), kind)


def test_real_accounts_and_a_sandbox_that_is_entered_are_left_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Layout, "of", lambda root: pytest.fail("it was looked for"))
    enter_sandbox("prod", {})
    enter_sandbox(None, {"OUTLAST_SANDBOX_ENDPOINT": "http://127.0.0.1:1"})


def test_a_folder_without_a_sandbox_says_both_ways_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLAST_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(places, "ROOT", tmp_path)
    with pytest.raises(Unavailable, match="this folder has no sandbox") as caught:
        enter_sandbox(None, {})
    assert "--stacks SET" in caught.value.hint
