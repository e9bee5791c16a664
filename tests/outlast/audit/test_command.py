"""`outlast audit`: what it says of three stores, and what it leaves with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from failover.levers.clouds import Clouds
from failover.metrics.exposition import Source
from infra.audit import AuditStore
from outlast.audit import command as commands
from outlast.audit.counted import METRIC
from outlast.audit.stores import HeldBy
from service.errors import Unavailable
from tests.outlast.chains import chain, feedback

STORES = [
    HeldBy(AuditStore("base-aws", "aws", "us-east-1", "records", 30, True), ("aws", "aws-eu")),
    HeldBy(AuditStore("base-azure", "azure", "eastus", "recordsazure", 30, False), ("azure",)),
]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[bytes]]:
    """What each store holds; one that is not in the map does not answer."""
    lines = {"records": chain("aws", "task-1"), "recordsazure": chain("azure", "app-9", closed=False)}

    def read(store: AuditStore, clouds: Clouds) -> Iterator[bytes]:
        if store.store not in lines:
            raise Unavailable(f"could not read {store.store}: timed out", hint="try again in a minute")
        yield from lines[store.store]

    monkeypatch.setattr(commands, "read_lines", read)
    monkeypatch.setattr(commands, "find_stores", lambda root, stacks: STORES)
    return lines


def run(*words: str) -> Result:
    return CliRunner().invoke(commands.audit, [*words])


def test_whole_chains_are_verified_store_by_store(held: dict[str, list[bytes]]) -> None:
    held["records"] += held["records"][:1]
    done = run("verify", "--all-sites")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "aws, aws-eu: records on aws (30 days): 5 records, 1 chains",
        "  aws task-1: records 0 to 4, 3 predictions, 1 delivered twice; closed",
        "azure: recordsazure on azure (30 days, made unlocked): 4 records, 1 chains",
        "  azure app-9: records 0 to 3, 3 predictions; open: at most 16 records after 3 are out",
        "verified: 2 chains in 2 stores",
    ]


def test_a_chain_that_began_before_its_store_is_told(held: dict[str, list[bytes]]) -> None:
    del held["recordsazure"][:2]
    done = run("verify", "--all-sites")
    assert done.exit_code == 0
    assert "  azure app-9: records 2 to 3 (it ran before its store), 2 predictions; open" in done.stdout


def test_a_gap_leaves_with_7_and_names_site_and_replica(held: dict[str, list[bytes]]) -> None:
    del held["recordsazure"][1]
    done = run("verify", "--all-sites")
    assert done.exit_code == 7 and done.stderr.splitlines()[-1].startswith("hint: leave the stores as they are")
    assert "wrong: azure app-9: app-9-1000-00 record 1: is missing" in done.stdout
    document = json.loads(run("verify", "--all-sites", "--json").stdout)
    assert document["ok"] is False
    assert [store["chains"][0]["replica"] for store in document["stores"]] == ["task-1", "app-9"]


def test_a_store_that_does_not_answer_leaves_with_4_and_the_others_are_verified(held: dict[str, list[bytes]]) -> None:
    del held["recordsazure"]
    done = run("verify", "--all-sites")
    assert done.exit_code == 4
    assert "aws task-1: records 0 to 4" in done.stdout and "made unlocked): not read" in done.stdout
    assert "could not read recordsazure: timed out" in done.stderr
    assert done.stdout.splitlines()[-1] == "verified: 1 chains in 1 stores; 1 not read"
    document = json.loads(run("verify", "--all-sites", "--json").stdout)
    assert document["ok"] is False and "timed out" in document["stores"][1]["unread"]


def test_empty_stores_are_not_verified(held: dict[str, list[bytes]]) -> None:
    for lines in held.values():
        lines.clear()
    done = run("verify", "--all-sites")
    assert done.exit_code == 4 and "the stores hold no audit record" in done.stderr


def test_files_are_verified_as_before(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_bytes(b"".join(chain("aws", "task-1")))
    done = run("verify", str(tmp_path))
    assert done.exit_code == 0 and "audit log verified" in done.stdout
    for words in (("verify",), ("verify", "--all-sites", str(tmp_path))):
        assert "say what to verify" in run(*words).stderr


def test_all_records_are_exported_by_time(held: dict[str, list[bytes]], tmp_path: Path) -> None:
    held["recordsazure"] = chain("azure", "app-9", begin=1002.0)
    out = tmp_path / "all.jsonl"
    done = run("export", "--all-sites", "--since", "1970-01-01T00:16:42", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert "8 records of aws, aws-eu, azure are in" in done.stderr
    times = [json.loads(line)["time"] for line in out.read_text().splitlines()]
    assert times == sorted(times) and times[0] == 1002.0


def test_half_of_the_records_is_no_export(held: dict[str, list[bytes]], tmp_path: Path) -> None:
    del held["records"]
    out = tmp_path / "all.jsonl"
    assert run("export", "--all-sites", "--out", str(out)).exit_code == 4
    assert not out.exists()
    assert "is missing" in run("export", "--out", str(out)).stderr


def test_replicas_that_run_are_asked_what_they_wrote(
    held: dict[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'outlast_audit_records{chain="app-9-1000-00",replica="app-9"} 7.0\n'
    monkeypatch.setattr(commands, "read_declared", lambda stacks, root: {"aws": 1, "azure": 1})
    monkeypatch.setattr(commands, "asker_of", lambda host: lambda site: text)
    monkeypatch.setattr(commands, "SECONDS", 0.0)
    done = run("verify", "--all-sites", "--count")
    assert done.exit_code == 0, done.output
    assert "azure app-9: 7 written by its metrics, 4 in the store; 3 on the way" in done.stdout
    held["recordsazure"] = chain("azure", "app-9", predictions=20)
    done = run("verify", "--all-sites", "--count")
    assert done.exit_code == 7
    assert "wrong: azure app-9: app-9-1000-00: the store holds 22 records, and its replica wrote 7" in done.stdout


def _with_feedback(held: dict[str, list[bytes]]) -> None:
    held["records"] = chain("aws", "task-1", more=[feedback("a", ["malignant"], time=2000.0)])
    held["recordsazure"] = chain("azure", "app-9", more=[feedback("a", ["benign"], time=2001.0)])


def test_feedback_of_all_sites_is_one(held: dict[str, list[bytes]], tmp_path: Path) -> None:
    _with_feedback(held)
    done = run("feedback", "--all-sites")
    assert done.exit_code == 0, done.output
    (row,) = map(json.loads, done.stdout.splitlines())
    assert (row["label"], row["corrected"], row["site"], row["times"]) == ("benign", ["malignant"], "azure", 2)
    assert "1 came more than once, 1 of them at several sites; 1 with another truth" in done.stderr
    assert run("feedback", "--all-sites", "--out", str(tmp_path / "f.jsonl")).exit_code == 0
    assert run("feedback", "--all-sites", "--out", str(tmp_path / "f.jsonl")).exit_code == 2
    assert run("feedback", "--all-sites", "--since", "1d").stdout == ""


def test_feedback_of_a_chain_with_a_gap_is_not_written_unasked(held: dict[str, list[bytes]], tmp_path: Path) -> None:
    _with_feedback(held)
    del held["records"][2]
    out = tmp_path / "f.jsonl"
    refused = run("feedback", "--all-sites", "--out", str(out))
    assert (refused.exit_code, out.exists()) == (7, False)
    assert "wrong: aws task-1: task-1-1000-00 record 2: is missing" in refused.stderr
    assert run("feedback", "--all-sites", "--unverified", "--out", str(out)).exit_code == 0
    assert len(out.read_text().splitlines()) == 1


def test_feedback_of_a_store_that_does_not_answer_is_not_written(held: dict[str, list[bytes]]) -> None:
    del held["recordsazure"]
    refused = run("feedback", "--all-sites")
    assert (refused.exit_code, refused.stdout) == (4, "")


def test_feedback_is_set_beside_the_counters(held: dict[str, list[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    _with_feedback(held)
    text = f'# TYPE {METRIC} gauge\n{METRIC}{{chain="task-1-1000-00",replica="task-1"}} 6.0\n'
    monkeypatch.setattr(commands, "_ask_metrics", lambda reads, stacks: {Source("aws", "task-1"): text})
    done = run("feedback", "--all-sites", "--count")
    assert "aws task-1: 0 accepted by its metrics, 1 in the store" in done.stderr
    assert (done.exit_code, done.stdout) == (7, "")


def test_feedback_of_files_is_as_it_was(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(chain("aws", "task-1", more=[feedback("a", ["benign"], time=2000.0)])))
    done = run("feedback", str(log))
    assert json.loads(done.stdout)["label"] == "benign"
    assert run("feedback").exit_code == 2
    assert run("feedback", "--all-sites", str(log)).exit_code == 2
    refused = run("feedback", str(log), "--out", str(tmp_path / "truth.jsonl"))
    assert refused.exit_code == 2 and "--out: is of --all-sites" in refused.stderr
