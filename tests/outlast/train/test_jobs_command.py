"""The services are asked for their jobs: listed, come back to, stopped; nothing here has to remember them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jobs.service import JobState, State
from outlast.train import elsewhere, training
from outlast.train.asked import choose_size, read_asked
from outlast.train.failures import Failures
from outlast.train.jobs_command import jobs
from outlast.train.training import Site
from service.errors import Unavailable
from tests.outlast.train.fake import SUCCEEDED, FakeService, make_sites


@pytest.fixture
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Site]:
    """AWS and Google Cloud have training stacks, Azure has none."""
    made = make_sites(tmp_path, ("aws", "gcp"), states=[JobState(State.RUNNING), SUCCEEDED])

    def open_sites(clouds: list[str], stacks: str | None) -> dict[str, Site]:
        if clouds[0] not in made:
            raise Unavailable("stack training-azure is not up", hint="pulumi up")
        return {clouds[0]: made[clouds[0]]}

    monkeypatch.setattr(elsewhere, "open_sites", open_sites)
    monkeypatch.setenv("OUTLAST_SANDBOX_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(training, "check", lambda spec, cloud: None)
    monkeypatch.setattr(training, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(training, "home_of", lambda problem: tmp_path / "released")
    asked, size = read_asked("digits", (), {}), choose_size(2, 8.0, None, None, spot=False)
    for cloud in ("aws", "gcp"):
        chosen = {cloud: made[cloud]}
        wanted = replace(asked, released=None)
        failures = Failures([cloud], lambda line: None)
        list(training.start(training.draw_up(wanted, size, chosen), failures))
    return made


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(jobs, arguments)


def _name(site: Site) -> str:
    assert isinstance(site.service, FakeService)
    return site.service.started[0]


def test_jobs_of_every_cloud_are_listed_and_one_without_a_stack_is_told(sites: dict[str, Site]) -> None:
    done = _run("list", "--json")
    listed = json.loads(done.stdout)["jobs"]
    assert [(row["cloud"], row["job"], row["state"]) for row in listed] == [
        ("aws", _name(sites["aws"]), "Running"),
        ("gcp", _name(sites["gcp"]), "Running"),
    ]
    assert "azure is left out: stack training-azure is not up" in done.stderr
    assert f"{_name(sites['gcp'])}  gcp  Succeeded  2026-01-01T00:00:00Z" in _run("list", "--on", "gcp").stdout


def test_a_cloud_that_is_named_has_to_answer(sites: dict[str, Site]) -> None:
    done = _run("list", "--on", "azure")
    assert done.exit_code == Unavailable.exit_code and "stack training-azure is not up" in done.stderr


@pytest.mark.slow
def test_whoever_attaches_gets_lines_results_and_the_release(sites: dict[str, Site], tmp_path: Path) -> None:
    done = _run("attach", _name(sites["gcp"]), "--json")
    assert done.exit_code == 0, done.stderr
    assert "gcp  fits 2 of 2" in done.stderr
    said = json.loads(done.stdout)
    assert said["jobs"] == {"gcp": _name(sites["gcp"])} and said["changed"]
    assert (tmp_path / "released" / "digits" / "model.onnx").exists()


def test_a_job_is_stopped_by_its_name(sites: dict[str, Site]) -> None:
    name = _name(sites["aws"])
    assert "to see it end: outlast model jobs attach" in _run("stop", name).stderr
    assert isinstance(sites["aws"].service, FakeService) and sites["aws"].service.stopped == [name]


def test_a_name_that_nobody_knows_is_said(sites: dict[str, Site]) -> None:
    done = _run("stop", "outlast-0123456789abcdef-1")
    assert done.exit_code == 2 and "no job is called outlast-0123456789abcdef-1" in done.stderr


def test_a_cloud_that_does_not_answer_hides_no_job_of_another(
    sites: dict[str, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> None:
        raise Unavailable("AWS does not answer")

    monkeypatch.setattr(sites["aws"].service, "find", fail)
    assert _run("stop", _name(sites["gcp"])).exit_code == 0
    done = _run("stop", "outlast-0123456789abcdef-1")
    assert done.exit_code == Unavailable.exit_code and "AWS does not answer" in done.stderr
