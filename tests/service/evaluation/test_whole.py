"""All nine steps at once: each said, the report named before the gate speaks, drafts kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.errors import InvalidInput, ReleaseRefused
from service.evaluation import steps, whole
from service.evaluation.asked import Wanted, load_asked
from service.evaluation.workbench import Workbench
from tests.service.evaluation.test_asked import TABLE

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GRIDS = {"softmax": {"C": [1.0]}, "dummy": dict[str, list[float]]()}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A draft's workbench, with folders of its own for what is released."""
    monkeypatch.setattr(steps, "DRAFTS", tmp_path / "drafts")
    monkeypatch.setattr(steps, "RELEASED", tmp_path / "released")
    (tmp_path / "clients.csv").write_text(TABLE)
    asked = load_asked(Wanted(csv_file=tmp_path / "clients.csv", target="ok", artifacts=tmp_path / "artifacts"))
    problem = replace(asked.problem, grids=GRIDS, floors={"recall": 0.05})
    return Workbench(problem, asked.dataset, tmp_path / "artifacts")


class Said:
    """Gathers what is said, in its order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def step(self, name: str, doing: str) -> Iterator[None]:
        self.lines.append(name)
        yield

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.slow
def test_a_draft_stops_at_the_release_with_its_report_named(bench: Workbench, tmp_path: Path) -> None:
    said = Said()
    with pytest.raises(ReleaseRefused, match="clients is a draft: nobody has set its costs and floors") as caught:
        whole.run_steps(bench, now=NOW, step=said.step, say=said.say)
    assert "--accept-draft" in caught.value.hint
    assert said.lines[-2:] == [f"report: {bench.folder / 'report.html'}", "release"]
    assert said.lines[:-2] == ["frame", "data", "explore", "prepare", "fit", "tune", "evaluate", "present"]
    assert (bench.folder / "report.html").exists()
    assert not (tmp_path / "drafts").exists()
    old = bench.folder / "fits" / f"{'a' * 32}.npy"
    old.write_bytes(b"of an earlier version")
    found, done = whole.run_steps(bench, now=NOW, accept_draft=True, say=said.say)
    assert said.lines[-1].startswith("note: removed old fits: 1 (") and not old.exists()
    assert done.release.folder == tmp_path / "drafts" / "clients"
    assert (done.release.manifest.data.target, found.bench) == ("ok", bench)
    assert not (tmp_path / "released").exists(), "what is committed stays as it is"
    other = replace(bench, dataset=replace(bench.dataset, target="late"))
    with pytest.raises(InvalidInput, match="a model clients of another schema"):
        whole.run_steps(other, now=NOW, accept_draft=True, say=said.say)


@pytest.mark.slow
def test_what_is_no_draft_any_more_is_released(bench: Workbench, tmp_path: Path) -> None:
    bench.problem = replace(bench.problem, draft=False)
    _, done = whole.run_steps(bench, now=NOW, say=Said().say)
    assert done.release.folder == tmp_path / "released" / "clients"
