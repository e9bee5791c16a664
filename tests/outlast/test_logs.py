"""`outlast logs`: the sandbox's files, the places of real sites, and what is printed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from failover.logs.clouds import Asked, LogPlace
from failover.logs.lines import LogLine
from outlast import logs as command
from outlast.logs import check_request, choose_sites, follow_traces, move_on, place_of, read_files, read_sandbox
from sandbox.layout import Layout
from service.errors import InvalidInput, Unavailable

NOW = datetime.now(UTC).replace(microsecond=0)


def said(seconds: float, **more: str) -> str:
    return json.dumps({"time": (NOW + timedelta(seconds=seconds)).timestamp(), "replica": "r1", **more})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {
        "aws-100.log": [said(-60, what="old"), said(-2, request_id="id-1"), "Traceback: of the line before"],
        "aws-101.log": [said(-3, what="first")],
        "aws-101.log.1": [said(-4, what="before it was cut")],
        "aws-eu-100.log": [said(-1, what="another site")],
        "daemon.log": ["not a replica"],
    }
    for name, lines in texts.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_site_s_files_are_one_log(folder: Path) -> None:
    lines = read_files(folder, "aws", Asked(NOW - timedelta(seconds=10)))
    assert [(line.site, line.time - NOW) for line in lines] == [
        ("aws", timedelta(seconds=-4)),
        ("aws", timedelta(seconds=-3)),
        ("aws", timedelta(seconds=-2)),
        ("aws", timedelta(seconds=-2)),
    ]
    assert {line.replica for line in lines} == {"r1", "aws-100"}


def test_a_request_is_found_by_its_id(folder: Path) -> None:
    (line,) = read_files(folder, "aws", Asked(NOW - timedelta(hours=1), "id-1"))
    assert '"request_id": "id-1"' in line.text
    assert read_files(folder, "gcp", Asked(NOW)) == []


def test_without_a_sandbox_the_way_to_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no sandbox yet"):
        read_sandbox(Layout(tmp_path, tmp_path / ".sandbox"))


@pytest.mark.parametrize("request_id", ['a" or true', "a b", "x" * 129])
def test_an_id_that_a_query_could_be_hidden_in_is_refused(request_id: str) -> None:
    with pytest.raises(InvalidInput, match="no id"):
        check_request(request_id)


def test_sites_are_those_of_the_set() -> None:
    layout = Layout(command.ROOT, command.ROOT / "nowhere")
    assert choose_sites(layout, None, ()) == ("aws", "azure", "gcp")
    assert choose_sites(layout, None, ["gcp", "gcp"]) == ("gcp",)
    with pytest.raises(InvalidInput, match="moon is no site"):
        choose_sites(layout, None, ["moon"])


def test_where_a_log_is_follows_from_the_stack_file() -> None:
    aws = {"outlast:kind": "aws", "aws:region": "eu-west-1", "outlast:prefix": "shop"}
    assert place_of("prod-aws", aws) == LogPlace("prod-aws", "aws", "shop-prod-aws", "eu-west-1", "")
    azure = {"outlast:kind": "azure", "azure-native:location": "eastus", "azure-native:subscriptionId": "s"}
    assert place_of("azure", azure) == LogPlace("azure", "azure", "outlast-azure", "eastus", "s")
    with pytest.raises(InvalidInput, match="no cloud has its log"):
        place_of("own", {"outlast:kind": "private"})


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[LogLine]]:
    """What each site has; a site without an entry does not answer."""
    found: dict[str, list[LogLine]] = {}

    def read(site: str, asked: Asked) -> list[LogLine]:
        if site not in found:
            raise Unavailable(f"no answer from {site}", hint="")
        return found[site]

    monkeypatch.setattr(command, "read_sandbox", lambda layout: read)
    monkeypatch.setattr(command, "choose_sites", lambda layout, stacks, only: tuple(only) or ("aws", "azure", "gcp"))
    return found


def line(seconds: int, site: str) -> LogLine:
    return LogLine(NOW + timedelta(seconds=seconds), site, "r1", said(seconds))


def test_all_sites_are_printed_in_one_order_and_a_silent_one_is_said(logs: dict[str, list[LogLine]]) -> None:
    logs |= {"aws": [line(1, "aws"), line(3, "aws")], "gcp": [line(2, "gcp")]}
    done = CliRunner().invoke(command.logs, [])
    assert [text.split()[1] for text in done.stdout.splitlines()] == ["aws", "gcp", "aws"]
    assert "azure: no answer from azure" in done.stderr and done.exit_code == 0


def test_one_site_that_does_not_answer_is_an_error(logs: dict[str, list[LogLine]]) -> None:
    assert CliRunner().invoke(command.logs, ["--site", "gcp"]).exit_code == 4


def test_the_access_logs_of_real_accounts_are_put_between_the_lines_of_replicas(
    logs: dict[str, list[LogLine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs |= {"aws": [line(1, "aws"), line(3, "aws")], "gcp": []}

    def read(site: str, asked: Asked) -> list[LogLine]:
        if site == "gcp":
            raise Unavailable("gcp has none", hint="")
        return [LogLine(NOW + timedelta(seconds=2), site, "-", '{"log": "load-balancer"}')]

    monkeypatch.setattr(command, "read_real", lambda root, clouds: lambda site, asked: logs[site])
    monkeypatch.setattr(command, "read_access", lambda root, clouds, tell: read)
    asked = ["--stacks", "prod", "--site", "aws", "--site", "gcp", "--source"]
    both = CliRunner().invoke(command.logs, [*asked, "all"])
    assert ["load-balancer" in text for text in both.stdout.splitlines()] == [False, True, False]
    assert "gcp: gcp has none" in both.stderr and both.exit_code == 0
    alone = CliRunner().invoke(command.logs, [*asked, "access"])
    assert len(alone.stdout.splitlines()) == 1


def test_an_access_log_is_asked_for_the_request_and_for_the_trace_that_a_replica_wrote_beside_it() -> None:
    asked_for: list[str] = []
    trace = "15dc480f7c7879c404b6b33843099866"

    def replicas(site: str, asked: Asked) -> list[LogLine]:
        texts = [
            said(0, request_id="id-1", trace=f"00-{trace}-25c549956d7c28e2-01"),
            said(1, trace="what"),
            "Traceback",
        ]
        return [LogLine(NOW, site, "r1", text) for text in texts]

    def access(site: str, asked: Asked) -> list[LogLine]:
        asked_for.append(asked.request)
        return [LogLine(NOW, site, "-", "the same of both")]

    read = follow_traces(replicas, access)
    assert len(read("aws", Asked(NOW, "id-1"))) == 1 and asked_for == ["id-1", trace]
    assert len(read("aws", Asked(NOW))) == 1 and asked_for[2:] == [""], "without a request nothing is looked up"

    def silent(site: str, asked: Asked) -> list[LogLine]:
        raise Unavailable("no answer", hint="")

    assert len(follow_traces(silent, access)("aws", Asked(NOW, "id-1"))) == 1


def test_programs_get_a_document_a_line(logs: dict[str, list[LogLine]]) -> None:
    logs["aws"] = [line(1, "aws")]
    done = CliRunner().invoke(command.logs, ["--site", "aws", "--json"])
    assert json.loads(done.stdout)["line"]["replica"] == "r1"


def test_what_comes_later_is_printed_once(logs: dict[str, list[LogLine]], monkeypatch: pytest.MonkeyPatch) -> None:
    logs["aws"] = [line(1, "aws")]
    waits = iter([True, False])

    def wait(seconds: float) -> None:
        if not next(waits):
            raise KeyboardInterrupt
        logs["aws"] = [*logs["aws"], line(2, "aws")]

    monkeypatch.setattr(command.time, "sleep", wait)
    done = CliRunner().invoke(command.logs, ["--site", "aws", "--follow"])
    assert (len(done.stdout.splitlines()), done.exit_code) == (2, 130)


def test_a_site_that_fails_for_a_moment_is_said_once_and_its_lines_are_not_printed_again(
    logs: dict[str, list[LogLine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"aws": [line(1, "aws")], "gcp": [line(2, "gcp")]}
    logs |= here
    steps = iter([lambda: logs.pop("gcp"), lambda: None, lambda: logs.update(here)])

    def wait(seconds: float) -> None:
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(command.time, "sleep", wait)
    done = CliRunner().invoke(command.logs, ["--site", "aws", "--site", "gcp", "--follow"])
    assert [text.split()[1] for text in done.stdout.splitlines()] == ["aws", "gcp"]
    assert done.stderr.count("gcp: no answer") == 1


def test_who_follows_reads_the_last_minutes_again_and_no_more() -> None:
    old, late = line(-3600, "aws"), line(-60, "aws")
    asked, seen = move_on(Asked(NOW - timedelta(hours=2), "id-1"), {old, late}, NOW)
    assert (NOW - asked.since, asked.request, seen) == (timedelta(minutes=15), "id-1", {late})
    assert move_on(Asked(NOW), {late}, NOW)[0].since == NOW
