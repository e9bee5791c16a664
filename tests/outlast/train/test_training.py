"""The whole of a training elsewhere, on services in this process and stores in folders."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.asking import NoAnswer
from jobs.machines import CHECKED
from jobs.service import JobState, State
from outlast.train import following, training
from outlast.train.asked import choose_size, read_asked
from outlast.train.failures import Failures
from outlast.train.following import AGAIN, Running
from outlast.train.tables import find_tables
from outlast.train.training import Done, Site, ask_access, draw_up, find, finish, start, tell_cost_before
from service.bundle.folder import RELEASED, load_release
from service.errors import Deviated, InvalidInput, OutlastError, Refused, Unavailable
from service.stores.folder import FolderStore
from tests.outlast.train.fake import SUCCEEDED, FakeService, make_sites
from tests.outlast.train.finished import PROBABILITIES

CLOUDS = ("aws", "azure", "gcp")
TODAY = CHECKED + datetime.timedelta(days=1)


class Rehearsal:
    """Starts and finishes the digits on some sites, with a folder of its own for everything that is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []

    def start(
        self, sites: dict[str, Site], max_cost: float | None = None, today: datetime.date = TODAY
    ) -> list[Running]:
        asked, size = read_asked("digits", (), {}), choose_size(2, 8.0, None, None, spot=False)
        plan = draw_up(replace(asked, released=load_release(self.home / "digits")), size, sites)
        tell_cost_before(plan, max_cost, today, self.said.append)
        self.failures = Failures(tuple(sites), self.said.append)
        return list(start(plan, self.failures))

    def finish(self, running: list[Running], sites: dict[str, Site]) -> Done:
        folders = {"artifacts": self.folder / "artifacts", "home": self.home}
        failures = getattr(self, "failures", Failures(tuple(sites), self.said.append))
        return finish(running, sites, failures, accept_draft=False, pause=lambda: None, **folders)

    @property
    def home(self) -> Path:
        """The folder of what is released."""
        return self.folder / "released"


@pytest.fixture
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    """With the released digits in place, as every candidate is held to it; stores are folders, which no cloud takes."""
    monkeypatch.setattr(training, "check", lambda spec, cloud: None)
    model = RELEASED / "digits"
    home = tmp_path / "released" / "digits"
    home.mkdir(parents=True)
    for path in model.iterdir():
        (home / path.name).write_bytes(path.read_bytes())
    return Rehearsal(tmp_path)


def _service(site: Site) -> FakeService:
    assert isinstance(site.service, FakeService)
    return site.service


@pytest.mark.slow
def test_three_clouds_train_and_one_model_is_released(rehearsal: Rehearsal, tmp_path: Path) -> None:
    sites = make_sites(tmp_path, CLOUDS)
    running = rehearsal.start(sites)
    assert "at most 0." in rehearsal.said[0] and "azure 0." in rehearsal.said[0]
    done = rehearsal.finish(running, sites)
    assert [result.cloud for result in done.results] == list(CLOUDS)
    assert not done.released.changed, "it answers as the released model does"
    assert all(cost is not None and cost.seconds == 1800 for cost in done.costs.values())
    assert [one.gap for one in done.compared] == [0.0] * 3
    # Started again, nothing is: the results are there.
    again = rehearsal.finish(rehearsal.start(sites), sites)
    assert again.results == done.results
    assert [len(_service(site).started) for site in sites.values()] == [1, 1, 1]


@pytest.mark.slow
def test_a_new_model_says_where_when_on_what_and_for_how_much(rehearsal: Rehearsal, tmp_path: Path) -> None:
    manifest = replace(load_release(RELEASED / "digits").manifest, version="9")
    sites = make_sites(tmp_path, CLOUDS, manifest=manifest)
    done = rehearsal.finish(rehearsal.start(sites), sites)
    training = load_release(rehearsal.home / "digits").manifest.training
    assert done.released.changed and done.released.release.manifest.version == "9"
    assert (training["cloud"], training["service"], training["job"]) == ("aws", "Amazon SageMaker", done.results[0].job)
    assert (training["started"], training["fits"]) == ("2026-01-01T00:00:00Z", {"found": 2, "made": 40})
    assert training["cost"]["machine"] == "ml.m5.large" and training["cost"]["usd"] > 0
    assert [one["cloud"] for one in training["compared"]] == list(CLOUDS)
    # The model that they made is released now. Asked for once more, they are found: nothing is paid twice.
    again = rehearsal.finish(rehearsal.start(sites), sites)
    assert not again.released.changed and again.released.release.digest == done.released.release.digest
    assert [len(_service(site).started) for site in sites.values()] == [1, 1, 1]


