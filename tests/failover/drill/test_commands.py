"""The commands: what stdout, stderr and the exit code say, above all when something is wrong."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from failover.__main__ import main
from failover.drill import commands
from failover.drill.commands import drill
from failover.drill.journal import LINES, Journal
from failover.drill.options import OVERRIDABLE
from service.bundle.folder import RELEASED, list_released
from service.errors import Deviated, InvalidInput, ModelMismatch, Refused, Tampered, Unavailable
from tests.failover.drill.fakes import FakeClock
from tests.failover.drill.retold import CHANGE
from tests.failover.drill.three_sites import HOST, write_release

PURE = (
    "plan",
    "guards",
    "facts",
    "fleet",
    "changes",
    "samples",
    "measure",
    "measurement",
    "report",
    "timeline",
    "account",
    "chain",
    "shares",
    "tables",
)


@pytest.fixture
def golden_file(tmp_path: Path) -> Path:
    return write_release(tmp_path)


def call(*arguments: str, **environment: str) -> Result:
    """Run `python -m failover drill …` in this process, with nothing of the surroundings in its environment."""
    plain = {key: None for key in os.environ if key.startswith(("OUTLAST_", "AWS_ENDPOINT"))}
    return CliRunner().invoke(main, ["drill", *arguments], env={**plain, **environment})


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def assert_error(result: Result, code: int, *parts: str) -> None:
    assert result.exit_code == code, result.output
    assert result.stdout == "", "stdout is for data"
    assert result.stderr.startswith("error: ")
    for part in (*parts, "hint: "):
        assert part in result.stderr


def test_missing_credentials(golden_file: Path) -> None:
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    result = call("plan", "--lose", "aws", "--golden", str(golden_file), OUTLAST_HOST=HOST, **nobody)
    assert_error(result, 4, "no AWS credentials to read the records of api.outlast.example", "make shell")


def test_unreachable_api(golden_file: Path) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    result = call("plan", "--lose", "aws", "--host", HOST, "--golden", str(golden_file), AWS_ENDPOINT_URL=url)
    assert_error(result, 4, "Route 53's API does not answer", url, "AWS_ENDPOINT_URL")


def test_unreachable_api_in_restore_leaves_the_journal(tmp_path: Path) -> None:
    folder = tmp_path / "drills" / "one"
    with Journal(folder / LINES, FakeClock()) as journal:
        journal.write("init", drill_id="d")
        journal.write("change", **CHANGE.to_entry())
    url = f"http://127.0.0.1:{closed_port()}"
    result = call("restore", "--drills", str(tmp_path / "drills"), AWS_ENDPOINT_URL=url)
    assert_error(result, 4, "does not answer, trying to restore health check check-aws")
    assert (folder / LINES).exists()


def test_no_host() -> None:
    assert_error(call("now", "--lose", "aws"), 2, "no host", "--host", "$OUTLAST_HOST")


def test_bad_environment(golden_file: Path) -> None:
    bad = {"OUTLAST_NAMESERVER": "nowhere", "OUTLAST_SPEED": "fast"}
    result = call("plan", "--lose", "aws", "--host", HOST, "--golden", str(golden_file), **bad)
    assert_error(result, 2, "OUTLAST_NAMESERVER", "OUTLAST_SPEED")


def test_bad_override_is_found_before_anything_is_asked() -> None:
    result = call("plan", "--lose", "aws", "--host", HOST, "--override", "last-healthy-site")
    assert_error(result, 2, "last-healthy-site cannot be overridden")


def test_a_drill_needs_to_be_told_which_of_several_models_it_asks_for() -> None:
    names = list_released()
    assert len(names) > 1
    assert_error(call("plan", "--lose", "aws", "--host", HOST), 2, *names, f"--model {names[0]}")
    assert_error(call("plan", "--lose", "aws", "--host", HOST, "--model", "nothing"), 2, "no model 'nothing'")
    assert_error(call("plan", "--lose", "aws", "--host", HOST, OUTLAST_DEFAULT_MODEL="nil"), 2, "no model 'nil'")


def test_the_golden_rows_are_those_of_the_model_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def stop(path: Path) -> None:
        asked.append(path)
        raise InvalidInput("far enough", hint="none")

    monkeypatch.setattr(commands, "load_golden", stop)
    for chosen in (["--model", "digits"], ["--golden", "rows.json", "--model", "digits"]):
        call("plan", "--lose", "aws", "--host", HOST, *chosen)
    assert asked == [RELEASED / "digits", Path("rows.json")]


def test_no_drill_is_planned_beside_a_drain_switch(monkeypatch: pytest.MonkeyPatch, golden_file: Path) -> None:
    fleet = object()

    def refuse(_: object, found: object) -> None:
        assert found is fleet
        raise Refused("aws is drained by a switch", hint="outlast undrain aws")

    monkeypatch.setattr(commands, "read_fleet", lambda *_: fleet)
    monkeypatch.setattr(commands, "refuse_drained", refuse)
    result = call("plan", "--lose", "azure", "--host", HOST, "--golden", str(golden_file))
    assert_error(result, 3, "aws is drained by a switch")


def test_missing_golden_rows() -> None:
    result = call("plan", "--lose", "aws", "--host", HOST, "--golden", "nowhere/golden.json")
    assert_error(result, 2, "nowhere/manifest.json cannot be read", "--golden")


def test_wrong_usage_is_clicks_own() -> None:
    assert call("run", "--lose", "aws").exit_code == 2
    assert "Missing option '--plan'" in call("run", "--lose", "aws").stderr


def test_nothing_to_restore(tmp_path: Path) -> None:
    result = call("restore", "--drills", str(tmp_path))
    assert (result.exit_code, result.stdout) == (0, "nothing to restore: 0 journals, nothing pending\n")
    assert json.loads(call("restore", "--drills", str(tmp_path), "--json").stdout) == []


def test_restore_of_no_journal(tmp_path: Path) -> None:
    assert_error(call("restore", "--journal", str(tmp_path / "nowhere")), 2, "there is no journal at")


def test_every_command_has_help_and_json() -> None:
    assert sorted(drill.commands) == ["now", "plan", "report", "restore", "run", "sweep"]
    for name in drill.commands:
        result = call(name, "--help")
        assert result.exit_code == 0 and "--json" in result.stdout
        assert len(result.stdout.splitlines()[2].strip()) > 20, "says what it does"
    assert OVERRIDABLE == "blackout, steady-state, certificate, capacity"


def test_an_errors_exit_code_is_the_commands() -> None:
    assert {InvalidInput: 2, Refused: 3, Unavailable: 4, Deviated: 5, ModelMismatch: 6, Tampered: 7} == {
        kind: kind.exit_code for kind in (InvalidInput, Refused, Unavailable, Deviated, ModelMismatch, Tampered)
    }


def test_what_decides_knows_neither_boto3_nor_a_clock_nor_a_socket() -> None:
    modules = ", ".join(f"failover.drill.{name}" for name in PURE)
    found = "sorted({'boto3', 'botocore', 'httpx', 'dns', 'socket', 'failover.drill.clock'} & set(sys.modules))"
    script = f"import sys; import {modules}; print({found})"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}  # it has a socket
    ended = subprocess.run([sys.executable, "-c", script], env=bare, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
