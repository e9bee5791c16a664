"""A row of a file, the same row in training, and the same row at the endpoint mean the same."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.bundle.classifier import Classifier
from service.offline.batch import predict_file
from tests.service import clients
from tests.service.server.harness import running

# Each field as a file may spell it, and as training took it.
PLANS = [("none", "none"), ("basic", "basic"), ("None", ""), ("NA", ""), ("null", ""), ("", "")]
AGES = [("40", 40.0), ("NA", np.nan), ("", np.nan), ("nan", np.nan), ("None", np.nan)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> clients.Trained:
    return clients.train(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="module")
def rows() -> list[tuple[tuple[str, str, str], tuple[float, str, str]]]:
    """(as it is written, as training took it)."""
    return [((age, plan, "FR"), (known_age, known_plan, "FR")) for age, known_age in AGES for plan, known_plan in PLANS]


def test_training_kept_none_as_a_category_and_took_na_for_missing(trained: clients.Trained) -> None:
    reference = trained.release.manifest.reference
    assert "none" in reference["plan"]["counts"]
    assert "NA" not in reference["country"]["counts"]
    assert reference["country"]["missing"] > 0


def test_a_row_means_the_same_in_training_in_a_file_and_at_the_endpoint(
    trained: clients.Trained, rows: list[tuple[tuple[str, str, str], tuple[float, str, str]]], tmp_path: Path
) -> None:
    written = [row for row, _ in rows]
    expected = trained.pipeline.predict_proba(np.array([known for _, known in rows], dtype=object))[:, 1]
    assert expected[0] > 0.9 > 0.1 > expected[1], "the category decides"

    source = tmp_path / "in.csv"
    source.write_text("\n".join(["age,plan,country", *(",".join(row) for row in written)]) + "\n")
    done = predict_file(Classifier(trained.release), source, tmp_path / "out.csv")
    assert done.bad == 0
    with (tmp_path / "out.csv").open(newline="") as lines:
        by_file = list(csv.DictReader(lines))

    settings = {"OUTLAST_MODELS": str(trained.release.folder.parent), "OUTLAST_AUTH": "off"}
    flat = [text for row in written for text in row]
    tensor = {"name": "features", "shape": [len(written), 3], "datatype": "BYTES", "data": flat}
    with running(tmp_path, **settings) as server, server.client() as client:
        reply = client.post("/v2/models/clients/infer", json={"inputs": [tensor]})
        assert reply.status_code == 200, reply.text
        by_endpoint = {output["name"]: output["data"] for output in reply.json()["outputs"]}

    assert [row["label"] for row in by_file] == by_endpoint["label"]
    np.testing.assert_allclose([float(row["probability_yes"]) for row in by_file], expected, atol=1e-6)
    np.testing.assert_allclose(by_endpoint["probabilities"][1::2], expected, atol=1e-6)


@pytest.mark.parametrize("text", ["none", "n/a", "NAN", "Null", "-"])
def test_what_training_would_refuse_in_a_number_is_set_apart(
    trained: clients.Trained, text: str, tmp_path: Path
) -> None:
    source = tmp_path / "in.csv"
    source.write_text(f"age,plan,country\n{text},none,FR\n")
    assert predict_file(Classifier(trained.release), source, tmp_path / "out.csv").bad == 1
    assert f"age is {text!r}, not a number" in (tmp_path / "out.csv.bad.csv").read_text()


def test_a_category_that_an_older_release_was_trained_on_is_never_missing(
    trained: clients.Trained, tmp_path: Path
) -> None:
    manifest = trained.release.manifest
    columns = [replace(c, categories=("FR", "DE", "NA")) if c.name == "country" else c for c in manifest.input.columns]
    known = replace(manifest, input=replace(manifest.input, columns=tuple(columns)))
    seen = Classifier(replace(trained.release, manifest=known))
    # The graph has no such category: it is one that it does not know, which is not the missing one.
    kept, unknown, missing = seen.predict_probabilities(
        [["40", "none", "NA"], ["40", "none", "XX"], ["40", "none", ""]]
    )
    assert kept.tolist() == unknown.tolist() != missing.tolist()
    source = tmp_path / "in.csv"
    source.write_text("age,plan,country\n40,none,NA\n")
    predict_file(seen, source, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert float(row["probability_yes"]) == pytest.approx(float(kept[1]), abs=1e-6)