def test_a_released_model_of_other_clouds_is_trained_anew(rehearsal: Rehearsal, tmp_path: Path) -> None:
    manifest = replace(load_release(RELEASED / "digits").manifest, version="9")
    sites = make_sites(tmp_path, ("aws", "gcp"), manifest=manifest)
    rehearsal.finish(rehearsal.start({"aws": sites["aws"]}), sites)
    (other,) = rehearsal.start({"gcp": sites["gcp"]})
    assert other.job.name == _service(sites["gcp"]).started[0]
    (same,) = rehearsal.start({"aws": sites["aws"]})
    assert [same.job.name] == _service(sites["aws"]).started


def test_a_job_is_found_by_its_name_alone(rehearsal: Rehearsal, tmp_path: Path) -> None:
    sites = make_sites(tmp_path)
    (started,) = rehearsal.start(sites)
    found = find(started.job.name, "aws", sites["aws"])
    assert found is not None and (found.job, found.spec) == (started.job, started.spec)
    assert rehearsal.finish([found], sites).results[0].job == started.job.name
    assert find("outlast-0000000000000000-1", "aws", sites["aws"]) is None


def test_nothing_is_uploaded_or_started_above_the_limit_of_cost(rehearsal: Rehearsal, tmp_path: Path) -> None:
    sites = make_sites(tmp_path, CLOUDS)
    with pytest.raises(Refused, match=r"training may cost 0\.\d+ USD, more than 0\.01"):
        rehearsal.start(sites, max_cost=0.01)
    assert not any(_service(site).started for site in sites.values())
    assert not (tmp_path / "aws" / "data").exists()
    old = CHECKED + datetime.timedelta(days=100)
    with pytest.raises(Refused, match="100 days old"):
        rehearsal.start(sites, max_cost=100.0, today=old)
    rehearsal.start(sites, today=old)
    assert "warning: the prices are 100 days old" in rehearsal.said


def test_clouds_that_differ_release_nothing(rehearsal: Rehearsal, tmp_path: Path) -> None:
    sites = make_sites(tmp_path, ("aws", "gcp"))
    other = PROBABILITIES.copy()
    other[0, :2] += [0.05, -0.05]
    _service(sites["gcp"]).said["probabilities"] = other
    before = (rehearsal.home / "digits" / "manifest.json").read_bytes()
    with pytest.raises(Deviated, match=r"rows out of fold differ by up to 0\.05"):
        rehearsal.finish(rehearsal.start(sites), sites)
    assert (rehearsal.home / "digits" / "manifest.json").read_bytes() == before
    told = [line.split(" for ")[0] for line in rehearsal.said if line.startswith("cost: ")]
    assert [line.split()[1] for line in told] == ["aws:", "gcp:"], "it was paid all the same"


def test_a_failed_job_is_started_again_by_the_same_command(rehearsal: Rehearsal, tmp_path: Path) -> None:
    sites = make_sites(tmp_path, states=[JobState(State.FAILED, "killed")])
    with pytest.raises(OutlastError, match="on AWS failed: killed"):
        rehearsal.finish(rehearsal.start(sites), sites)
    service = _service(sites["aws"])
    service.states = (SUCCEEDED,)
    done = rehearsal.finish(rehearsal.start(sites), sites)
    assert [done.results[0].job] == service.started[1:] and service.started[1].endswith("-2")


