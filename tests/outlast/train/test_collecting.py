"""What a job was given is read by its spec alone, and what it took is written down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from outlast.train.asked import build_spec, choose_size, read_asked
from outlast.train.collecting import collect, describe_training, measure_cost, read_inputs
from outlast.train.following import Running
from outlast.train.upload import upload
from service.errors import InvalidInput, ModelMismatch
from service.stores.folder import FolderStore
from tests.outlast.train.fake import SUCCEEDED, FakeService, make_place


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """A job that succeeded."""
    asked, place = read_asked("digits", (), {}), make_place("aws", tmp_path)
    spec = build_spec(asked, choose_size(2, 8.0, None, None, spot=True), place, ())
    spec = replace(spec, data=upload(FolderStore(tmp_path / "data"), asked.path, (), asked.released).addresses)
    service = FakeService("aws", tmp_path / "output")
    one = Running("aws", service, service.start(spec), spec)
    one.step(lambda line: None)
    return one


def test_the_inputs_are_those_of_the_spec(running: Running) -> None:
    inputs, problem = read_inputs(running)
    assert (inputs.problem_file, problem.name) == ("digits.toml", "digits")


def test_inputs_that_were_changed_since_are_refused(running: Running) -> None:
    folder = Path(running.spec.data[0])
    (folder / "digits.toml").write_text("x")
    with pytest.raises(InvalidInput, match=r"digits\.toml was changed"):
        read_inputs(running)
    (folder / "inputs.json").write_text((folder / "inputs.json").read_text() + " ")
    with pytest.raises(ModelMismatch, match=r"inputs\.json was changed since outlast-"):
        read_inputs(running)


def test_what_it_took_is_written_down(running: Running, tmp_path: Path) -> None:
    inputs, _ = read_inputs(running)
    result = collect(running, inputs, tmp_path / "results")
    assert result.folder == tmp_path / "results" / f"{running.job.name}-aws"
    said = describe_training(running, result, measure_cost(running), "us-east-1")
    assert (said["region"], said["spot"], said["started"]) == ("us-east-1", True, SUCCEEDED.started)
    assert said["cost"]["seconds"] == 1800 and not said["cost"]["exact"]
    assert "cost" not in describe_training(running, result, None, "us-east-1")
