"""What is made of uvicorn's own tests: each ending is told apart, and a deviation that nobody meant is a mistake."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench.uvicorn_suite import ON_PURPOSE, Outcome, obtain, read_report, render, run
from service.errors import OutlastError, Unavailable

REPORT = """<testsuites><testsuite>
  <testcase name="test_get"/>
  <testcase name="test_invalid_http[a]"><failure>no</failure></testcase>
  <testcase name="test_close"><error>a fixture fell over</error></testcase>
  <testcase name="test_ws"><error>ModuleNotFoundError: No module named 'websockets'</error></testcase>
  <testcase name="test_zttp"><skipped/></testcase>
</testsuite></testsuites>"""


def test_every_ending_is_told_apart() -> None:
    assert read_report(REPORT) == Outcome(
        passed=frozenset({"test_get"}),
        failed=frozenset({"test_invalid_http[a]", "test_close"}),
        skipped=frozenset({"test_ws", "test_zttp"}),
    )


def test_what_fails_unlisted_is_a_mistake_and_what_is_listed_has_to_fail() -> None:
    seen = read_report(REPORT)
    assert seen.mistakes == ["test_close"]
    assert seen.outdated == sorted(ON_PURPOSE.keys() - {"test_invalid_http"})
    said = render(seen)
    assert "1 tests pass, 2 do not, 2 need packages" in said
    assert "on purpose: test_invalid_http: " in said and "a mistake: test_close" in said
    assert "no deviation any more: test_huge_headers_httptools" in said


def test_where_it_cannot_be_downloaded_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        assert "uvicorn==" in command[-1] and command[command.index("--dest") + 1] == str(tmp_path)
        return subprocess.CompletedProcess(command, 1, "", "no index here")

    monkeypatch.setattr("bench.uvicorn_suite.subprocess.run", fail)
    with pytest.raises(Unavailable, match="cannot be downloaded: no index here"):
        obtain(tmp_path)


@pytest.mark.slow
def test_a_suite_that_does_not_run_is_no_suite_that_passes(tmp_path: Path) -> None:
    with pytest.raises(OutlastError, match="could not be run"):
        run(tmp_path)
