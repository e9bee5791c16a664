"""The server's own commands: a key, a probe, and audit logs from files, folders and standard input."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from service.server.commands import audit_command, key_command, probe_command
from tests.service.server.audit.test_chain import _written


def run(command: click.Command, *arguments: str, given: bytes = b"") -> Result:
    return CliRunner().invoke(command, arguments, input=given)


def test_a_key_is_shown_once_and_kept_as_its_hash() -> None:
    said = json.loads(run(key_command, "--name", "ward", "--rps", "2.5", "--json").stdout)
    assert said["entry"] == {"name": "ward", "sha256": hashlib.sha256(said["key"].encode()).hexdigest(), "rps": 2.5}
    plain = run(key_command, "--name", "ward")
    entry = json.loads(plain.stdout)
    assert entry.keys() == {"name", "sha256"}
    shown = plain.stderr.strip().rpartition(": ")[2]
    assert hashlib.sha256(shown.encode()).hexdigest() == entry["sha256"]


class _Health(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health" else 404)
        self.end_headers()
        self.wfile.write(b"how it is")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A server whose health is what the test asks for."""
    handler = type("Health", (_Health,), {"status": request.param})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield server.server_port
        thread.join()


@pytest.mark.parametrize(("port", "code"), [(200, 0), (503, 1)], indirect=["port"])
def test_a_probe_leaves_with_what_health_says(port: int, code: int) -> None:
    done = run(probe_command, "--port", str(port))
    assert (done.exit_code, done.stdout) == (code, "how it is\n")


def test_a_probe_of_nobody_says_so() -> None:
    done = run(probe_command, "--port", "1")
    assert done.exit_code == 1
    assert "no server answers on port 1" in done.stderr


def test_logs_are_read_from_files_folders_and_standard_input_alike(tmp_path: Path) -> None:
    lines = _written(3)
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines))
    (tmp_path / "passed over.txt").write_text("no log")
    for arguments, given in (
        ([str(tmp_path)], b""),
        ([str(tmp_path / "a.jsonl")], b""),
        (["-"], b"".join(lines)),
    ):
        done = run(audit_command, "verify", *arguments, given=given)
        assert done.exit_code == 0, done.output
        assert done.stdout.splitlines()[-1] == "audit log verified"


def test_a_record_that_is_gone_is_told_and_leaves_with_a_code_of_its_own(tmp_path: Path) -> None:
    lines = _written(4)
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines[:2] + lines[3:]))
    done = run(audit_command, "verify", str(tmp_path))
    assert done.exit_code == 7 and done.stderr.startswith("hint: keep the files as they are")
    assert "wrong: " in done.stdout
    assert "audit log verification failed: 1 problem" in done.stdout
    said = json.loads(run(audit_command, "verify", "--json", str(tmp_path)).stdout)
    assert said["ok"] is False
    assert len(said["chains"]) == 1


def test_paths_that_are_nothing_and_logs_without_a_record_are_refused(tmp_path: Path) -> None:
    done = run(audit_command, "verify", str(tmp_path / "x"), str(tmp_path / "y"))
    assert done.exit_code == 2
    assert done.stderr.count("is neither a file nor a folder") == 2
    assert "there is no audit record" in run(audit_command, "verify", str(tmp_path)).stderr
    assert run(audit_command, "feedback", str(tmp_path)).stdout == ""
