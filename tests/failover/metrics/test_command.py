"""What the command prints, writes and leaves with; and which replicas are declared by words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from failover.metrics import command
from failover.metrics.command import parse_replicas, show_metrics
from service.errors import Deviated, InvalidInput
from tests.failover.metrics.test_exposition import text


@pytest.fixture(autouse=True)
def one_replica_a_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "asker_of", lambda host: lambda site: text(f"{site}-1", 7))


def show(capsys: pytest.CaptureFixture[str], declared: dict[str, int | None], **more: Any) -> tuple[str, str]:
    asked = {"seconds": 0.0, "out": None, "as_json": False, **more}
    show_metrics("api.example.com", declared, **asked)
    told = capsys.readouterr()
    return told.out, told.err


def test_the_text_goes_out_and_the_coverage_beside(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = show(capsys, {"aws": 1, "gcp": 1})
    assert 'outlast_requests_total{replica="gcp-1",route="/predict",site="gcp",status="200"} 7.0' in out
    assert err.splitlines() == ["aws: 1 of 1 replicas seen", "gcp: 1 of 1 replicas seen"]


def test_a_file_gets_the_text_whole(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out, _ = show(capsys, {"aws": 1}, out=tmp_path / "outlast.prom")
    assert out == ""
    assert "outlast_replicas_seen" in (tmp_path / "outlast.prom").read_text()


def test_json_is_the_coverage(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = show(capsys, {"aws": 1}, as_json=True)
    assert json.loads(out) == [{"site": "aws", "seen": ["aws-1"], "declared": 1, "error": ""}]


def test_a_missing_replica_is_an_error_after_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Deviated, match="aws: 1 of 2 replicas seen"):
        show(capsys, {"aws": 2})
    assert "outlast_requests_total" in capsys.readouterr().out


def test_without_a_site_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidInput, match="no site"):
        show(capsys, {})


def test_replicas_are_declared_by_words() -> None:
    assert parse_replicas(["aws=2", "gcp=3"]) == {"aws": 2, "gcp": 3}


def test_all_words_that_declare_none_are_told_together() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_replicas(["aws", "=2", "gcp=x", "azure=0", "aws=1"])
    assert len(refused.value.mistakes) == 4
