"""An import changes nothing before its last step, and what it releases answers as the original did."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.bundle.classifier import Classifier
from service.errors import InvalidInput, Refused, ReleaseRefused
from service.importing import importer
from service.importing.convert import measure_gap
from service.importing.foreign import Answers
from service.importing.importer import Done, Wanted, import_model, refuse_gap
from service.importing.limits import Needs, Site
from service.importing.report import Parity
from service.importing.table import read_table
from tests.service.importing.graphs import NAMES, draw_rows, drawn_labels, linear, softmax, table_of, true_labels

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None) -> Path:
    """The drafts of one's own, and no process to measure needs in."""
    monkeypatch.setattr(importer, "DRAFTS", tmp_path / "drafts")
    monkeypatch.setattr(importer, "home_of", lambda problem: tmp_path / ("drafts" if problem.draft else "released"))
    monkeypatch.setattr(importer, "measure_needs", lambda folder: Needs(1.0, 90.0, 500))
    return tmp_path


def _import(folder: Path, *, labels: list[str] | None = None, **more: Any) -> Done:
    rows = draw_rows(300)
    path = folder / "weather.onnx"
    path.write_bytes(linear(zipped=True, labels=True).SerializeToString())
    table = table_of(folder / "rows.csv", rows, labels or drawn_labels(rows))
    sites = more.pop("sites", [Site("aws", 0.5, 1024)])
    wanted = Wanted("onnx", path, table, "y", artifacts=folder / "artifacts", **{"accept_draft": True, **more})
    return import_model(wanted, sites=sites, now=NOW, say=lambda line: None)


def test_what_is_released_answers_as_the_original(home: Path) -> None:
    done = _import(home)
    assert done.changed
    assert done.release.folder == home / "drafts" / "weather"
    manifest = done.release.manifest
    assert manifest.algorithm.startswith("ONNX made by somebody, imported from weather.onnx (SHA-256 ")
    assert manifest.verdict["judged_on"] == "the 300 rows of the table that it was imported with"
    assert manifest.verdict["parity"]["within"] == 1e-5
    assert set(manifest.reference) == {"a", "b", "(label)"}
    assert manifest.classes == NAMES
    classifier = Classifier.load(done.release.folder)
    assert classifier.golden_failures() == []
    rows = draw_rows(50, seed=9)
    np.testing.assert_allclose(classifier.predict(rows).probabilities, softmax(rows), atol=1e-6)
    assert (home / "artifacts" / "report.html").exists()
    assert "## What is not known" in (home / "artifacts" / "model-card.md").read_text()


def test_the_same_model_again_changes_no_byte(home: Path) -> None:
    first, again = _import(home), _import(home)
    assert not again.changed
    assert again.release.digest == first.release.digest


def test_a_draft_stops_at_the_release_and_its_report_is_there(home: Path) -> None:
    with pytest.raises(ReleaseRefused, match="weather is a draft: nobody has set its costs and floors") as caught:
        _import(home, accept_draft=False)
    assert "--accept-draft" in caught.value.hint
    assert (home / "artifacts" / "report.html").exists()
    assert not (home / "drafts").exists()


def test_a_model_that_contradicts_its_table_is_refused(home: Path) -> None:
    rows = draw_rows(300)
    swapped = {"low": "high", "high": "middle", "middle": "low"}
    with pytest.raises(ReleaseRefused, match="it contradicts its table"):
        _import(home, labels=[swapped[label] for label in true_labels(rows)])
    assert not (home / "drafts").exists()


def test_a_model_that_no_site_has_room_for_is_refused(home: Path) -> None:
    with pytest.raises(Refused, match="site tiny: takes 90 MiB to serve"):
        _import(home, sites=[Site("tiny", 1, 100)])
    assert not (home / "drafts").exists()


def test_a_large_model_goes_to_the_drafts_and_not_into_git(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = home / "weather.toml"
    with pytest.raises(ReleaseRefused):
        _import(home, accept_draft=False)
    text = (home / "artifacts" / "weather.toml").read_text()
    problem.write_text("\n".join(line for line in text.splitlines() if not line.startswith("draft")))
    assert _import(home, problem=str(problem)).release.folder == home / "released" / "weather"
    monkeypatch.setattr(importer, "LARGEST_COMMITTED", 10)
    assert _import(home, problem=str(problem)).release.folder == home / "drafts" / "weather"


def test_a_name_that_is_taken_is_refused_before_anything_is_written(home: Path) -> None:
    with pytest.raises(InvalidInput, match="the name digits is taken"):
        _import(home, name="digits")
    assert not (home / "artifacts").exists()


def test_a_draft_of_another_schema_stays_as_it_is(home: Path) -> None:
    first = _import(home)
    rows = draw_rows(300)
    model = home / "other.onnx"
    model.write_bytes(linear(labels=True, names=("cold", "mild", "hot")).SerializeToString())
    table = table_of(home / "other.csv", rows, true_labels(rows, ("cold", "mild", "hot")))
    wanted = Wanted("onnx", model, table, "y", name="weather", artifacts=home / "other", accept_draft=True)
    with pytest.raises(InvalidInput, match="there is a model weather of another schema already"):
        import_model(wanted, sites=[], now=NOW, say=lambda line: None)
    assert Classifier.load(first.release.folder).digest == first.release.digest


def test_the_worst_row_is_shown(home: Path) -> None:
    rows = draw_rows(3)
    table = read_table(table_of(home / "t.csv", rows, ["low", "high", "high"]), "y")
    original = Answers(softmax(rows), None)
    served = original.probabilities.copy()
    served[1] = served[1][::-1]
    gap = measure_gap(original, served, NAMES, {}, 1e-5)
    with pytest.raises(Refused, match=r"- line 3: is answered 0\.\d{7} where the original says 0\.\d{7}: 0\.\d+ apart"):
        refuse_gap(Parity(gap, 1e-5, original, served), table)
