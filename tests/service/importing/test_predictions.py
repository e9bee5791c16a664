"""Predictions are read from whatever columns hold them, and what is none is named with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.errors import InvalidInput
from service.importing.predictions import read_predictions
from service.importing.table import read_table


def _write(folder: Path, text: str, name: str = "p.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("spelt", ["probability_{}", "p_{}", "p({})", "{}"])
def test_a_column_a_class(spelt: str, tmp_path: Path) -> None:
    head = ",".join(["y", *map(spelt.format, ("a", "b"))])
    found = read_predictions(_write(tmp_path, f"{head}\na,0.7,0.3\nb,0.4,0.6\n"), "y", truth=None, positive=None)
    assert found.classes == ("a", "b")
    np.testing.assert_array_equal(found.probabilities, [[0.7, 0.3], [0.4, 0.6]])
    assert found.labels is None


def test_one_column_of_the_positive_class(tmp_path: Path) -> None:
    path = _write(tmp_path, "y,score\nb,0.25\na,0.5\n")
    found = read_predictions(path, "y", truth=None, positive="a")
    np.testing.assert_array_equal(found.probabilities, [[0.25, 0.75], [0.5, 0.5]])
    with pytest.raises(InvalidInput, match="of which class they are is not said"):
        read_predictions(path, "y", truth=None, positive=None)


def test_labels_alone_beside_a_table_with_the_truth(tmp_path: Path) -> None:
    table = read_table(_write(tmp_path, "x,y\n1,1\n2,0\n", "t.csv"), "y")
    found = read_predictions(_write(tmp_path, "row,label\n1,1\n2,1\n"), "y", truth=table, positive=None)
    assert found.probabilities is None
    assert found.labels is not None
    assert found.labels.tolist() == ["1", "1"]
    assert found.truth.tolist() == ["1", "0"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("y,c\na,1\nb,2\n", "holds no predictions; its columns are c"),
        ("y,a,b\na,0.7,0.7\nb,0.4,0.6\n", r"add up to 1\.4 in line 2, not to 1"),
        ("y,a,b\na,1.7,-0.7\nb,0.4,0.6\n", r"column a: holds 1\.7 in line 2, which is no probability"),
        ("y,a,b\na,?,0.5\nb,0.4,0.6\n", "column a: holds text where probabilities are due"),
        ("y,a,b\na,,0.5\nb,0.4,0.6\n", "column a: holds nan in line 2"),
        ("y,label\na,\nb,b\n", "column label: has no prediction in line 2"),
        ("y,label\na,a\na,b\n", "column y: holds one class only"),
    ],
)
def test_what_are_no_predictions_is_named(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_predictions(_write(tmp_path, text), "y", truth=None, positive=None)


def test_as_many_predictions_as_rows(tmp_path: Path) -> None:
    table = read_table(_write(tmp_path, "x,y\n1,1\n2,0\n", "t.csv"), "y")
    with pytest.raises(InvalidInput, match="has 1 predictions, the table has 2 rows"):
        read_predictions(_write(tmp_path, "label,x\n1,2\n"), "y", truth=table, positive=None)