def test_one_silent_cloud_ends_no_other_and_typed_again_only_its_job_is_started(
    rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites = make_sites(tmp_path, CLOUDS)
    azure = _service(sites["azure"])
    with monkeypatch.context() as silent:
        silent.setattr(azure, "find", _raise(NoAnswer("could not look: timeout", hint="check the network")))
        running = rehearsal.start(sites)
        assert [one.cloud for one in running] == ["aws", "gcp"]
        assert "azure: could not look: timeout; the others go on" in rehearsal.said
        with pytest.raises(Unavailable, match="Azure: could not look: timeout") as caught:
            rehearsal.finish(running, sites)
    assert caught.value.what.startswith("nothing was released") and AGAIN in caught.value.hint
    assert [one.state.state for one in running] == [State.SUCCEEDED] * 2
    assert len([line for line in rehearsal.said if line.startswith("cost: ")]) == 2
    done = rehearsal.finish(rehearsal.start(sites), sites)
    assert [result.cloud for result in done.results] == list(CLOUDS)
    assert [len(_service(site).started) for site in sites.values()] == [1, 1, 1]


def test_credentials_for_one_cloud_alone_are_told_before_it_is_paid(
    rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites = make_sites(tmp_path, CLOUDS)
    plan = draw_up(read_asked("digits", (), {}), choose_size(2, 8.0, None, None, spot=False), sites)
    ask_access(plan)
    monkeypatch.setattr(_service(sites["azure"]), "find", _raise(NoAnswer("could not look: timeout")))
    ask_access(plan)
    monkeypatch.setattr(_service(sites["gcp"]), "find", _raise(Unavailable("no credentials", hint="log in")))
    with pytest.raises(Unavailable, match="Google Cloud: no credentials"):
        ask_access(plan)
    assert not any(_service(site).started for site in sites.values())
    assert not any(Path(site.place.data_address).exists() for site in sites.values())


def test_deleted_results_are_told_and_made_by_the_next_attempt(rehearsal: Rehearsal, tmp_path: Path) -> None:
    sites = make_sites(tmp_path)
    first = rehearsal.finish(rehearsal.start(sites), sites).results[0]
    service, output = _service(sites["aws"]), tmp_path / "aws" / "output"
    (output / first.job / "report.html").unlink()
    again = rehearsal.finish(rehearsal.start(sites), sites).results[0]
    assert (
        f"aws: {first.job} succeeded, and of its results report.html was deleted: another is started" in rehearsal.said
    )
    assert service.started == [first.job, again.job] and again.job.endswith("-2")
    rehearsal.finish(rehearsal.start(sites), sites)
    assert len(service.started) == 2, "what is there is not paid twice"
    with pytest.MonkeyPatch.context() as silent, pytest.raises(Unavailable):
        silent.setattr(following, "find_gone", _raise(Unavailable("the store does not answer")))
        rehearsal.finish(rehearsal.start(sites), sites)
    assert len(service.started) == 2, "and a store that does not answer is no proof"


def test_deleted_results_of_the_released_model_are_made_anew(rehearsal: Rehearsal, tmp_path: Path) -> None:
    manifest = replace(load_release(RELEASED / "digits").manifest, version="9")
    sites = make_sites(tmp_path, manifest=manifest)
    job = rehearsal.finish(rehearsal.start(sites), sites).results[0].job
    (tmp_path / "aws" / "output" / job / "training.json").unlink()
    (other,) = rehearsal.start(sites)
    assert other.job.name != job and _service(sites["aws"]).started == [job, other.job.name]


class NamedStore(FolderStore):
    """A folder whose keys are named as those of an address."""

    def __init__(self, folder: Path, address: str) -> None:
        super().__init__(folder)
        self._address = address

    def name(self, key: str) -> str:
        return f"{self._address.rstrip('/')}/{key}"


def test_what_no_cloud_could_run_is_told_together_before_anything_is_uploaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "open_store", lambda address: NamedStore(tmp_path / "store", address))
    table = tmp_path / "visits of 2026 (new).csv"
    table.write_text("x,digit\n1,2\n")
    sites = {}
    for cloud, site in make_sites(tmp_path, CLOUDS).items():
        root = {"aws": "s3://bucket", "azure": "az://account/container", "gcp": "gs://bucket"}[cloud]
        stores = {f"{name}_address": f"{root}/{name}" for name in ("data", "output", "checkpoints")}
        sites[cloud] = replace(site, place=replace(site.place, **stores))
    asked = replace(read_asked("digits", (), {}), tables=find_tables([str(table)]))
    plan = draw_up(asked, choose_size(2, 8.0, None, None, spot=False), sites)
    assert set(plan.costs) == set(CLOUDS), "a file's name may hold what an address may not"
    sites["gcp"] = replace(sites["gcp"], place=replace(sites["gcp"].place, training_image="outlast:latest"))
    with pytest.raises(InvalidInput) as caught:
        draw_up(replace(asked, arguments=("x" * 300,)), choose_size(200, 8.0, None, None, spot=False), sites)
    told = str(caught.value)
    assert told.count("has more than 256 characters") == 3 and "outlast:latest does not name an image" in told
    assert not (tmp_path / "store").exists() and not any(_service(site).started for site in sites.values())
    with pytest.raises(InvalidInput) as caught:
        draw_up(asked, choose_size(200, 8.0, None, None, spot=False), {c: sites[c] for c in ("aws", "azure")})
    assert str(caught.value).count("no machine of the table is that large") == 2


def _raise(error: Exception) -> Any:
    def call(*given: Any, **named: Any) -> Any:
        raise error

    return call
