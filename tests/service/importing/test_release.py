"""An imported model is released with the columns that it takes and the table's rows as its reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from service.importing.convert import Said, convert
from service.importing.foreign import Foreign
from service.importing.release import build_dataset
from service.importing.table import read_table
from tests.service.importing.graphs import draw_rows, linear, table_of, true_labels


def test_the_data_set_is_the_table_as_the_model_takes_it(tmp_path: Path) -> None:
    rows = draw_rows()
    path = table_of(tmp_path / "t.csv", rows, true_labels(rows))
    table = read_table(path, "y")
    found = convert(Foreign("somebody's", linear(labels=True)), table, Said(), place="m")
    dataset = build_dataset(table, found, "t")
    assert dataset.spec is found.spec
    assert dataset.columns == found.spec.columns
    np.testing.assert_array_equal(dataset.rows(), rows)
    assert (dataset.target, dataset.sha256) == ("y", table.sha256)
