"""The toolkit's actions: a site goes out under a drill's guards, and comes back whatever happened between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from failover.chaostoolkit import actions
from failover.drill.discover import read_checks
from failover.drill.journal import DOCUMENT, LINES, read_journal, verify_journal
from failover.drill.measure import measure
from failover.drill.options import Options
from failover.drill.report import judge, render_html, render_markdown
from failover.drill.run import Probes
from service.errors import Deviated, Refused, Unavailable
from tests.failover.drill.fakes import Refusing, Stage, tag


@pytest.fixture(autouse=True)
def _on_stage(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything outside is the stage's: its API, its clock, its observers."""

    def prepare(options: Options) -> Any:
        stage.lose = options.lose
        return stage.plan(), stage.context

    def run(*arguments: Any, probes: Probes | None = None, **more: Any) -> Path:
        return actions_run(*arguments, probes=stage.probes, **more)

    actions_run = actions.run_drill
    monkeypatch.setattr(actions, "prepare_drill", prepare)
    monkeypatch.setattr(actions, "preflight", lambda *a, **k: stage.preflight(*a, **k))
    monkeypatch.setattr(actions, "build_client", lambda: stage.client)
    monkeypatch.setattr(actions, "build_default_levers", dict)
    monkeypatch.setattr(actions, "run_drill", run)


def check(stage: Stage, site: str) -> Any:
    return read_checks(stage.client, [f"check-{site}"])[f"check-{site}"]


def is_as_before(stage: Stage) -> bool:
    found = [check(stage, site) for site in ("aws", "azure", "gcp")]
    return not any(each.disabled or each.inverted or each.drill_id for each in found)


def test_a_site_goes_out_with_tags_and_a_journal_and_comes_back(stage: Stage) -> None:
    out = actions.take_site_out("aws", drills=str(stage.drills))
    found = check(stage, "aws")
    assert (found.disabled, found.inverted, found.drill_id) == (True, True, out["drill_id"])
    assert found.expires_at > stage.clock.utc().isoformat(), "a sweep finds it if nobody gives it back"
    assert (Path(out["journal"]) / LINES).exists()
    undone = actions.give_site_back("aws", drills=str(stage.drills))
    assert [each["found"] for each in undone] == ["restored", "tags removed"]
    assert is_as_before(stage)
    assert verify_journal(Path(out["journal"]) / DOCUMENT).whole
    measured = measure(read_journal(Path(out["journal"]) / DOCUMENT))
    assert (judge(measured), measured.restored) == ("not measured", True)
    assert "another tool watched" in render_html(measured) and "change asked for" in render_markdown(measured)
    assert actions.give_site_back("aws", drills=str(stage.drills)) == []


def test_only_the_named_site_comes_back(stage: Stage) -> None:
    actions.take_site_out("aws", drills=str(stage.drills))
    assert actions.give_site_back("gcp", drills=str(stage.drills)) == []
    assert check(stage, "aws").disabled


def test_guards_refuse_as_they_refuse_a_drill(stage: Stage) -> None:
    stage.dead.update(("azure", "gcp"))
    with pytest.raises(Refused, match="last-healthy-site"):
        actions.take_site_out("aws", drills=str(stage.drills))
    assert is_as_before(stage) and not list(stage.drills.glob("*/journal*"))


def test_another_drill_that_began_meanwhile_wins(stage: Stage) -> None:
    client = stage.client

    def mark(**wanted: Any) -> Any:
        answer = client.change_tags_for_resource(**wanted)
        if wanted.get("AddTags") and not check(stage, "gcp").drill_id:
            tag(client, "check-gcp", id="other", expires_at="2099-01-01T00:00:00+00:00")
        return answer

    stage.client = Refusing(client, change_tags_for_resource=mark)
    with pytest.raises(Refused, match="drill other holds gcp"):
        actions.take_site_out("aws", drills=str(stage.drills))
    assert not check(stage, "aws").disabled and check(stage, "aws").drill_id is None


def test_a_change_that_fails_is_taken_back(stage: Stage) -> None:
    client = stage.client

    def refuse(**wanted: Any) -> Any:
        raise Unavailable("the API went away")

    stage.client = Refusing(client, update_health_check=refuse)
    with pytest.raises(Unavailable, match="went away"):
        actions.take_site_out("aws", drills=str(stage.drills))
    stage.client = client
    assert is_as_before(stage)
    assert [path.name for path in stage.drills.glob("*/journal*")] == [DOCUMENT]


def test_a_whole_drill_answers_what_was_measured_and_leaves_its_reports(stage: Stage) -> None:
    data = actions.run_whole_drill("aws", drills=str(stage.drills))
    assert (data["verdict"], data["restored"]) == ("passed", True)
    (folder,) = (path.parent for path in stage.drills.glob("*/journal.json"))
    assert {"report.html", "report.json", "report.md"} <= {path.name for path in folder.iterdir()}
    assert read_journal(folder / DOCUMENT)[-1]["kind"] == "end"


def test_a_drill_that_deviates_fails_the_action(stage: Stage) -> None:
    stage.failing_clients = True
    with pytest.raises(Deviated, match="the drill deviated: aborted: timed out"):
        actions.run_whole_drill("aws", drills=str(stage.drills))
    assert is_as_before(stage)


def test_everything_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HOST": "api.example.com", "DEFAULT_MODEL": "digits", "APPROVED_BY": "Ada"}.items():
        monkeypatch.setenv(f"OUTLAST_{name}", value)
    options = actions._options("aws", "", "drills", None, 2, "errors")
    assert (options.host, options.model, options.approved_by) == ("api.example.com", "digits", "Ada")
    assert (options.level, options.kind) == (2, "errors")
    assert actions._options("aws", "other.example.com", "drills", None, 1, "").host == "other.example.com"
